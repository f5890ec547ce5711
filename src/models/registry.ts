import { z } from 'zod';
import { parseConfig } from '../config/parse.js';
import type { Engine } from '../engine/index.js';
import { ConfigError } from '../errors.js';
import { didYouMean } from '../nearest.js';
import { Rng } from '../tensor/rng.js';
import type { ModelEntry } from './entry.js';
import type { ModelSpec, Network, OptionValue } from './network.js';
import { type ModelName, models, type OptionsOf } from './table.js';

/** Options of `createModel`: the network's own, the seed of its first weights, and the engine to make it on. */
export type CreateModelOptions<Name extends string> = {
  /** Without one the model has shapes only, until `model.to(engine)`. */
  readonly engine?: Engine;
  /** Decides the first weights; any whole number, 0 unless given. */
  readonly seed?: number;
} & (Name extends ModelName ? OptionsOf<Name> : { readonly [option: string]: unknown });

/**
 * A network by its name in `models`, its options on top of those that the name stands for. `model.spec` then holds name and all
 * options, and makes the same network again.
 * @throws ConfigError for an unknown name or option (with the nearest known one), and for options that do not fit together
 */
export function createModel<Name extends string>(name: Name, options: NoInfer<CreateModelOptions<Name>>): Network;
export function createModel(name: string): Network;
export function createModel(name: string, options: CreateModelOptions<string> = {}): Network {
  const { engine, ...plain } = options;
  const { family, preset } = modelEntry(name);
  const schema = family.schema.extend({ seed: z.int().default(0) });
  const given = Object.fromEntries(Object.entries(plain).filter(([, value]) => value !== undefined));
  const { seed, ...parsed } = parseConfig(schema, { ...preset, ...given }) as { seed: number } & Record<string, OptionValue>;
  const model = family.create(parsed, new Rng(seed));
  model.spec = { name, options: { ...parsed, seed } };
  if (engine) model.to(engine);
  return model;
}

/** The network that `spec` describes. @throws ConfigError as `createModel` */
export function createFromSpec(spec: ModelSpec, engine?: Engine): Network {
  return createModel(spec.name as string, { ...spec.options, engine });
}

/** The network that `spec` is compared with: all its options but those in which its twin differs from it; null where it has no twin. */
export function twinSpec({ name, options }: ModelSpec): ModelSpec | null {
  const { twin, preset } = modelEntry(name);
  if (twin === null) return null;
  const changed = Object.entries(modelEntry(twin).preset).filter(([key, value]) => value !== preset[key]);
  return { name: twin, options: { ...options, ...(Object.fromEntries(changed) as Record<string, OptionValue>) } };
}

/** @throws ConfigError for an unknown name, with the nearest known one */
export function modelEntry(name: string): ModelEntry {
  if (Object.hasOwn(models, name)) return models[name as ModelName];
  const names = Object.keys(models);
  throw new ConfigError('model', `there is no "${name}".${didYouMean(name, names)} There are: ${names.join(', ')}.`);
}
