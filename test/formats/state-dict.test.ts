import { describe, expect, it } from 'vitest';
import { besideStateDict, decodePyTorch, isPyTorchTensor, stateDict } from '../../src/formats/pytorch/index.js';
import { bytesOf, zipCheckpoint } from './checkpoint-writer.js';
import { expectReason } from './expect-reason.js';
import { dict, type Fragment, int, list, orderedDict, tensor } from './pickle-writer.js';

const file = 'x.pth';

describe('stateDict', () => {
  const one = tensor({ key: '0', type: 'Float', count: 1, shape: [1], strides: [1] });
  const of = (root: Fragment) =>
    stateDict(decodePyTorch(zipCheckpoint({ root, storages: { 0: bytesOf(Float32Array.of(1)) } }), file));
  const names = (root: Fragment) => [...of(root).keys()];

  it('finds it at the top, under state_dict and under model', () => {
    expect(names(orderedDict({ b: one, a: one }))).toEqual(['b', 'a']);
    expect(names(dict({ epoch: int(1), state_dict: orderedDict({ a: one }) }))).toEqual(['a']);
    expect(names(dict({ model: orderedDict({ a: one }), optimizer: dict({ a: one }) }))).toEqual(['a']);
  });

  it('tells what stands beside it', () => {
    const beside = (root: Fragment) =>
      besideStateDict(decodePyTorch(zipCheckpoint({ root, storages: { 0: bytesOf(Float32Array.of(1)) } }), file));
    expect(beside(dict({ epoch: int(1), state_dict: dict({ a: one }), optimizer: dict({}) }))).toEqual(['epoch', 'optimizer']);
    expect(beside(dict({ a: one }))).toEqual([]);
    expect(beside(list(one))).toEqual([]);
  });

  it('is not misled by tensors beside it', () => {
    expect(names(dict({ best_prec1: one, state_dict: orderedDict({ a: one }) }))).toEqual(['a']);
  });

  it('leaves out what DataParallel puts before every name', () => {
    expect(names(dict({ 'module.a': one, 'module.module.b': one }))).toEqual(['a', 'module.b']);
    expect(names(dict({ 'module.a': one, b: one }))).toEqual(['module.a', 'b']);
  });

  it('gives tensors', () => {
    expect([...of(dict({ a: one })).values()].every(isPyTorchTensor)).toBe(true);
    expect([null, 1, 'a', [], new Map(), new Uint8Array(), undefined].some(isPyTorchTensor)).toBe(false);
  });

  it.each<[string, string, Fragment]>([
    ['no-state-dict', 'has none', dict({ epoch: int(1) })],
    ['no-state-dict', 'is a list', list(one)],
    ['no-state-dict', 'has an empty one', dict({ state_dict: dict({}) })],
    ['bad-state-dict', 'holds something else', dict({ a: one, b: int(1) })],
    ['bad-state-dict', 'has numbers as names', [0x7d, ...int(0), ...one, 0x73]],
  ])('%s: %s', (reason, _, root) => {
    expectReason(reason, () => of(root), file);
  });
});
