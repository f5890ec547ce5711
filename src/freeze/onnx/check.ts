import type { Module } from '../../nn/index.js';
import { restoring } from '../../nn/restoring.js';
import { Rng } from '../../tensor/rng.js';
import { scope } from '../../tensor/scope.js';
import { type Shape, sizeOf } from '../../tensor/shape.js';
import { Tensor } from '../../tensor/tensor.js';
import { trace } from '../trace.js';
import { inputName, outputName } from './encode.js';
import { graphElements, graphShape } from './layout.js';
import type { CallName } from './rule.js';
import type { FoundRuntime } from './runtime.js';

/**
 * The largest difference that rounding may make, as a share of the largest answer. Our networks stay below 2e-5, most below 1e-6; a wrong axis
 * or border goes far beyond.
 */
const bound = 1e-4;

const images = 8;
/** Not 1, as in the trace: a batch that was taken for a constant shows. */
const batchSize = 2;

export interface OnnxCheck {
  /** Package and version of what ran the file. */
  readonly runtime: string;
  /** Random images that both answered. */
  readonly images: number;
  /** Of any number of any answer that counts, as a share of the largest number of all answers. */
  readonly largestDifference: number;
  readonly bound: number;
  /**
   * Images that differ by more because rounding tipped a decision: a value next to 0 has another sign, or of two saliencies the other one is
   * larger. 0 for networks that decide nothing.
   */
  readonly tipped: number;
  readonly passed: boolean;
}

/**
 * Runs an ONNX file and the model that it was made of, in evaluation, on the same random images. The model must be on an engine, best on one
 * of direct convolutions.
 * @throws what the runtime throws when it does not take the file
 */
export async function checkOnnx(
  bytes: Uint8Array,
  model: Module,
  input: Shape,
  { name, runtime }: FoundRuntime,
): Promise<OnnxCheck> {
  // One thread of WebAssembly: a few images are not worth starting more.
  runtime.env.wasm.numThreads = 1;
  const session = await runtime.InferenceSession.create(bytes, { logSeverityLevel: 3 });
  const shape = [batchSize, ...input];
  const rng = new Rng(0);
  const differences: number[] = [];
  let largest = 0;
  try {
    for (let batch = 0; batch < images / batchSize; batch++) {
      const pixels = Float32Array.from({ length: sizeOf(shape) }, () => rng.normal());
      const feed = new runtime.Tensor('float32', graphElements(shape, pixels), graphShape(shape));
      const theirs = Float32Array.from((await session.run({ [inputName]: feed }))[outputName]!.data);
      const ours = answersOf(model, pixels, shape);
      const length = ours.length / batchSize;
      for (let start = 0; start < ours.length; start += length) {
        differences.push(largestDifference(ours.subarray(start, start + length), theirs.subarray(start, start + length)));
      }
      largest = ours.reduce((most, value) => (Number.isFinite(value) ? Math.max(most, Math.abs(value)) : most), largest);
    }
  } finally {
    await session.release();
  }
  const shares = differences.map((difference) => (difference === 0 ? 0 : difference / largest));
  return judge(name, shares, decides(model, input));
}

function judge(runtime: string, differences: readonly number[], isDiscontinuous: boolean): OnnxCheck {
  const within = differences.filter((difference) => difference <= bound);
  const beyond = images - within.length;
  // A defect spoils every image; a decision on the edge is rare.
  const passed = beyond === 0 || (isDiscontinuous && within.length > images / 2);
  const counted = passed ? within : differences;
  return { runtime, images, largestDifference: Math.max(...counted), bound, tipped: passed ? beyond : 0, passed };
}

/** Operators whose results jump. */
const deciding: readonly CallName[] = ['sign', 'binaryConv2d', 'dynamicConv2d', 'dynamicBinaryConv2d'];

function decides(model: Module, input: Shape): boolean {
  return trace(model, input).calls.some(({ operator }) => deciding.includes(operator));
}

/** In the order of the graph's output. */
function answersOf(model: Module, pixels: Float32Array, shape: Shape): Float32Array {
  const { engine } = model.parameters().values().next().value!.value;
  return restoring(model, () =>
    scope(engine, () => {
      const output = model.eval().forward(Tensor.from(engine, pixels, shape));
      return graphElements(output.shape, Float32Array.from(output.toArray()));
    }),
  );
}

/** Infinity where only one of both is a number. */
function largestDifference(ours: Float32Array, theirs: Float32Array): number {
  return ours.reduce((largest, value, i) => {
    if (Object.is(value, theirs[i])) return largest;
    const difference = Math.abs(value - theirs[i]!);
    return Math.max(largest, Number.isFinite(difference) ? difference : Number.POSITIVE_INFINITY);
  }, 0);
}
