import type { Engine } from '../engine/engine.js';
import { ConfigError, FreezeError } from '../errors.js';
import { agreement, relativeToSize } from '../metrics/agreement.js';
import type { Module } from '../nn/index.js';
import { observe } from '../ops/index.js';
import { scope } from '../tensor/scope.js';
import { Tensor } from '../tensor/tensor.js';
import type { Packing } from './pack.js';
import { StepRunner } from './step-runner.js';
import type { Trace } from './trace.js';
import { otherSigns, WholeComparison, type WholeVerification } from './whole.js';

/**
 * Largest difference of a step's result, relative to the larger of the element and the result's root mean square: what folding a batch norm may do to
 * rounding, with Winograd's error on either side (docs/numerics.md).
 */
const FLOAT_BOUND = 2e-4;

export interface FreezeVerification {
  /** Images that were compared. */
  readonly images: number;
  /** How many of them were given, not random. */
  readonly givenImages: number;
  /** Floats that were compared. */
  readonly floats: number;
  /** Largest difference of any of them, relative to the larger of itself and its result's root mean square. */
  readonly largestDifference: number;
  /** The largest that is allowed. */
  readonly bound: number;
  /** Signs that were compared; all were equal. */
  readonly signs: number;
  /** From the image to the answer. */
  readonly whole: WholeVerification;
}

/** An image, and what the steps of a packing make of it, one after another. */
export interface AnsweredImage {
  readonly image: Float32Array;
  readonly answer: Float32Array;
}

export interface Verified {
  readonly verification: Omit<FreezeVerification, 'givenImages'>;
  readonly answers: readonly AnsweredImage[];
}

/**
 * Runs every step of a packing on what the model's own forward pass has in its place, and compares the results: signs to the bit, floats within
 * `FLOAT_BOUND`. Then runs them one after another from the image to the answer (`whole.ts`).
 * @param images values of one image each, channels innermost
 * @throws FreezeError naming the first layer that differs; ConfigError when the model itself computes what is not finite
 */
export function verify(model: Module, trace: Trace, packing: Packing, engine: Engine, images: readonly Float32Array[]): Verified {
  const runner = new StepRunner(packing, engine);
  const whole = new WholeComparison(packing, runner);
  const answers: AnsweredImage[] = [];
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
        const difference = isSigns ? signDifference(found, expected) : agreement(found, expected, relativeToSize).largestShare;
        const bound = isSigns ? 0 : FLOAT_BOUND;
        if (!(difference <= bound)) throw new FreezeError(step.layer || step.operator, difference, bound);
        if (isSigns) signs += found.length;
        else floats += found.length;
        if (!isSigns) largestDifference = Math.max(largestDifference, difference);
      }
      answers.push({ image, answer: whole.add(image, values) });
    }
    const compared = { images: images.length, floats, largestDifference, bound: FLOAT_BOUND, signs };
    return { verification: { ...compared, whole: whole.result() }, answers };
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
  return otherSigns(found, values) === 0 ? 0 : 2;
}
