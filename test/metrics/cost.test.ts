import { describe, expect, it } from 'vitest';
import { createReferenceEngine } from '../../src/engine/reference/index.js';
import { ShapeError } from '../../src/errors.js';
import { countParameters, frozenBytes, operations } from '../../src/metrics/cost.js';
import { isElementwise, type Summary, summarize } from '../../src/metrics/summary.js';
import { createModel, modelEntry } from '../../src/models/index.js';
import { BatchNorm2d, BinaryConv2d, DynamicGroupConv2d, Sequential } from '../../src/nn/index.js';
import { Rng } from '../../src/tensor/index.js';

const totals = (name: string) => summarize(createModel(name), modelEntry(name).input).totals;

/** Multiplications of the selectors, which the DGC authors count apart from convolutions and the classifier. */
function selectorMacs(name: string): number {
  return createModel(name)
    .modules()
    .reduce((sum, [, module]) => sum + (module instanceof DynamicGroupConv2d ? module.reduce.size + module.expand.size : 0), 0);
}

describe('published costs', () => {
  it('Bi-Real-18: 1676.3 M binary MACs, 137.8 M real ones, 1.64e8 OPs', () => {
    const { binaryMacs, macs, operations: all } = totals('bireal18');
    expect(binaryMacs / 1e6).toBeCloseTo(1676.3, 1);
    expect(macs / 1e6).toBeCloseTo(137.8, 1);
    expect(all / 1e8).toBeCloseTo(1.64, 2);
  });

  it.each([
    ['cdcn', 47.34],
    ['cdcn-plain', 47.34],
    ['cdcnpp', 50.78],
  ])('%s: %d GMACs at 256x256', (name, expected) => {
    expect(totals(name).macs / 1e9).toBeCloseTo(expected, 2);
  });

  it.each([
    ['dydensenet86-cifar', 62.4],
    ['dydensenet-imagenet', 517.7],
  ])('%s: %d M of convolutions and classifier when pruned', (name, expected) => {
    expect((totals(name).macs - selectorMacs(name)) / 1e6).toBeCloseTo(expected, 1);
  });

  it('dyresnet18: 881.5 M at keep 0.45 as its authors count, who take 0.45 of the channels; whole ones are 883.9 M', () => {
    const convolved = (progress: number) =>
      summarize(createModel('dyresnet18'), [224, 224, 3], { progress }).totals.macs - selectorMacs('dyresnet18');
    const rows = summarize(createModel('dyresnet18'), [224, 224, 3]).rows;
    const fixed = rows.reduce((sum, { layer, macs }) => sum + (/^(stem|classifier)/.test(layer) ? macs : 0), 0);
    expect((fixed + 0.45 * (convolved(0) - fixed)) / 1e6).toBeCloseTo(881.5, 1);
    expect(convolved(1) / 1e6).toBeCloseTo(883.9, 1);
  });

  it('a dynamic network before pruning convolves as much as its dense twin', () => {
    const name = 'dydensenet-imagenet';
    const { macs } = summarize(createModel(name), [224, 224, 3], { progress: 0 }).totals;
    expect(macs - selectorMacs(name)).toBe(totals(`${name}-dense`).macs);
  });

  it('ResNet-20: 40.55 M MACs', () => {
    expect(totals('resnet20').macs / 1e6).toBeCloseTo(40.55, 2);
  });

  it('compact costs less than a third of base, and groups widen it for no more', () => {
    const compact = totals('ftbnn-compact');
    expect(compact.operations).toBeLessThan(totals('ftbnn-base').operations / 3);
    for (const k of [2, 4, 8, 16]) {
      const wider = totals(`ftbnn-g${k}`);
      expect(wider.binaryMacs).toBeLessThanOrEqual(compact.binaryMacs);
      expect(wider.operations).toBeLessThanOrEqual(compact.operations);
    }
  });
});

describe('summarize', () => {
  it('has a line a layer in the order of the image, and no shape engine left behind', () => {
    const summary = summarize(createModel('ftbnn-tiny', { widths: [8, 16], blocks: [1, 1], strides: null }), [28, 28, 1]);
    const layers = summary.rows.filter((row) => !isElementwise(row));
    expect(layers.map(({ layer, operator, output }) => [layer, operator, output])).toEqual([
      ['stem.conv', 'conv2d', [14, 14, 8]],
      ['blocks.0.conv', 'binaryConv2d', [14, 14, 8]],
      ['blocks.1.conv', 'binaryConv2d', [7, 7, 16]],
      ['classifier', 'linear', [10]],
    ]);
    expect(layers[2]).toMatchObject({
      binaryParameters: 9 * 8 * 16,
      realParameters: 0,
      macs: 0,
      binaryMacs: 49 * 9 * 8 * 16,
      weightBytes: (9 * 8 * 16) / 8,
      outputBytes: 4 * 49 * 16,
    });
    expect([summary.input, summary.output, summary.model]).toEqual([[28, 28, 1], [10], 'ftbnn-tiny']);
    expect(JSON.parse(JSON.stringify(summary))).toEqual(summary);
  });

  it.each(['resnet20', 'ftbnn-g4-cifar', 'dydensenet-small-cifar', 'cdcnpp'])('rows of %s add up to its totals', (name) => {
    const summary = summarize(createModel(name as string), modelEntry(name).input);
    const sum = (key: 'binaryParameters' | 'realParameters' | 'macs' | 'binaryMacs' | 'elements') =>
      summary.rows.reduce((total, row) => total + row[key], 0);
    const { binary, real } = countParameters(createModel(name as string));
    expect([sum('binaryParameters'), sum('realParameters')]).toEqual([binary, real]);
    expect(summary.totals).toMatchObject({ parameters: binary + real, macs: sum('macs'), binaryMacs: sum('binaryMacs') });
    expect(summary.totals.operations).toBe(sum('macs') + sum('binaryMacs') / 64);
  });

  it('counts weights behind a central difference at the convolution that uses them', () => {
    const rng = new Rng(1);
    const model = new Sequential(new BinaryConv2d(4, 8, { kernel: 3, padding: 1, theta: 0.5, rng }), new BatchNorm2d(8));
    const { rows } = summarize(model, [6, 6, 4]);
    expect(rows.map(({ layer, operator, binaryParameters }) => [layer, operator, binaryParameters])).toEqual([
      ['layers.0', 'binaryConv2d', 288],
      ['layers.1', 'batchNorm', 0],
    ]);
  });

  it('leaves a model as it was: weights, engine, mode, progress', () => {
    const engine = createReferenceEngine();
    const model = createModel('dydensenet', { engine, stages: [1], growth: [4], seed: 3 });
    model.setProgress(0.5);
    const before = [...model.state()].map(([path, entry]) => [path, entry.read()]);
    const values = [...model.parameters().values()].map(({ value }) => value);
    const memory = engine.memory().bytesInUse;
    const first: Summary = summarize(model, [8, 8, 3]);
    expect([...model.state()].map(([path, entry]) => [path, entry.read()])).toEqual(before);
    expect([...model.parameters().values()].map(({ value }) => value)).toEqual(values);
    expect(engine.memory().bytesInUse).toBe(memory);
    expect(model.training).toBe(true);
    expect(summarize(model, [8, 8, 3])).toEqual(first);
    expect(summarize(model, [8, 8, 3], { progress: null }).totals.macs).toBeGreaterThan(first.totals.macs);
  });

  it('leaves a model alone that cannot take the image', () => {
    const model = createModel('resnet20');
    expect(() => summarize(model, [32, 32, 1])).toThrow(ShapeError);
    expect(() => summarize(model, [32, 32])).toThrow(ShapeError);
    expect(model.training).toBe(true);
    expect(() => model.parameters().get('stem.conv.weight')!.value).toThrow(/no engine yet/);
  });
});

describe('cost arithmetic', () => {
  it('takes 64 binary multiplications for one real one', () => {
    expect(operations({ macs: 10, binaryMacs: 640 })).toBe(20);
  });

  it('packs eight signs into a byte', () => {
    expect(frozenBytes({ binary: 9, real: 3 })).toBe(2 + 12);
  });
});
