import { describe, expect, it } from 'vitest';
import { createShapeEngine } from '../../src/engine/shapes.js';
import { summarize } from '../../src/metrics/summary.js';
import { createModel } from '../../src/models/index.js';
import { BinaryConv2d, Conv2d, DynamicGroupConv2d, type Module } from '../../src/nn/index.js';
import { observe } from '../../src/ops/index.js';
import { Tensor } from '../../src/tensor/index.js';

const engine = createShapeEngine();

function count(model: Module, kind: new (...values: never[]) => Module): number {
  return model.modules().filter(([, module]) => module instanceof kind).length;
}

/** Operators in the order in which an image passes them, and the attributes of each. */
function calls(
  model: Module,
  input: readonly number[],
): { operator: string; attributes: Record<string, unknown>; output: readonly number[] }[] {
  const seen: { operator: string; attributes: Record<string, unknown>; output: readonly number[] }[] = [];
  const x = Tensor.empty(engine, [1, ...input]);
  observe(
    engine,
    ({ operator, attributes, output }) =>
      seen.push({ operator, attributes: attributes as Record<string, unknown>, output: output.shape }),
    () => model.to(engine).eval().forward(x),
  );
  return seen;
}

describe('1-bit networks', () => {
  it.each(['bireal18', 'ftbnn-base', 'ftbnn-compact', 'ftbnn-g4'])(
    '%s has sixteen 1-bit convolutions, its twin real ones',
    (name) => {
      expect(count(createModel(name as string), BinaryConv2d)).toBe(16);
      const twin = createModel(`${name}-float`);
      expect(count(twin, BinaryConv2d)).toBe(0);
      expect(count(twin, Conv2d)).toBe(count(createModel(name as string), Conv2d) + 16);
    },
  );

  it('compact has no real-valued convolution behind its stem', () => {
    const model = createModel('ftbnn-compact');
    const real = model.modules().filter(([, module]) => module instanceof Conv2d);
    expect(real.map(([path]) => path)).toEqual(['stem.conv1.conv', 'stem.conv2.conv']);
  });

  it('groups are mixed by a shuffle after every grouped convolution', () => {
    const operators = calls(createModel('ftbnn-g4-cifar'), [32, 32, 3]).map(({ operator }) => operator);
    expect(operators.filter((name) => name === 'shuffleChannels')).toHaveLength(16);
    expect(calls(createModel('ftbnn-compact-cifar'), [32, 32, 3]).some(({ operator }) => operator === 'shuffleChannels')).toBe(
      false,
    );
  });

  it('hands scale, surrogate and theta to every 1-bit convolution', () => {
    const model = createModel('ftbnn-tiny', { scale: true, surrogate: 'clip', theta: 0.5 });
    const seen = calls(model, [28, 28, 1]);
    const binary = seen.filter(({ operator }) => operator === 'binaryConv2d');
    expect(binary).toHaveLength(6);
    for (const { attributes } of binary) expect(attributes).toMatchObject({ scale: true, surrogate: 'clip' });
    expect(seen.filter(({ operator }) => operator === 'centralDifference').map(({ attributes }) => attributes['theta'])).toEqual(
      Array.from({ length: 6 }, () => 0.5),
    );
  });

  it.each([
    ['sum', ['binaryConv2d', 'batchNorm', 'add', 'fprelu']],
    ['branch', ['binaryConv2d', 'batchNorm', 'fprelu', 'add']],
  ] as const)('puts the activation in the %s', (activationPlace, expected) => {
    const model = createModel('ftbnn-tiny', { activationPlace });
    const operators = calls(model, [28, 28, 1]).map(({ operator }) => operator);
    const start = operators.indexOf('binaryConv2d');
    expect(operators.slice(start, start + 4)).toEqual(expected);
  });

  it.each([
    [28, 28],
    [29, 28],
    [33, 35],
  ])('takes images of %ix%i, whose halves are odd', (height, width) => {
    expect(calls(createModel('ftbnn-tiny'), [height, width, 1]).at(-1)!.output).toEqual([1, 10]);
  });
});

describe('residual networks', () => {
  it('transforms the weights of every 3x3 convolution by theta, the stem included', () => {
    const seen = calls(
      createModel('resnet20', { widths: [4, 8], blocks: [1, 1], shortcut: 'projection', theta: 0.3 }),
      [8, 8, 3],
    );
    const central = seen.filter(({ operator }) => operator === 'centralDifference');
    expect(central.map(({ attributes }) => attributes['theta'])).toEqual([0.3, 0.3, 0.3, 0.3, 0.3]);
    expect(seen.filter(({ operator }) => operator === 'conv2d')).toHaveLength(6);
  });
});

describe('dynamic networks', () => {
  it('dyresnet18 has sixteen dynamic 3x3 and three dynamic 1x1 convolutions', () => {
    const kernels = createModel('dyresnet18')
      .modules()
      .flatMap(([, module]) => (module instanceof DynamicGroupConv2d ? [module.weight.shape[1]] : []));
    expect(kernels.filter((kernel) => kernel === 3)).toHaveLength(16);
    expect(kernels.filter((kernel) => kernel === 1)).toHaveLength(3);
  });

  it('twins have a fixed convolution where the original has a dynamic one', () => {
    const input = [32, 32, 3];
    const shapes = (name: string) =>
      calls(createModel(name), input)
        .filter(({ operator, output }) => ['dynamicConv2d', 'conv2d'].includes(operator) && output[1] !== 1)
        .map(({ output }) => output);
    expect(shapes('dydensenet-small-cifar-grouped')).toEqual(shapes('dydensenet-small-cifar'));
    expect(shapes('dydensenet-small-cifar-dense')).toEqual(shapes('dydensenet-small-cifar'));
    expect(count(createModel('dydensenet-small-cifar-dense'), DynamicGroupConv2d)).toBe(0);
  });

  it('lets chance pick the channels where it is told to', () => {
    const layers = (selection: 'random' | 'saliency') =>
      createModel('dydensenet', { stages: [1, 1], growth: [4, 4], selection })
        .modules()
        .flatMap(([, module]) => (module instanceof DynamicGroupConv2d ? [module] : []));
    expect(layers('random').map(({ ranking }) => ranking?.shape)).toEqual([
      [4, 8],
      [4, 12],
    ]);
    expect(layers('saliency').every(({ ranking }) => ranking === null)).toBe(true);
  });

  it('takes signs of what the batch norm makes in the 1-bit form, and counts its convolutions as 1-bit', () => {
    const model = createModel('dydensenet', { stages: [2], growth: [8], convolution: 'dynamic-binary' });
    const makers = new Map<Tensor, string>();
    const seen: (string | undefined)[] = [];
    observe(
      engine,
      ({ operator, inputs, output }) => {
        makers.set(output, operator);
        if (operator === 'dynamicBinaryConv2d') seen.push(makers.get(inputs[0]!));
      },
      () =>
        model
          .to(engine)
          .eval()
          .forward(Tensor.empty(engine, [1, 8, 8, 3])),
    );
    expect(seen).toEqual(['batchNorm', 'batchNorm']);
    const real = summarize(createModel('dydensenet', { stages: [2], growth: [8] }), [8, 8, 3]);
    const { totals } = summarize(model, [8, 8, 3]);
    expect(totals.macs + totals.binaryMacs).toBe(real.totals.macs);
    expect(totals.binaryMacs).toBe(64 * 32 * (4 + 6));
    expect(totals.binaryParameters).toBe(32 * (16 + 24));
  });

  it('composes with the central difference', () => {
    const seen = calls(createModel('dydensenet', { stages: [1], growth: [8], convolution: 'dynamic', theta: 0 }), [8, 8, 3]);
    expect(seen.some(({ operator }) => operator === 'centralDifference')).toBe(false);
    const central = calls(createModel('dyresnet18', { widths: [16], blocks: [1], theta: 0.7 }), [32, 32, 3]);
    expect(central.filter(({ operator }) => operator === 'centralDifference')).toHaveLength(2);
  });
});

describe('cdcn', () => {
  it.each([
    ['cdcn', 0.7],
    ['cdcnpp', 0.7],
    ['cdcn-s', 0.7],
  ])('%s transforms the weights of every 3x3 convolution, its twin none', (name, theta) => {
    const seen = calls(createModel(name as string), [64, 64, 3]);
    const central = seen.filter(({ operator }) => operator === 'centralDifference');
    expect(central.map(({ attributes }) => attributes['theta'])).toEqual(central.map(() => theta));
    const attention = name === 'cdcnpp' ? 3 : 0;
    expect(central).toHaveLength(seen.filter(({ operator }) => operator === 'conv2d').length - attention);
    expect(calls(createModel(`${name}-plain`), [64, 64, 3]).some(({ operator }) => operator === 'centralDifference')).toBe(false);
  });

  it('bicdcn-s has eleven 1-bit central difference convolutions, each with a shortcut, between a real stem and a real last layer', () => {
    const model = createModel('bicdcn-s');
    expect(count(model, BinaryConv2d)).toBe(11);
    const real = model.modules().filter(([, module]) => module instanceof Conv2d);
    expect(real.map(([path]) => path)).toEqual(['stem.conv', 'depth']);
    const seen = calls(model, [128, 128, 3]).map(({ operator }) => operator);
    expect(seen.filter((operator) => operator === 'centralDifference')).toHaveLength(13);
    const starts = [...seen.keys()].filter((place) => seen[place] === 'binaryConv2d');
    for (const start of starts) {
      const behind = seen.slice(start + 1, start + 5).filter((operator) => operator !== 'concat');
      expect(behind.slice(0, 3)).toEqual(['batchNorm', 'add', 'fprelu']);
    }
    expect(count(createModel('bicdcn-s-float'), BinaryConv2d)).toBe(0);
    expect(calls(createModel('bicdcn-s-plain'), [128, 128, 3]).some(({ operator }) => operator === 'centralDifference')).toBe(
      false,
    );
  });

  it('makes a map of the size that it is told, whatever the image', () => {
    const model = createModel('cdcnpp', { mapSize: 16 }).to(engine).eval();
    expect(model.forward(Tensor.empty(engine, [3, 96, 64, 3])).shape).toEqual([3, 16, 16]);
  });
});
