import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEngine, type Engine } from '../../src/engine/index.js';
import { createReferenceEngine } from '../../src/engine/reference/index.js';
import { type BinaryConv2dAttributes, binaryConv2d } from '../../src/ops/binary-conv2d.js';
import * as ops from '../../src/ops/index.js';
import { Rng } from '../../src/tensor/rng.js';
import { withGradients } from '../../src/tensor/tape.js';
import { Tensor } from '../../src/tensor/tensor.js';

type Options = Pick<ops.BinaryConv2dOptions, 'surrogate' | 'keep'>;

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.dispose());

function random(on: Engine, seed: number, ...shape: number[]): Tensor {
  const rng = new Rng(seed);
  const size = shape.reduce((product, length) => product * length, 1);
  return Tensor.from(
    on,
    Float32Array.from({ length: size }, () => rng.normal()),
    shape,
  );
}

describe('what a 1-bit convolution keeps for its gradient', () => {
  const [side, channels] = [14, 64];
  const elements = side * side * channels;

  /** Bytes of the tensors that the operator saved, by running its forward as the tape would. */
  function bytesKept(options: Options): number {
    const [x, w] = [random(engine, 1, 1, side, side, channels), random(engine, 2, 8, 3, 3, channels)];
    const attributes: BinaryConv2dAttributes = {
      ...{ stride: 1, padding: 1, dilation: 1, groups: 1, scale: false },
      ...{ surrogate: 'quadratic', keep: 'exact', ...options },
    };
    const output = Tensor.empty(engine, [1, side, side, 8], 'float32', 'y');
    const saved: Tensor[] = [];
    binaryConv2d.forward(
      {
        ...{ kernels: engine.kernels, inputs: [x, w], output, recorded: true },
        save(shape, dtype = 'float32') {
          const tensor = Tensor.empty(engine, shape, dtype, 'saved');
          saved.push(tensor);
          return tensor;
        },
      },
      attributes,
    );
    const bytes = saved.reduce((sum, tensor) => sum + tensor.size * 4, 0);
    for (const tensor of [x, w, output, ...saved]) tensor.dispose();
    return bytes;
  }

  it('is 2 bits an element with clip, of 32', () => {
    expect(bytesKept({ surrogate: 'clip' })).toBe(elements / 4);
  });

  it('is 9 bits an element with a packed quadratic surrogate', () => {
    expect(bytesKept({ surrogate: 'quadratic', keep: 'packed' })).toBe((elements * 9) / 8);
  });

  it('is a bit an element, and the input itself, with an exact quadratic one', () => {
    expect(bytesKept({ surrogate: 'quadratic', keep: 'exact' })).toBe(elements / 8);
  });
});

describe('gradients', () => {
  const geometry = { padding: 1, stride: 2 };

  /** Gradients of a sum of differently weighted outputs. */
  function gradientsOf(on: Engine, options: Options, between: (x: Tensor) => void = () => {}): number[][] {
    const [x, w, weights] = [random(on, 3, 2, 9, 8, 37), random(on, 4, 5, 3, 3, 37), random(on, 5, 2, 5, 4, 5)];
    const { gradients } = withGradients(on, [x, w], () => {
      const y = ops.binaryConv2d(x, w, { ...geometry, ...options });
      between(x);
      return [ops.sum(ops.multiply(y, weights))];
    });
    return gradients.map((gradient) => Array.from(gradient.toArray()));
  }

  /** Spoils x after the forward pass: what still comes out right did not read it again. */
  const spoil = (x: Tensor) => x.engine.kernels.fill(x.size, Number.NaN, x.address);

  it('come from the bits alone with clip, and are exact', () => {
    const expected = gradientsOf(createReferenceEngine(), { surrogate: 'clip' });
    const [dx, dw] = gradientsOf(engine, { surrogate: 'clip' }, spoil);
    dx!.forEach((value, i) => {
      expect(value).toBeCloseTo(expected[0]![i]!, 4);
    });
    dw!.forEach((value, i) => {
      expect(value).toBeCloseTo(expected[1]![i]!, 4);
    });
  });

  it('come from bytes alone with a packed quadratic surrogate: dw exact, dx off by at most 1/255 of the gradient of the sign', () => {
    const exact = gradientsOf(engine, { surrogate: 'quadratic' });
    const packed = gradientsOf(engine, { surrogate: 'quadratic', keep: 'packed' }, spoil);
    expect(packed[1]).toEqual(exact[1]);
    const [x, w, weights] = [random(engine, 3, 2, 9, 8, 37), random(engine, 4, 5, 3, 3, 37), random(engine, 5, 2, 5, 4, 5)];
    const signs = ops.sign(w);
    const ofSign = withGradients(engine, [x], () => [ops.sum(ops.multiply(ops.conv2d(x, signs, geometry), weights))])
      .gradients[0]!;
    const towardsSign = ofSign.toArray();
    let largest = 0;
    packed[0]!.forEach((value, i) => {
      const off = Math.abs(value - exact[0]![i]!);
      expect(off).toBeLessThanOrEqual(Math.abs(towardsSign[i]!) / 255 + 1e-5);
      largest = Math.max(largest, off);
    });
    // Not exact by accident: bytes were in use.
    expect(largest).toBeGreaterThan(1e-3);
  });
});
