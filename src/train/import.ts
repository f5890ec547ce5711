import fs from 'node:fs';
import { type ImageShape, Pipeline } from '../data/pipeline.js';
import type { Engine } from '../engine/engine.js';
import { ConfigError, FormatError, WeightsError, type WeightsProblem } from '../errors.js';
import {
  describeProblems,
  type Floats,
  type LeftOver,
  type MappedTensor,
  matchState,
  type StateMatch,
  takeState,
} from '../formats/import/match.js';
import { namingsOf, ownNaming } from '../formats/import/namings.js';
import { parseRenames, type Renamed, type Renames, rename } from '../formats/import/renames.js';
import type { StoredTensor } from '../formats/safetensors.js';
import type { ModelSpec, OptionValue } from '../models/network.js';
import { createFromSpec, createModel, modelEntry } from '../models/registry.js';
import { type CheckpointContent, type CheckpointMetadata, writeCheckpoint } from './checkpoint.js';
import { refuseToReplace } from './export.js';
import { startingProgress } from './progress.js';
import { parseRecipe, type Recipe } from './recipe.js';
import { type Verification, verifyAnswers } from './verify.js';
import { readWeightSource, type WeightSource } from './weight-source.js';

export interface ImportOptions {
  /** Name of the network in `models`. */
  readonly model: string;
  /** Its options, on top of those that the name stands for. */
  readonly options?: Readonly<Record<string, unknown>>;
  /** How many classes, or their names in the order of the labels; the network's own number unless given. */
  readonly classes?: number | readonly string[];
  /** Images before the recipe's transforms; the recipe's size, or the network's own, unless given. */
  readonly input?: ImageShape;
  /** How images are made ready and judged; unless given, they go in as values from 0 to 1. */
  readonly recipe?: Recipe;
  /** Rules of renaming (`{ from, to }`), applied to the names in the file. */
  readonly map?: Renames;
  /** A golden file, as `verifyAnswers` takes it, whose answers the network must give before anything is written. */
  readonly verify?: { readonly file: string; readonly engine: Engine };
  /** Whether `out` may be there: it is then replaced as a whole. */
  readonly replace?: boolean;
}

/** What was written. Names of tensors are those in the source file. */
export interface ImportedWeights {
  readonly path: string;
  /** Size of the file. */
  readonly bytes: number;
  readonly source: Pick<WeightSource, 'file' | 'sha256' | 'form'>;
  readonly model: ModelSpec;
  /** Whose names they were. */
  readonly naming: string;
  /** Options that follow from whose weights they are. */
  readonly implied: Readonly<Record<string, OptionValue>>;
  readonly mapped: readonly MappedTensor[];
  /** All of it harmless. */
  readonly leftOver: readonly LeftOver[];
  /** Entries of a training checkpoint that are no weights. */
  readonly beside: readonly string[];
  /** Rules of the map, and how many tensors each took. */
  readonly rules: readonly (Renames[number] & { readonly uses: number })[];
  /** Height, width and channels of what the network takes. */
  readonly input: CheckpointMetadata['input'];
  readonly classes: readonly string[];
  readonly verification: Verification | null;
}

/**
 * Brings weights from elsewhere into a file that `readCheckpoint`, `loadModel`, `eval`, `predict` and `export` take: our names and layout,
 * float32, all of the network's state and nothing else. Sources are PyTorch checkpoints of both forms and safetensors files, with the names of
 * the DGC or CDCN authors, torchvision's or our own.
 * @param out the file to write
 * @throws FormatError when the source cannot be read or holds a number that is not finite; ConfigError for an unknown network, option or rule,
 *   and when `out` is there and not to be replaced;
 *   WeightsError when weights are missing, left over or of other shapes; VerificationError and others as `verifyAnswers`
 */
export async function importWeights(location: string, out: string, options: ImportOptions): Promise<ImportedWeights> {
  if (!options.replace) refuseToReplace(out);
  const given = modelOptions(options);
  const model = createModel(options.model, given);
  const source = await readWeightSource(location);
  const renamed = rename(source.tensors, parseMap(options.map));

  const isOurLayout = (path: string) => source.form === 'safetensors' && !renamed.before.has(path);
  const match = matchState(model, renamed.tensors, [...namingsOf(model), ownNaming(model, isOurLayout)]);
  refuse(match, renamed, location, options.model);
  const weights = takeState(match, renamed.tensors);
  refuseNonFinite(weights, location);

  const implied = notGiven(match.naming.implies ?? {}, given);
  const { spec } = createModel(options.model, { ...given, ...implied });
  const content: CheckpointContent = { ...describe(spec!, source, options), weights };
  const verification = options.verify ? await verifyWeights(spec!, weights, options.verify) : null;
  await writeCheckpoint(out, content);
  const { size: bytes } = await fs.promises.stat(out);
  return {
    path: out,
    bytes,
    source: { file: source.file, sha256: source.sha256, form: source.form },
    model: spec!,
    naming: match.naming.title,
    implied,
    mapped: match.mapped.map((tensor) => ({ ...tensor, from: tensor.from.map((name) => originalName(renamed, name)) })),
    leftOver: leftOvers(match, renamed),
    beside: source.beside,
    rules: (options.map ?? []).map((rule, i) => ({ ...rule, uses: renamed.uses[i]! })),
    input: content.input,
    classes: content.classes,
    verification,
  };
}

/** @throws ConfigError when the number of classes or channels is told twice, and differs */
function modelOptions({ options = {}, classes, input }: ImportOptions): Record<string, unknown> {
  const told: Record<string, unknown> = {};
  if (classes !== undefined) told['classes'] = typeof classes === 'number' ? classes : classes.length;
  if (input) told['inChannels'] = input[2];
  for (const [key, value] of Object.entries(told)) {
    if (options[key] === undefined || options[key] === value) continue;
    throw new ConfigError(key, `is told twice, as ${JSON.stringify(options[key])} and as ${JSON.stringify(value)}.`);
  }
  return { ...options, ...told };
}

function parseMap(map: Renames | undefined): Renames {
  return map === undefined ? [] : parseRenames(map);
}

function originalName(renamed: Renamed<StoredTensor>, name: string): string {
  return renamed.before.get(name) ?? name;
}

function leftOvers({ leftOver }: StateMatch, renamed: Renamed<StoredTensor>): LeftOver[] {
  return [
    ...leftOver.map((tensor) => ({ ...tensor, name: originalName(renamed, tensor.name) })),
    ...renamed.dropped.map(({ name, tensor, rule }) => ({
      name,
      shape: tensor.shape,
      harmless: `dropped by rule ${rule} of the map`,
    })),
  ];
}

/** @throws WeightsError unless the match is complete */
function refuse({ problems }: StateMatch, renamed: Renamed<StoredTensor>, file: string, model: string): void {
  if (problems.length === 0) return;
  const original = problems.map(
    (problem): WeightsProblem => (problem.got ? { ...problem, name: originalName(renamed, problem.name) } : problem),
  );
  throw new WeightsError(file, model, original, `${describeProblems(original)}. ${advice(problems)}`);
}

function advice(problems: readonly WeightsProblem[]): string {
  const missing = problems.some(({ got }) => !got);
  const unknown = problems.some(({ needed }) => !needed);
  return [
    'Say what was trained: its options (--option key=value), its classes (--classes).',
    ...(missing && unknown ? ['Rename what has another name there by rules (--map).'] : []),
    ...(unknown && !missing ? ['Drop what is not needed by a rule whose "to" is null (--map).'] : []),
  ].join(' ');
}

/** @throws FormatError with reason `not-finite` */
function refuseNonFinite(weights: ReadonlyMap<string, Floats>, file: string): void {
  for (const [path, { data }] of weights) {
    const value = data.find((number) => !Number.isFinite(number));
    if (value !== undefined) throw new FormatError(file, 'not-finite', `its weights for ${path} hold ${value}, as float32.`);
  }
}

/** Options that follow from whose weights they are, but for those that the caller chose. */
function notGiven(
  implied: Readonly<Record<string, OptionValue>>,
  given: Readonly<Record<string, unknown>>,
): Record<string, OptionValue> {
  return Object.fromEntries(Object.entries(implied).filter(([key]) => given[key] === undefined));
}

function describe(spec: ModelSpec, { file, sha256 }: WeightSource, options: ImportOptions): CheckpointMetadata {
  const entry = modelEntry(options.model);
  const size = options.input ?? sizeOf(options.recipe) ?? entry.input;
  const channels = Number(spec.options['inChannels'] ?? entry.input[2]);
  const source: [number, number, number] = [size[0], size[1], channels];
  const base = options.recipe ?? unknownRecipe(spec, file);
  const data: Recipe['data'] = {
    ...base.data,
    source: null,
    size: [size[0], size[1]],
    channels: channels === 1 || channels === 3 ? channels : null,
  };
  const recipe: Recipe = { ...base, model: modelOf(spec), data };
  const shape = new Pipeline(recipe.transforms.evaluate, source).shape;
  return {
    model: modelOf(spec),
    classes: classNames(spec, options.classes),
    input: [shape[0], shape[1], shape[2]],
    source,
    recipe,
    images: { train: 0, validation: 0 },
    progress: startingProgress(),
    holds: 'weights',
    provenance: { file, sha256 },
  };
}

function sizeOf(recipe: Recipe | undefined): readonly [number, number] | null {
  const size = recipe?.data.size ?? null;
  return typeof size === 'number' ? [size, size] : size;
}

function modelOf({ name, options }: ModelSpec): Recipe['model'] {
  return structuredClone({ name, options }) as Recipe['model'];
}

/** Every checkpoint has a recipe; of this one only what is done to images is meant. */
function unknownRecipe({ name }: ModelSpec, file: string): Recipe {
  return parseRecipe({
    name: `${name}-imported`,
    description: `Imported from ${file}. How it was trained is not known: optimizer, epochs and batch size stand for nothing`,
    model: { name },
    optimizer: { name: 'sgd', learningRate: 0.01 },
    epochs: 1,
    batchSize: 1,
  });
}

function classNames(spec: ModelSpec, classes: ImportOptions['classes']): string[] {
  if (typeof classes === 'object') return [...classes];
  return Array.from({ length: Number(spec.options['classes'] ?? 0) }, (_, label) => String(label));
}

async function verifyWeights(
  spec: ModelSpec,
  weights: ReadonlyMap<string, Floats>,
  { file, engine }: NonNullable<ImportOptions['verify']>,
): Promise<Verification> {
  using model = createFromSpec(spec, engine);
  model.loadState(weights);
  return await verifyAnswers(model, file, engine);
}
