import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Engine } from '../../src/engine/engine.js';
import { createEngine } from '../../src/engine/index.js';
import { createReferenceEngine } from '../../src/engine/reference/index.js';
import { LifetimeError, OutOfMemoryError, ShapeError } from '../../src/errors.js';
import { HardTanh, inTurn, type Module, Sequential } from '../../src/nn/index.js';
import * as ops from '../../src/ops/index.js';
import { Rng } from '../../src/tensor/rng.js';
import { Scope, scope } from '../../src/tensor/scope.js';
import { withGradients } from '../../src/tensor/tape.js';
import { Tensor } from '../../src/tensor/tensor.js';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1, memoryLimit: 2 ** 24 });
});
afterAll(() => engine.dispose());

describe('lifetimes', () => {
  it('a scope frees what it made and did not return', () => {
    const before = engine.memory().bytesInUse;
    const kept = scope(engine, () => {
      const x = Tensor.full(engine, [100, 100], 2);
      return ops.sum(ops.relu(x));
    });
    expect(kept.item()).toBe(20000);
    expect(engine.memory().bytesInUse).toBe(before + 64);
    kept.dispose();
    expect(engine.memory().bytesInUse).toBe(before);
  });

  it('scopes nest: what the inner one returns lives as long as the outer one', () => {
    const before = engine.memory().bytesInUse;
    scope(engine, () => {
      const inner = scope(engine, () => [Tensor.full(engine, [4], 1), Tensor.full(engine, [4], 2)]);
      expect(inner.map((tensor) => tensor.disposed)).toEqual([false, false]);
    });
    expect(engine.memory().bytesInUse).toBe(before);
  });

  it('frees by `using`, also when the block throws', () => {
    const before = engine.memory().bytesInUse;
    expect(() => {
      using lifetime = new Scope(engine);
      void lifetime;
      Tensor.full(engine, [1000], 1);
      throw new Error('out');
    }).toThrow('out');
    {
      using one = Tensor.full(engine, [10], 1);
      expect(one.size).toBe(10);
    }
    expect(engine.memory().bytesInUse).toBe(before);
  });

  it('a scope frees tensors of its own engine only, and nests with those of another', () => {
    const other = createReferenceEngine();
    const before = engine.memory().bytesInUse;
    const kept = scope(engine, () => {
      const here = Tensor.full(engine, [8], 1);
      const there = scope(other, () => {
        Tensor.full(other, [8], 2);
        return Tensor.full(other, [4], 3);
      });
      expect(here.disposed).toBe(false);
      return there;
    });
    expect([...kept.toArray()]).toEqual([3, 3, 3, 3]);
    expect(other.memory().bytesInUse).toBe(4 * 8);
    expect(engine.memory().bytesInUse).toBe(before);
    kept.dispose();
  });

  it('a view shares memory, and the last one to go frees it', () => {
    const before = engine.memory().bytesInUse;
    const x = Tensor.full(engine, [4, 6], 3);
    const y = ops.reshape(x, [24]);
    x.dispose();
    expect(y.toArray()[23]).toBe(3);
    y.dispose();
    expect(engine.memory().bytesInUse).toBe(before);
  });

  it('names a tensor that is used after disposal', () => {
    const x = Tensor.from(engine, [1], [1], 'float32', 'logits');
    x.dispose();
    expect(() => ops.relu(x)).toThrow(LifetimeError);
    expect(() => x.toArray()).toThrow(/logits/);
  });

  it('names tensor, shape and bytes when memory runs out, and goes on afterwards', () => {
    let caught: unknown;
    try {
      Tensor.empty(engine, [1024, 1024, 8], 'float32', 'stages.0.weight');
    } catch (error) {
      caught = error;
    }
    expect(caught).toBeInstanceOf(OutOfMemoryError);
    expect(caught).toMatchObject({
      tensor: 'stages.0.weight',
      shape: [1024, 1024, 8],
      bytes: 2 ** 25,
      bytesLimit: 2 ** 24,
      step: null,
    });
    expect((caught as OutOfMemoryError).inStep(7).message).toMatch(/step 7.*stages\.0\.weight.*\[1024, 1024, 8\].*32\.0 MiB/);
    scope(engine, () => expect(Tensor.full(engine, [8], 1).toArray()[7]).toBe(1));
  });

  it('refuses wrong shapes before it allocates', () => {
    const before = engine.memory().bytesInUse;
    expect(() => Tensor.empty(engine, [2, 0])).toThrow(ShapeError);
    expect(() => Tensor.empty(engine, [2.5])).toThrow(ShapeError);
    expect(() => Tensor.from(engine, [1, 2, 3], [2])).toThrow(/3 values, needs 2/);
    expect(engine.memory().bytesInUse).toBe(before);
  });
});

describe('the tape', () => {
  it('refuses targets of another engine', () => {
    const x = Tensor.full(createReferenceEngine(), [1], 1, 'weight');
    expect(() => withGradients(engine, [x], () => [ops.sum(x)])).toThrow(/weight lives on another engine/);
  });

  it('frees everything but loss, outputs and gradients, and leaves the parameters free to be differentiated again', () => {
    scope(engine, () => {
      const x = Tensor.from(engine, [1, -2, 3], [3]);
      const before = engine.memory().bytesInUse;
      for (let round = 0; round < 3; round++) {
        const { loss, outputs, gradients } = withGradients(engine, [x], () => {
          const y = ops.multiply(ops.relu(x), x);
          return [ops.sum(y), y];
        });
        expect(loss.item()).toBe(10);
        expect(Array.from(outputs[0]!.toArray(), Math.abs)).toEqual([1, 0, 9]);
        expect([...gradients[0]!.toArray()]).toEqual([2, 0, 6]);
        for (const tensor of [loss, ...outputs, ...gradients]) tensor.dispose();
        expect(engine.memory().bytesInUse).toBe(before);
      }
    });
  });

  it('gives zeros towards what the loss does not depend on, and no shared memory', () => {
    scope(engine, () => {
      const a = Tensor.from(engine, [1, 2], [2]);
      const b = Tensor.from(engine, [3, 4], [2]);
      const c = Tensor.from(engine, [5, 6], [2]);
      const { gradients } = withGradients(engine, [a, b, c], () => [ops.sum(ops.add(a, b))]);
      expect(gradients.map((gradient) => [...gradient.toArray()])).toEqual([
        [1, 1],
        [1, 1],
        [0, 0],
      ]);
      expect(gradients.every((gradient) => gradient.ownsMemory)).toBe(true);
    });
  });

  it('frees a recording that failed, and refuses one within another', () => {
    scope(engine, () => {
      const x = Tensor.from(engine, [1], [1]);
      const before = engine.memory().bytesInUse;
      expect(() => withGradients(engine, [x], () => [ops.add(ops.relu(x), Tensor.full(engine, [3], 1))])).toThrow(ShapeError);
      expect(engine.memory().bytesInUse).toBe(before);
      expect(() => withGradients(engine, [x], () => [withGradients(engine, [x], () => [ops.sum(x)]).loss])).toThrow(
        LifetimeError,
      );
      expect(() => withGradients(engine, [x], () => [Tensor.full(engine, [2], 1)])).toThrow(/one number/);
    });
  });
});

describe('release', () => {
  const SHAPE = [64, 16];
  const BYTES = 4 * 64 * 16;
  const image = (label = 'image') => Tensor.from(engine, Float32Array.from({ length: 1024 }, normal), SHAPE, 'float32', label);
  const rng = new Rng(7);
  function normal() {
    return rng.normal();
  }

  /** Bytes in use at the end of a recorded `forward`, beside those before it. */
  function bytesKept(x: Tensor, forward: () => Tensor): number {
    const before = engine.memory().bytesInUse;
    let kept = 0;
    withGradients(engine, [x], () => {
      const y = forward();
      kept = engine.memory().bytesInUse - before;
      return [ops.sum(y)];
    });
    return kept;
  }

  it('gives memory back at once when no recorded gradient reads it, and after the last one that does otherwise', () => {
    scope(engine, () => {
      const x = image();
      // An addition reads nothing; hard tanh reads its output, which the multiplication by a constant does not.
      const sums = () => ops.add(ops.add(ops.add(x, x), x), x);
      expect(bytesKept(x, sums)).toBe(3 * BYTES);
      const twice = { forward: (input: Tensor) => ops.add(input, input) } as Module;
      expect(bytesKept(x, () => inTurn(x, twice, twice, twice))).toBe(BYTES);
      expect(bytesKept(x, () => inTurn(x, new HardTanh(), twice, twice))).toBe(2 * BYTES);
      expect(bytesKept(x, () => inTurn(x, twice, new HardTanh(), new HardTanh()))).toBe(2 * BYTES);
    });
  });

  it('frees, while gradients pass, what the last of them has read', () => {
    const peakOf = (layers: number) => {
      const own = createReferenceEngine();
      const x = Tensor.full(own, [1000], 1);
      withGradients(own, [x], () => {
        // All that a square keeps is its input: one tensor a layer.
        let y = ops.multiply(x, x);
        for (let i = 1; i < layers; i++) y = ops.multiply(y, y);
        return [ops.sum(y)];
      });
      return own.memory().bytesPeak / 8000;
    };
    // x, what every layer keeps, and at most four gradients: towards the output and both factors, and their sum.
    expect(peakOf(20)).toBeLessThan(1 + 20 + 5);
    expect(peakOf(40) - peakOf(20)).toBeCloseTo(20, 5);
  });

  it('leaves gradients as they are, to the bit, and memory as it was', () => {
    scope(engine, () => {
      const x = image();
      const weights = image('weights');
      const layer = { forward: (input: Tensor) => ops.add(ops.multiply(input, weights), ops.relu(input)) } as Module;
      const model = new Sequential(layer, new HardTanh(), layer, layer);
      const before = engine.memory().bytesInUse;
      const gradients = (forward: () => Tensor) =>
        scope(engine, () =>
          withGradients(engine, [x, weights], () => [ops.sum(forward())]).gradients.map((gradient) => [...gradient.toArray()]),
        );
      const held = gradients(() => model.layers.reduce((input, each) => each.forward(input), x));
      expect(gradients(() => model.forward(x))).toEqual(held);
      expect(engine.memory().bytesInUse).toBe(before);
    });
  });

  it('names a tensor that is used afterwards, whether a gradient still holds its memory or not', () => {
    scope(engine, () => {
      const x = image();
      for (const operation of [ops.relu, ops.sigmoid, (input: Tensor) => ops.add(input, input)]) {
        const use = (again: (y: Tensor) => unknown) => () =>
          withGradients(engine, [x], () => {
            const y = operation(x);
            y.release();
            again(y);
            return [ops.sum(x)];
          });
        for (const again of [ops.sum, (y: Tensor) => y.toArray(), (y: Tensor) => ops.reshape(y, [1024])]) {
          expect(use(again)).toThrow(LifetimeError);
          expect(use(again)).toThrow(/(relu|sigmoid|add) \[64, 16\] was used after it was released/);
        }
      }
      expect(() =>
        withGradients(engine, [x], () => {
          const y = ops.relu(x);
          y.release();
          return [ops.sum(x), y];
        }),
      ).toThrow(/relu .* released/);
    });
  });

  it('holds for gradients what itself needs none', () => {
    scope(engine, () => {
      const [x, weights] = [image(), image('weights')];
      const frozen = { forward: (input: Tensor) => ops.relu(input) } as Module;
      const learning = { forward: (input: Tensor) => ops.multiply(input, weights) } as Module;
      const [gradient] = withGradients(engine, [weights], () => [ops.sum(inTurn(x, frozen, learning))]).gradients;
      expect([...gradient!.toArray()]).toEqual([...x.toArray()].map((value) => Math.max(value, 0)));
    });
  });

  it('keeps views alive, and lets go of what a failed recording held', () => {
    const before = engine.memory().bytesInUse;
    scope(engine, () => {
      const [x, weights] = [image(), image('weights')];
      const { outputs } = withGradients(engine, [x], () => {
        const y = ops.add(x, x);
        const view = ops.reshape(y, [1024]);
        y.release();
        return [ops.sum(view), view];
      });
      expect(outputs[0]!.toArray()[1023]).toBe(2 * x.toArray()[1023]!);
      const fail = () =>
        withGradients(engine, [x], () => {
          ops.multiply(x, weights);
          throw new Error('out');
        });
      expect(fail).toThrow('out');
      const inUse = engine.memory().bytesInUse;
      weights.release();
      expect(engine.memory().bytesInUse).toBe(inUse - BYTES);
    });
    expect(engine.memory().bytesInUse).toBe(before);
  });
});
