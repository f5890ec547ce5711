import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEngine } from '../../src/engine/create.js';
import type { Engine } from '../../src/engine/engine.js';
import { createReferenceEngine } from '../../src/engine/reference/index.js';
import { LifetimeError, OutOfMemoryError, ShapeError } from '../../src/errors.js';
import * as ops from '../../src/ops/index.js';
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
