import fs from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { FormatError } from '../../errors.js';

/** How linear one block of a trained 1-bit network is: shares of variance that the best linear map of its input explains. */
const blockLinearity = z.object({
  /** Path of the block. */
  block: z.string(),
  /** Of what its 1-bit convolution and batch norm give. */
  branch: z.number(),
  /** Of what the whole block gives. */
  output: z.number(),
});

export type BlockLinearity = z.output<typeof blockLinearity>;

const count = z.number().min(0);
const share = z.number().min(0).max(1);

const resultSchema = z.object({
  table: z.string(),
  row: z.string(),
  recipe: z.string(),
  seed: z.int(),
  epochs: count,
  /** Images trained on in each epoch. */
  images: count,
  bestEpoch: count,
  parameters: count,
  macs: count,
  bops: count,
  ops: count,
  /** Of the epoch that validation chose; null when nothing was held out. */
  top1Validation: share.nullable(),
  top1Test: share,
  /** Of all epochs, validations included, however often the run was cut. */
  seconds: count,
  /** While it trained. */
  imagesPerSecond: count,
  /** What trained it. */
  commit: z.string(),
  /** None but in tables that set accuracy against it. */
  linearity: z.array(blockLinearity).default([]),
});

/** What one finished run of a table came to: the summary.json of its folder. */
export type CellResult = z.output<typeof resultSchema>;

/**
 * The result in a run's folder; null while the run is not finished.
 * @throws FormatError with reason `bad-summary`
 */
export function readResult(folder: string): CellResult | null {
  const file = path.join(folder, 'summary.json');
  if (!fs.existsSync(file)) return null;
  const advice = 'Delete it: the run is then judged again, not trained.';
  let value: unknown;
  try {
    value = JSON.parse(fs.readFileSync(file, 'utf8'));
  } catch (cause) {
    throw new FormatError(file, 'bad-summary', `is not JSON (${(cause as Error).message}). ${advice}`, { cause });
  }
  const result = resultSchema.safeParse(value);
  if (result.success) return result.data;
  const { path: place, message } = result.error.issues[0]!;
  const detail = `is not the summary of a table's run: "${place.join('.')}" is wrong (${message}). ${advice}`;
  throw new FormatError(file, 'bad-summary', detail, { cause: result.error });
}
