import { createHash } from 'node:crypto';
import { createEngine, type EngineOptions } from '../../engine/index.js';
import { ConfigError, FormatError, UnsupportedError } from '../../errors.js';
import { readFileChecked } from '../../formats/file.js';
import { decodePackedModel, type PackedModel, undecidedDigest } from '../../formats/packed/model.js';
import { type FaceCrop, formatCrop, isSameCrop } from '../../images/face-crop.js';
import { depthScores } from '../../metrics/depth-score.js';
import { modelEntry } from '../../models/index.js';
import { load } from '../../runtime/index.js';
import { type Checkpoint, evaluateDepth, loadModel, readCheckpoint } from '../../train/index.js';
import type { PadSource } from '../source.js';

export type ScorerEngine = Pick<EngineOptions, 'threads' | 'relaxedSimd' | 'autotune'>;

/** A depth network that scores crops of faces. */
export interface Scorer {
  readonly kind: 'packed' | 'checkpoint';
  /** What tells whose scores they are: of a packed model the digest that it has without a decision, of a checkpoint the SHA-256 of its file. */
  readonly digest: string;
  /**
   * Scores of all records of a source, in their order.
   * @throws ConfigError when the faces were cut in another way than those that the network learnt from; DataError for one that cannot be read
   */
  score(source: PadSource, onProgress?: (done: number, total: number) => void): Promise<ArrayLike<number>>;
  dispose(): void;
}

/**
 * Opens a packed model, or the checkpoint of a depth network.
 * @throws FormatError for a file that is neither; UnsupportedError for a network that does not answer with depth maps
 */
export async function openScorer(file: string, engine: ScorerEngine): Promise<Scorer> {
  const bytes = await readFileChecked(file);
  const packed = await decodePacked(bytes, file);
  return packed ? packedScorer(packed, bytes, file, engine) : checkpointScorer(await readCheckpoint(file), bytes, engine);
}

/** Null for a file of another kind. */
async function decodePacked(bytes: Uint8Array, file: string): Promise<PackedModel | null> {
  try {
    return await decodePackedModel(bytes, file);
  } catch (error) {
    if (error instanceof FormatError && error.reason === 'not-packed') return null;
    throw error;
  }
}

/** @throws UnsupportedError unless the task is that of a depth network */
export function expectDepthMaps(task: string, file: string): void {
  if (task === 'depth-map') return;
  throw new UnsupportedError(`telling live faces from attacks with ${file}`, `its task is ${task}, not depth-map.`);
}

async function packedScorer(packed: PackedModel, bytes: Uint8Array, file: string, engine: ScorerEngine): Promise<Scorer> {
  const { contract } = packed;
  expectDepthMaps(contract.task, file);
  const model = await load(bytes, { ...engine, name: file });
  return {
    kind: 'packed',
    digest: await undecidedDigest(packed),
    async score(source, onProgress) {
      expectSameFaces(source, { size: contract.source.size, faces: contract.faces, file });
      const { length, height, width, channels } = source;
      const data = new Uint8Array(height * width * channels);
      const scores: number[] = [];
      // One by one, as a picture is assessed: several at once may be summed in another order.
      for (let record = 0; record < length; record++) {
        await source.read(record, data);
        scores.push(...depthScores((await model.run({ data, height, width })).data, 1));
        onProgress?.(record + 1, length);
      }
      return scores;
    },
    dispose: () => model.dispose(),
  };
}

async function checkpointScorer(checkpoint: Checkpoint, bytes: Uint8Array, options: ScorerEngine): Promise<Scorer> {
  const { path: file, source: size, faceCrop, recipe, model: spec } = checkpoint;
  expectDepthMaps(spec ? modelEntry(spec.name).task : 'unknown', file);
  const engine = await createEngine(options);
  try {
    const { model } = await loadModel(checkpoint, engine);
    return {
      kind: 'checkpoint',
      digest: createHash('sha256').update(bytes).digest('hex'),
      async score(source, onProgress) {
        expectSameFaces(source, { size, faces: faceCrop, file });
        // Scores do not depend on the threshold that error rates ask for.
        const rated = { model, source, transforms: recipe.transforms.evaluate, threshold: 0, onProgress };
        return (await evaluateDepth(rated)).scores;
      },
      dispose: () => engine.dispose(),
    };
  } catch (error) {
    engine.dispose();
    throw error;
  }
}

interface Learnt {
  readonly size: readonly number[];
  /** Absent where the model does not know. */
  readonly faces: FaceCrop | undefined;
  readonly file: string;
}

/** A face that was cut otherwise would be shown too large, too small or squeezed, and scored all the same. */
function expectSameFaces({ name, height, width, faceCrop }: PadSource, { size, faces, file }: Learnt): void {
  if (height !== size[0] || width !== size[1]) {
    const advice = `Prepare the data with --size ${size[0]}.`;
    throw new ConfigError(
      'prepared',
      `${name} has faces of ${height} x ${width}, ${file} learnt from ${size[0]} x ${size[1]}. ${advice}`,
    );
  }
  if (!faces || !faceCrop || isSameCrop(faces, faceCrop)) return;
  const { scale, aspect, fill } = faces;
  throw new ConfigError(
    'prepared',
    `${name} has faces cut at ${formatCrop(faceCrop)}; ${file} learnt from ${formatCrop(faces)}. ` +
      `Prepare the data with --scale ${scale} --aspect ${aspect} --fill ${fill}.`,
  );
}
