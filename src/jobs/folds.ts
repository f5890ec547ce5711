import { z } from 'zod';
import { openPrepared } from '../pad/prepared/open.js';
import { leaveOneSpeciesOutProtocols, protocolParts } from '../pad/protocols.js';

/** Values of a recipe by dotted key. */
export const settingValue = z.union([z.number(), z.string(), z.boolean(), z.null(), z.array(z.union([z.number(), z.string()]))]);

/** Dotted keys of the recipe and what they become. */
export const settingsSchema = z.record(z.string().min(1), settingValue);

export type Settings = z.output<typeof settingsSchema>;

const name = z.string().min(1).max(150);

const listed = z.array(
  z.strictObject({
    name: z.string().min(1).max(200),
    set: settingsSchema.default({}),
    data: z.string().nullable().default(null),
  }),
);

/** Of prepared faces. */
const ofProtocol = z
  .strictObject({
    /** Of `3` all that are called `3.`something: OULU-NPU's 3.1 to 3.6, or 4.1 to 4.6. */
    protocol: name.optional(),
    /** Of this protocol a fold for each attack species, which is not learnt from and alone is judged. */
    leaveOneSpeciesOut: name.optional(),
  })
  .refine(({ protocol, leaveOneSpeciesOut }) => (protocol === undefined) !== (leaveOneSpeciesOut === undefined), {
    message: 'either "protocol" or "leaveOneSpeciesOut"',
  });

/** Parts of a protocol: a list of them, or the protocol that has them. */
export const foldsSchema = z.union([listed, ofProtocol]);

type Folds = z.output<typeof foldsSchema>;

/** A part of a protocol; the one of a sweep without folds has no name. */
export interface SweepFold {
  readonly name: string | null;
  /** What it changes of the recipe. */
  readonly set: Settings;
  /** Its own data, where it has such. */
  readonly data: string | null;
}

/**
 * @param place of the data of the sweep: prepared faces, where the folds are those of a protocol
 * @throws ConfigError for a protocol without folds; FormatError for data that is not prepared
 */
export async function foldsOf(folds: Folds, place: () => string): Promise<readonly SweepFold[]> {
  if (Array.isArray(folds)) return folds.length > 0 ? folds : [{ name: null, set: {}, data: null }];
  const prepared = await openPrepared(place());
  const protocols =
    folds.protocol !== undefined
      ? protocolParts(prepared, folds.protocol)
      : leaveOneSpeciesOutProtocols(prepared, folds.leaveOneSpeciesOut!);
  return protocols.map((protocol) => ({ name: protocol, set: { 'data.protocol': protocol }, data: null }));
}
