import { createEngine } from '../engine/index.js';
import { FormatError, GossamerError } from '../errors.js';
import { writeFileAtomic } from '../formats/file.js';
import { modelEntry } from '../models/registry.js';
import type { Module } from '../nn/index.js';
import type { Shape } from '../tensor/shape.js';
import { type Checkpoint, normalization } from '../train/checkpoint.js';
import { refuseToReplace } from '../train/export.js';
import { loadModel } from '../train/model.js';
import { checkOnnx, type OnnxCheck } from './onnx/check.js';
import { decodeOnnx } from './onnx/decode.js';
import { encodeOnnx } from './onnx/encode.js';
import { type FoundRuntime, findRuntime, runtimePackages } from './onnx/runtime.js';

export interface OnnxExportOptions {
  /** Packages that may run the file to check it, in the order of preference: those of ONNX Runtime unless given. */
  readonly runtimes?: readonly string[];
  /** Whether `out` may be there: it is then replaced as a whole. */
  readonly replace?: boolean;
}

export interface ExportedOnnx {
  readonly path: string;
  /** Size of the file. */
  readonly bytes: number;
  /** What the file tells of itself and of the images that it takes. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Null when the file was not checked. */
  readonly check: OnnxCheck | null;
  /** Why it was not checked, or null. */
  readonly unchecked: string | null;
}

/**
 * Writes the network of a checkpoint, with its averaged weights where there are such, as an ONNX file, and runs that beside the network where a
 * package of ONNX Runtime is installed. The input `image` is [batch, channels, height, width]; the metadata says what is in it.
 * @param checkpoint its file, or what `readCheckpoint` gave
 * @param out the file to write
 * @throws FormatError as `readCheckpoint`; `not-writable`; `differs` or `does-not-run` when the runtime has other answers than the network
 *   or none, and then no file is written;
 *   ConfigError when `out` is there and not to be replaced, or the checkpoint is of a network that the registry does not make
 */
export async function exportOnnx(
  checkpoint: string | Checkpoint,
  out: string,
  { runtimes = runtimePackages, replace = false }: OnnxExportOptions = {},
): Promise<ExportedOnnx> {
  if (!replace) refuseToReplace(out);
  // The file's sums will be direct ones too.
  const engine = await createEngine({ convolution: 'direct' });
  try {
    const { model, checkpoint: read } = await loadModel(checkpoint, engine);
    const metadata = describe(read);
    const bytes = await encodeOnnx(model, { input: read.input, name: read.model!.name, metadata });
    await decodeOnnx(bytes, out);
    const found = await findRuntime(runtimes);
    const check = 'runtime' in found ? await checked(out, bytes, model, read.input, found) : null;
    await writeFileAtomic(out, bytes);
    return { path: out, bytes: bytes.length, metadata, check, unchecked: 'why' in found ? found.why : null };
  } finally {
    engine.dispose();
  }
}

/** @throws FormatError when the runtime does not take the file, or answers otherwise than the network */
async function checked(out: string, bytes: Uint8Array, model: Module, input: Shape, found: FoundRuntime): Promise<OnnxCheck> {
  const check = await checkOnnx(bytes, model, input, found).catch((cause: unknown) => {
    if (cause instanceof GossamerError) throw cause;
    const detail = `${found.name} does not run the network (${(cause as Error).message}). The file was not written.`;
    throw new FormatError(out, 'does-not-run', detail, { cause });
  });
  if (check.passed) return check;
  const detail =
    `${check.runtime} answers otherwise than the network does, by ${check.largestDifference.toExponential(1)} of the largest answer, ` +
    `and ${check.bound} is allowed. The file was not written. This is a defect: please report it.`;
  throw new FormatError(out, 'differs', detail);
}

/** The contract of the images, and where the network comes from; all as text, lists and objects as JSON. */
function describe({ model, recipe, classes, input }: Checkpoint): Record<string, string> {
  const [height, width, channels] = input;
  const { name, options } = model!;
  const { task } = modelEntry(name);
  const normalized = normalization(recipe);
  return {
    model: name,
    options: JSON.stringify(options),
    recipe: recipe.name,
    task,
    layout: 'NCHW',
    height: String(height),
    width: String(width),
    channels: String(channels),
    pixels: `from 0 to 1${channels === 3 ? ', red green blue' : ''}${normalized ? ', minus mean, divided by std' : ''}`,
    ...(normalized ? { mean: JSON.stringify(normalized.mean), std: JSON.stringify(normalized.std) } : {}),
    transforms: JSON.stringify(recipe.transforms.evaluate),
    ...(task === 'classification' ? { labels: JSON.stringify(classes) } : {}),
  };
}
