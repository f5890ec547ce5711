import { z } from 'zod';
import { FormatError } from '../errors.js';
import { type StoredTensor, toFloat32 } from '../formats/dtypes.js';
import { readFileChecked, writeFileAtomic } from '../formats/file.js';
import { decodeSafetensors, encodeSafetensors } from '../formats/safetensors.js';
import { copyState, copyTensors, type StoredState } from '../train/checkpoint.js';
import type { Optimizer } from '../train/optimizer.js';
import { loadTensors } from '../train/tensors.js';
import type { ArchitectureOptimizer } from './architecture-optimizer.js';
import type { CoursePoint } from './result.js';
import type { Supernet } from './supernet.js';

/*
 * Where a differentiable search stands, as a safetensors file: the supernet's weights under their own paths, what its optimiser keeps under `optimizer/…`,
 * the architecture and its moments under `architecture/…` in float64, all else in the metadata.
 */

const formatName = 'gossamer-search';
const formatVersion = 1;

const shares = z.array(z.number());

const coursePoint = z.strictObject({
  step: z.int().min(0),
  epoch: z.int().min(0),
  operations: z.array(z.array(shares)),
  edges: z.array(shares),
  attention: z.array(shares),
  trainLoss: z.number(),
  validationLoss: z.number().nullable(),
  expectedCost: z.number(),
});

const progressSchema = z.strictObject({
  step: z.int().min(0),
  /** Whole epochs done, and batches of the one under way. */
  epoch: z.int().min(0),
  batch: z.int().min(0),
  optimizerSteps: z.int().min(0),
  architectureSteps: z.int().min(0),
  /** Sums over the batches of the epoch under way. */
  running: z.strictObject({ trainLoss: z.number(), validationLoss: z.number(), validations: z.int().min(0) }),
  course: z.array(coursePoint),
  seconds: z.number().min(0),
});

export type SearchProgress = Omit<z.output<typeof progressSchema>, 'course'> & { course: readonly CoursePoint[] };

export function startingSearch(): SearchProgress {
  return {
    ...{ step: 0, epoch: 0, batch: 0, optimizerSteps: 0, architectureSteps: 0 },
    running: { trainLoss: 0, validationLoss: 0, validations: 0 },
    course: [],
    seconds: 0,
  };
}

export interface SearchState {
  readonly supernet: Supernet;
  readonly optimizer: Optimizer;
  readonly architecture: ArchitectureOptimizer;
}

/** Writes where a search stands: as a whole or not at all. @throws FormatError with reason `not-writable` */
export async function writeSearchState(file: string, state: SearchState, progress: SearchProgress): Promise<void> {
  const tensors = new Map<string, StoredTensor>();
  const add = (prefix: string, entries: StoredState) => {
    for (const [path, { shape, data }] of entries) tensors.set(prefix + path, { dtype: 'F32', shape, data });
  };
  add('', copyState(state.supernet.network));
  add('optimizer/', copyTensors(state.optimizer.state()));
  for (const [name, data] of Object.entries(state.architecture.state())) {
    tensors.set(`architecture/${name}`, { dtype: 'F64', shape: [data.length], data: data.slice() });
  }
  const metadata = { format: formatName, version: String(formatVersion), progress: JSON.stringify(progress) };
  await writeFileAtomic(file, encodeSafetensors(tensors, metadata));
}

/**
 * Puts a search back to where its file says it stood.
 * @throws FormatError with reason `not-found` and the like, those of safetensors files, or `bad-search-state`
 */
export async function readSearchState(file: string, state: SearchState): Promise<SearchProgress> {
  const { tensors, metadata } = decodeSafetensors(await readFileChecked(file), file);
  if (metadata['format'] !== formatName || metadata['version'] !== String(formatVersion)) {
    throw bad(file, `is not where a search stood (format ${metadata['format']}, version ${metadata['version']}).`);
  }
  const progress = parseProgress(file, metadata['progress']);
  const under = (prefix: string): StoredState =>
    new Map(
      [...tensors]
        .filter(([path]) => (prefix ? path.startsWith(prefix) : !path.includes('/')))
        .map(([path, tensor]) => [path.slice(prefix.length), { shape: tensor.shape, data: toFloat32(tensor) }]),
    );
  try {
    state.supernet.network.loadState(under(''));
  } catch (cause) {
    throw bad(file, `holds the weights of another supernet: ${(cause as Error).message}`, cause);
  }
  loadTensors(state.optimizer.state(), under('optimizer/'), file);
  state.optimizer.steps = progress.optimizerSteps;
  for (const [name, data] of Object.entries(state.architecture.state())) {
    const stored = tensors.get(`architecture/${name}`);
    if (stored?.dtype !== 'F64' || stored.data.length !== data.length)
      throw bad(file, `has no ${data.length} numbers architecture/${name}.`);
    data.set(stored.data);
  }
  state.architecture.steps = progress.architectureSteps;
  return progress;
}

function parseProgress(file: string, text: string | undefined): SearchProgress {
  try {
    return progressSchema.parse(JSON.parse(text ?? ''));
  } catch (cause) {
    throw bad(file, 'does not say how far the search was.', cause);
  }
}

function bad(file: string, detail: string, cause?: unknown): FormatError {
  return new FormatError(file, 'bad-search-state', `${detail} Start another search (--out).`, { cause });
}
