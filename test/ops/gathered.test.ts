import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Engine } from '../../src/engine/engine.js';
import { createEngine } from '../../src/engine/index.js';
import { dispatch } from '../../src/ops/dispatch.js';
import * as ops from '../../src/ops/index.js';
import { elementwise, type Operator, readsInputs } from '../../src/ops/operator.js';
import { Rng } from '../../src/tensor/rng.js';
import { scope } from '../../src/tensor/scope.js';
import { sizeOf } from '../../src/tensor/shape.js';
import { withGradients } from '../../src/tensor/tape.js';
import { Tensor } from '../../src/tensor/tensor.js';

let engines: Engine[];
beforeAll(async () => {
  // Both builds: neither contracts a product and a sum of these kernels into one rounding.
  engines = [];
  for (const relaxedSimd of ['off', 'on'] as const) {
    for (const threads of [1, 3]) engines.push(await createEngine({ threads, relaxedSimd }));
  }
});
afterAll(() => {
  for (const engine of engines) engine.dispose();
});

describe('gathered', () => {
  /** The identity, whose gradient is added in place where it may be; `inPlace` tells of each call whether it was. */
  function identity(inPlace: boolean[]): (x: Tensor) => Tensor {
    const operator: Operator<null> = {
      shape: ([x]) => x!,
      forward: ({ kernels, inputs: [x], output }) => kernels.copy(x!.size, x!.address, output.address),
      backward({ kernels, dy, gathered }) {
        const present = gathered(0);
        inPlace.push(present !== null);
        if (!present) return [dy.alias()];
        kernels.accumulate(dy.size, 1, dy.address, present.address);
        return [present];
      },
      reads: () => readsInputs(),
      cost: (_inputs, output) => elementwise(sizeOf(output)),
    };
    return (x) => dispatch('identity', operator, [x], null);
  }

  /** Whether the identity's gradient was added in place, and the gradients towards two tensors. */
  function run(forward: (identity: (x: Tensor) => Tensor, x: Tensor, z: Tensor) => Tensor) {
    const engine = engines[0]!;
    const inPlace: boolean[] = [];
    const before = engine.memory().bytesInUse;
    const gradients = scope(engine, () => {
      const [x, z] = [Tensor.full(engine, [2], 5), Tensor.full(engine, [2], 7)];
      const found = withGradients(engine, [x, z], () => [ops.sum(forward(identity(inPlace), x, z))]).gradients;
      expect(found.every((gradient) => gradient.ownsMemory)).toBe(true);
      return found.map((gradient) => gradient.toArray()[1]!);
    });
    expect(engine.memory().bytesInUse).toBe(before);
    return { inPlace, gradients };
  }

  it('is nothing before the first gradient', () => {
    expect(run((same, x) => same(x))).toEqual({ inPlace: [false], gradients: [1, 0] });
  });

  it('is what later calls sent', () => {
    const forward = (same: (x: Tensor) => Tensor, x: Tensor) => ops.add(same(x), ops.scale(x, 3));
    expect(run(forward)).toEqual({ inPlace: [true], gradients: [4, 0] });
  });

  it('is nothing where another gradient lives in the same memory', () => {
    const forward = (same: (x: Tensor) => Tensor, x: Tensor, z: Tensor) => ops.add(same(x), ops.add(x, z));
    expect(run(forward)).toEqual({ inPlace: [false], gradients: [2, 1] });
  });
});

const SHAPE = [4, 17, 9, 13];
type Forward = (x: Tensor, shortcut: Tensor) => Tensor;

function norm(options: { training: boolean; relu: boolean; adds: boolean }): Forward {
  return (x, shortcut) => {
    const row = (value: (channel: number) => number) =>
      Tensor.from(
        x.engine,
        Array.from({ length: 13 }, (_, channel) => value(channel)),
        [13],
      );
    const tensors = {
      weight: row((channel) => 0.4 + channel / 7),
      bias: row((channel) => channel / 9 - 0.5),
      runningMean: row((channel) => channel / 11 - 0.3),
      runningVariance: row((channel) => 0.7 + channel / 5),
    };
    return ops.batchNorm(x, tensors, { ...options, epsilon: 1e-5, momentum: 0.3, ...(options.adds ? { shortcut } : {}) });
  };
}

const CASES: readonly (readonly [string, Forward])[] = [
  ['globalAveragePool', (x) => ops.globalAveragePool(x)],
  ...[true, false].flatMap((training) =>
    [true, false].flatMap((relu) =>
      [true, false].map(
        (adds) => [`batchNorm, training: ${training}, relu: ${relu}, shortcut: ${adds}`, norm({ training, relu, adds })] as const,
      ),
    ),
  ),
];

describe.each(CASES)('%s', (_name, forward) => {
  /** Gradients towards x of what a part says, or of the sum of both; that of the second part arrives first. */
  function gradientOf(engine: Engine, parts: 'first' | 'second' | 'both'): Float32Array {
    return scope(engine, () => {
      const rng = new Rng(5);
      const draw = (shape: readonly number[]) => {
        const values = Float32Array.from({ length: sizeOf(shape) }, () => rng.normal());
        return Tensor.from(engine, values, shape);
      };
      const [x, shortcut, other] = [draw(SHAPE), draw(SHAPE), draw(SHAPE)];
      const { gradients } = withGradients(engine, [x], () => {
        const losses: Tensor[] = [];
        if (parts !== 'second') {
          const y = forward(x, shortcut);
          losses.push(ops.sum(ops.multiply(y, draw(y.shape))));
        }
        if (parts !== 'first') losses.push(ops.sum(ops.multiply(x, other)));
        return [losses.length === 1 ? losses[0]! : ops.add(losses[0]!, losses[1]!)];
      });
      return gradients[0]!.toArray() as Float32Array;
    });
  }

  it('adds its gradient to what is there, with the bits of a sum made apart', () => {
    for (const engine of engines) {
      const own = gradientOf(engine, 'first');
      const expected = gradientOf(engine, 'second').map((value, i) => value + own[i]!);
      const accumulate = vi.spyOn(engine.kernels, 'accumulate');
      const found = gradientOf(engine, 'both');
      expect(accumulate).not.toHaveBeenCalled();
      accumulate.mockRestore();
      expect([...new Int32Array(found.buffer)]).toEqual([...new Int32Array(expected.buffer)]);
    }
  });
});
