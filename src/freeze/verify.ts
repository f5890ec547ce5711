import type { Engine } from '../engine/engine.js';
import { ConfigError, FreezeError } from '../errors.js';
import { agreement } from '../metrics/agreement.js';
import type { Module } from '../nn/index.js';
import { observe } from '../ops/index.js';
import { scope } from '../tensor/scope.js';
import { Tensor } from '../tensor/tensor.js';
import type { Packing } from './pack.js';
import { StepRunner } from './step-runner.js';
import type { Trace } from './trace.js';

/**
 * Largest difference of a step's result, relative to the larger of the element and the result's root mean square: what folding a batch norm may do to
 * rounding, with Winograd's error on either side (docs/numerics.md).
 */
const FLOAT_BOUND = 2e-4;
/** Shares of this are differences relative to an element's size. */
const RELATIVE = { absolute: 0, relative: 1 };

export interface StepVerification {
  /** Images that were compared. */
  readonly images: number;
  /** Floats that were compared. */
  readonly floats: number;
  /** Largest difference of any of them, relative to the larger of itself and its result's root mean square. */
  readonly largestDifference: number;
  /** The largest that is allowed. */
  readonly bound: number;
  /** Signs that were compared; all were equal. */
  readonly signs: number;
}

/**
 * Runs every step of a packing on what the model's own forward pass has in its place, and compares the results: signs to the bit, floats within
 * `FLOAT_BOUND`.
 * @param images values of one image each, channels innermost
 * @throws FreezeError naming the first layer that differs; ConfigError when the model itself computes what is not finite
 */
export function verify(
  model: Module,
  trace: Trace,
  packing: Packing,
  engine: Engine,
  images: readonly Float32Array[],
): StepVerification {
  const runner = new StepRunner(packing, engine);
  let largestDifference = 0;
  let signs = 0;
  let floats = 0;
  try {
    for (const image of images) {
      const values = valuesOf(model, trace, engine, image);
      for (const [i, step] of packing.graph.steps.entries()) {
        const found = runner.run(
          i,
          step.inputs.map((input) => values.get(packing.origins[input]!)!),
        );
        const expected = values.get(packing.origins[step.output]!)!;
        if (!expected.every(Number.isFinite)) throw notFinite(step.layer || step.operator);
        const isSigns = packing.graph.values[step.output]!.form === 'signs';
        const difference = isSigns ? signDifference(found, expected) : agreement(found, expected, RELATIVE).largestShare;
        const bound = isSigns ? 0 : FLOAT_BOUND;
        if (!(difference <= bound)) throw new FreezeError(step.layer || step.operator, difference, bound);
        if (isSigns) signs += found.length;
        else floats += found.length;
        if (!isSigns) largestDifference = Math.max(largestDifference, difference);
      }
    }
    return { images: images.length, floats, largestDifference, bound: FLOAT_BOUND, signs };
  } finally {
    runner.dispose();
  }
}

function notFinite(layer: string): ConfigError {
  return new ConfigError(
    'model',
    `computes what is not finite in ${layer}, so that nothing can be compared. Was it trained, and its checkpoint read without loss?`,
  );
}

/** What every traced value holds when the model sees `image`. */
function valuesOf(model: Module, trace: Trace, engine: Engine, image: Float32Array): ReadonlyMap<number, Float32Array> {
  const values = new Map<number, Float32Array>([[trace.input.id, image]]);
  let call = 0;
  scope(engine, () => {
    observe(
      engine,
      ({ output }) => values.set(trace.calls[call++]!.output.id, Float32Array.from(output.toArray())),
      () => model.forward(Tensor.from(engine, image, trace.input.shape)),
    );
  });
  return values;
}

function signDifference(found: Float32Array, values: Float32Array): number {
  return found.every((sign, i) => sign === (values[i]! >= 0 ? 1 : -1)) ? 0 : 2;
}
