import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEngine, type Engine } from '../../src/engine/index.js';
import { UnsupportedError } from '../../src/errors.js';
import { freeze } from '../../src/freeze/index.js';
import { BinaryConv2d, Buffer, Conv2d, Module } from '../../src/nn/index.js';
import * as ops from '../../src/ops/index.js';
import { Rng } from '../../src/tensor/rng.js';
import { Tensor } from '../../src/tensor/tensor.js';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.dispose());

/** A layer named `layer` that does what it is given. */
class Network extends Module {
  readonly layer: Layer;

  constructor(run: (x: Tensor, layer: Layer) => Tensor) {
    super();
    this.layer = new Layer(run);
  }

  forward(x: Tensor): Tensor {
    return this.layer.forward(x);
  }
}

class Layer extends Module {
  private readonly rng = new Rng(1);
  readonly binary = new BinaryConv2d(3, 3, { kernel: 3, padding: 1, rng: this.rng });
  readonly real = new Conv2d(3, 3, { kernel: 3, padding: 1, rng: this.rng });
  readonly number = new Buffer([1, 1, 1, 3], 1);

  constructor(private readonly run: (x: Tensor, layer: Layer) => Tensor) {
    super();
  }

  forward(x: Tensor): Tensor {
    return this.run(x, this);
  }
}

const signs = (x: Tensor) => ops.sign(x, 'clip');

describe('what a packed model cannot hold is refused, and the layer named', () => {
  it.each<[what: string, text: RegExp, run: (x: Tensor, layer: Layer) => Tensor]>([
    [
      '1-bit weights whose signs a real convolution takes',
      /freezing convolution of layer\.binary is not supported: layer\.binary\.weight has one bit.*BinaryConv2d/,
      (x, { binary }) => ops.conv2d(x, signs(binary.weight.value), { padding: 1 }),
    ],
    [
      '1-bit weights that a real convolution takes as they are',
      /freezing convolution of layer\.binary is not supported: layer\.binary\.weight has one bit/,
      (x, { binary }) => ops.conv2d(x, binary.weight.value, { padding: 1 }),
    ],
    [
      'signs that a real convolution reads',
      /freezing sign is not supported: a packed model has no such step/,
      (x, { real }) => real.forward(signs(x)),
    ],
    ['a sum over the image', /freezing sum is not supported: a packed model has no such step/, (x) => ops.sum(x)],
    [
      'a factor that is a parameter',
      /freezing multiply of layer is not supported: what it reads does not come from the image/,
      (x, { number }) => ops.multiply(x, number.value),
    ],
    [
      'a tensor that the forward pass makes itself',
      /freezing relu is not supported: what it reads does not come from the image/,
      (x) => ops.add(x, ops.relu(Tensor.empty(x.engine, x.shape, 'float32', 'made here'))),
    ],
    [
      'weights that depend on the image',
      /freezing conv2d is not supported: its weights depend on the image/,
      (x) => ops.conv2d(x, ops.reshape(ops.globalAveragePool(x), [1, 1, 1, 3])),
    ],
    [
      '1-bit weights that depend on the image',
      /freezing binaryConv2d is not supported: its weights depend on the image/,
      (x) => ops.binaryConv2d(x, ops.reshape(ops.globalAveragePool(x), [1, 1, 1, 3]), {}),
    ],
    [
      'an answer that no image changes',
      /freezing the answer is not supported: what it reads does not come from the image/,
      (_, { number }) => ops.relu(number.value),
    ],
    [
      'a value of five axes',
      /freezing reshape is not supported: it makes \[1, 2, 2, 2, 6\], and values have one to three axes/,
      (x) => ops.reshape(x, [1, 2, 2, 2, 6]),
    ],
  ])('%s', (_what, text, run) => {
    const model = new Network(run).to(engine).eval();
    const attempt = () => freeze(model, { input: [4, 4, 3] });
    expect(attempt).toThrow(UnsupportedError);
    expect(attempt).toThrow(text);
    model.dispose();
  });

  it('takes the same layers where they are used as they are meant', () => {
    const model = new Network((x, { binary, real }) => real.forward(binary.forward(x))).to(engine).eval();
    const { graph, tensors } = freeze(model, { input: [4, 4, 3] });
    expect(graph.steps.map(({ operator, layer }) => [operator, layer])).toEqual([
      ['signs', 'layer.binary'],
      ['binaryConvolution', 'layer.binary'],
      ['convolution', 'layer.real'],
    ]);
    expect([...tensors.values()].map(({ dtype }) => dtype)).toContain('U8');
    model.dispose();
  });
});
