import { describe, expect, it } from 'vitest';
import { ConfigError, ShapeError, UnsupportedError } from '../../src/errors.js';
import type { StoredTensor } from '../../src/formats/dtypes.js';
import { exportPyTorchState, importPyTorchState } from '../../src/formats/import/index.js';
import { createModel } from '../../src/models/index.js';
import type { Module } from '../../src/nn/index.js';

type State = Map<string, { shape: readonly number[]; data: Float32Array }>;

/** A state of the model's shapes in which every number is another one. */
function stateOf(model: Module): State {
  let next = 0;
  return new Map(
    [...model.state()].map(([path, { shape }]) => {
      const data = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => next++ / 8);
      return [path, { shape, data }];
    }),
  );
}

/** As `toEqual`, quickly for millions of numbers. */
function expectEqualStates(found: State, expected: State): void {
  expect([...found].map(([path, { shape }]) => [path, shape])).toEqual([...expected].map(([path, { shape }]) => [path, shape]));
  const bytes = ({ data }: { data: Float32Array }) => Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  expect([...found].filter(([path, floats]) => !bytes(floats).equals(bytes(expected.get(path)!))).map(([path]) => path)).toEqual(
    [],
  );
}

/** The state as a PyTorch file would hold it. */
function theirStateOf(model: Module): Map<string, StoredTensor> {
  return new Map([...exportPyTorchState(model, stateOf(model))].map(([name, floats]) => [name, { dtype: 'F32', ...floats }]));
}

const dense = () => createModel('dydensenet', { stages: [1, 2], growth: [4, 8], heads: 2 });

describe('PyTorch states', () => {
  it.each([
    ['resnet20', { widths: [4, 8], blocks: [1, 1] }],
    ['resnet18', { widths: [4, 4, 8], blocks: [2, 1, 2] }],
    ['dydensenet', { stages: [1, 2], growth: [4, 8], heads: 2 }],
    ['cdcn', {}],
    ['cdcnpp', {}],
  ])('of %s come back as they went', (name, options) => {
    const model = createModel(name as string, options);
    expectEqualStates(importPyTorchState(model, theirStateOf(model)), stateOf(model));
  });

  it.each([
    [
      'cdcn',
      ['conv1.0.conv.weight', 'Block2.4.running_var', 'Block3.6.conv.weight', 'lastconv2.1.bias', 'lastconv3.0.conv.weight'],
    ],
    [
      'cdcnpp',
      ['conv1.1.weight', 'Block2.9.conv.weight', 'lastconv1.1.running_mean', 'lastconv1.3.conv.weight', 'sa3.conv1.weight'],
    ],
    ['resnet20', ['conv1.weight', 'bn1.bias', 'blocks.8.bn2.running_mean', 'blocks.0.conv1.weight', 'fc.bias']],
  ])('of %s have their authors’ names', (name, expected) => {
    expect([...theirStateOf(createModel(name as string)).keys()]).toEqual(expect.arrayContaining(expected));
  });

  it('of resnet18 have torchvision’s names, all of them', () => {
    const norm = (name: string) => ['weight', 'bias', 'running_mean', 'running_var'].map((field) => `${name}.${field}`);
    const block = (name: string, downsample: boolean) => [
      ...[1, 2].flatMap((i) => [`${name}.conv${i}.weight`, ...norm(`${name}.bn${i}`)]),
      ...(downsample ? [`${name}.downsample.0.weight`, ...norm(`${name}.downsample.1`)] : []),
    ];
    const blocks = [1, 2, 3, 4].flatMap((layer) => [block(`layer${layer}.0`, layer > 1), block(`layer${layer}.1`, false)]);
    const names = ['conv1.weight', ...norm('bn1'), ...blocks.flat(), 'fc.weight', 'fc.bias'];
    const model = createModel('resnet18', { widths: [4, 8, 16, 32] });
    expect([...theirStateOf(model).keys()].sort()).toEqual(names.sort());
  });

  it('of a residual network that only pads may have either naming', () => {
    const model = createModel('resnet20', { widths: [4, 8], blocks: [2, 1] });
    const renamed = [...theirStateOf(model)].map(([name, tensor]): [string, StoredTensor] => [
      name.replace(/blocks\.(\d)/, (_, block: string) => ['layer1.0', 'layer1.1', 'layer2.0'][Number(block)]!),
      tensor,
    ]);
    expect(renamed.map(([name]) => name)).toContain('layer2.0.bn2.bias');
    expectEqualStates(importPyTorchState(model, new Map(renamed)), stateOf(model));
  });

  it('of one dynamic layer have the names of its heads', () => {
    const model = dense();
    const layer = model.modules().find(([path]) => path === 'stages.0.layers.0.dynamic')![1];
    const names = [...theirStateOf(layer).keys()];
    expect(names).toContain('headconv_1.fc2.bias');
    expect(names).toContain('_inactive_channels');
  });

  it('have their weights transposed, and the heads of dynamic layers stacked', () => {
    const model = dense();
    const theirs = theirStateOf(model);
    const head = (name: string) => theirs.get(`features.denseblock_2.denselayer_1.conv_1.headconv_1.${name}`)!;
    expect(head('conv.weight').shape).toEqual([16, 12, 1, 1]);
    expect(head('fc1.weight').shape).toEqual([1, 12]);
    expect(head('fc2.weight').shape).toEqual([12, 1]);
    const state = stateOf(model);
    const weight = state.get('stages.1.layers.0.dynamic.weight')!;
    expect(weight.shape).toEqual([32, 1, 1, 12]);
    // The second head's filters follow the first's.
    expect(head('conv.weight').data[5]).toBe(weight.data[16 * 12 + 5]);
    const stem = state.get('stem.weight')!;
    // [out, row, column, in] there is [out, in, row, column] here.
    expect(theirs.get('features.init_conv.weight')!.data[1 * 27 + 2 * 9 + 1 * 3 + 2]).toBe(stem.data[1 * 27 + 1 * 9 + 2 * 3 + 2]);
  });

  it('of a parallel model, with counters, in other number types, are taken too', () => {
    const model = dense();
    const parallel = new Map<string, StoredTensor>(
      [...theirStateOf(model)].map(([name, { shape, data }]) => [
        `module.${name}`,
        { dtype: 'F64', shape, data: Float64Array.from(data as Float32Array) },
      ]),
    );
    parallel.set('module.bn_last.num_batches_tracked', { dtype: 'I64', shape: [], data: BigInt64Array.of(9n) });
    expectEqualStates(importPyTorchState(model, parallel), stateOf(model));
  });

  it('that are not of this network are refused, naming what is missing and what is unknown', () => {
    const model = dense();
    const state = theirStateOf(model);
    const weight = state.get('classifier.weight')!;
    state.delete('classifier.weight');
    state.set('fc.weight', weight);
    const attempt = () => importPyTorchState(model, state);
    expect(attempt).toThrow(ConfigError);
    expect(attempt).toThrow(/missing classifier\.weight; unknown fc\.weight/);
  });

  it('of other sizes are refused, naming the tensor', () => {
    const model = dense();
    const other = createModel('dydensenet', { stages: [1, 2], growth: [4, 8], heads: 2, classes: 7 });
    const attempt = () => importPyTorchState(model, theirStateOf(other));
    expect(attempt).toThrow(ShapeError);
    expect(attempt).toThrow(/classifier\.weight: got \[7, 28\], needs \[10, 28\]/);
  });

  it('of networks whose names nobody told are refused', () => {
    const model = createModel('ftbnn-tiny');
    expect(() => importPyTorchState(model, new Map())).toThrow(UnsupportedError);
    const dense = createModel('dydensenet-grouped', { stages: [1], growth: [4] });
    expect(() => exportPyTorchState(dense, stateOf(dense))).toThrow(/stages\.0\.layers\.0\.dynamic\.conv\.weight/);
  });

  it('may be exported in part, but only what the network has', () => {
    const model = dense();
    const bias = { shape: [10], data: new Float32Array(10) };
    expect([...exportPyTorchState(model, new Map([['classifier.bias', bias]])).keys()]).toEqual(['classifier.bias']);
    expect(() => exportPyTorchState(model, new Map([['classifier.slope', bias]]))).toThrow(ConfigError);
  });
});
