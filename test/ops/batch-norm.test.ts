import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Engine } from '../../src/engine/engine.js';
import { createEngine } from '../../src/engine/index.js';
import { ShapeError } from '../../src/errors.js';
import * as ops from '../../src/ops/index.js';
import { Rng } from '../../src/tensor/rng.js';
import { scope } from '../../src/tensor/scope.js';
import { withGradients } from '../../src/tensor/tape.js';
import { Tensor } from '../../src/tensor/tensor.js';

let engines: Engine[];
beforeAll(async () => {
  engines = await Promise.all([1, 3].map((threads) => createEngine({ threads })));
});
afterAll(() => {
  for (const engine of engines) engine.dispose();
});

const SHAPE = [4, 17, 9, 13];
const names = ['x', 'weight', 'bias', 'runningMean', 'runningVariance', 'shortcut', 'multiplier'] as const;
type Tensors = Readonly<Record<(typeof names)[number], Tensor>>;

/** The output, the running statistics and all gradients as bits. */
function bitsOf(
  engine: Engine,
  training: boolean,
  forward: (tensors: Tensors, options: ops.BatchNormOptions) => Tensor,
): number[][] {
  const rng = new Rng(3);
  return scope(engine, () => {
    const tensors = Object.fromEntries(
      names.map((name) => {
        const shape = ['x', 'shortcut', 'multiplier'].includes(name) ? SHAPE : [13];
        const draw = () => (name === 'runningVariance' ? rng.uniform(0.1, 2) : rng.normal());
        const values = Float32Array.from({ length: shape.reduce((a, b) => a * b) }, draw);
        return [name, Tensor.from(engine, values, shape, 'float32', name)];
      }),
    ) as Tensors;
    const targets = [tensors.x, tensors.weight, tensors.bias, tensors.shortcut];
    const { outputs, gradients } = withGradients(engine, targets, () => {
      const y = forward(tensors, { epsilon: 1e-5, momentum: 0.3, training });
      return [ops.sum(ops.multiply(y, tensors.multiplier)), y];
    });
    return [...outputs, tensors.runningMean, tensors.runningVariance, ...gradients].map((tensor) => [
      ...new Int32Array((tensor.toArray() as Float32Array).buffer),
    ]);
  });
}

const norm = (tensors: Tensors, options: ops.BatchNormOptions) => ops.batchNorm(tensors.x, tensors, options);

describe.each([true, false])('batch norm, training: %s', (training) => {
  it('with a ReLU has the bits of a ReLU behind it', () => {
    const apart = bitsOf(engines[0]!, training, (tensors, options) => ops.relu(norm(tensors, options)));
    for (const engine of engines) {
      expect(bitsOf(engine, training, (tensors, options) => norm(tensors, { ...options, relu: true }))).toEqual(apart);
    }
  });

  it('with a shortcut has the bits of an addition behind it', () => {
    const apart = bitsOf(engines[0]!, training, (tensors, options) => ops.add(norm(tensors, options), tensors.shortcut));
    for (const engine of engines) {
      const fused = bitsOf(engine, training, (tensors, options) => norm(tensors, { ...options, shortcut: tensors.shortcut }));
      expect(fused).toEqual(apart);
    }
  });

  it('with both has the bits of both behind it, also where nobody wants the gradient towards the shortcut', () => {
    const apart = bitsOf(engines[0]!, training, (tensors, options) =>
      ops.relu(ops.add(norm(tensors, options), tensors.shortcut)),
    );
    const copied = (shortcut: Tensor) => Tensor.from(shortcut.engine, shortcut.toArray(), shortcut.shape);
    for (const engine of engines) {
      const fused = (shortcutOf: (shortcut: Tensor) => Tensor) =>
        bitsOf(engine, training, (tensors, options) =>
          norm(tensors, { ...options, relu: true, shortcut: shortcutOf(tensors.shortcut) }),
        );
      expect(fused((shortcut) => shortcut)).toEqual(apart);
      expect(fused(copied).slice(0, -1)).toEqual(apart.slice(0, -1));
    }
  });
});

it('refuses a shortcut of another shape', () => {
  const engine = engines[0]!;
  scope(engine, () => {
    const row = Tensor.full(engine, [4], 1);
    const tensors = { weight: row, bias: row, runningMean: row, runningVariance: row };
    const options = { epsilon: 1e-5, momentum: 0.1, training: true, shortcut: row };
    expect(() => ops.batchNorm(Tensor.full(engine, [8, 4], 1), tensors, options)).toThrow(ShapeError);
    expect(() => ops.batchNorm(Tensor.full(engine, [8, 4], 1), tensors, options)).toThrow(/shortcut \[4\]/);
  });
});
