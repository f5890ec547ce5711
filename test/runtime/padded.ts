import { encodePackedModel } from '../../src/formats/packed/model.js';

/** A packed model of a kilobyte, whose image of 2 x 2 grey pixels, said to be made of one of `source`, is padded to `side` x `side` and averaged. */
export function paddedModel(side: number, source: readonly [number, number] = [2, 2]): Promise<Uint8Array> {
  const value = (length: number) => ({ form: 'floats', shape: [length, length, 1], groups: 1 }) as const;
  const sides = { top: 0, bottom: side - 2, left: 0, right: side - 2, channelsBefore: 0, channelsAfter: 0 };
  return encodePackedModel({
    graph: {
      values: [value(2), value(side), value(1)],
      steps: [
        { operator: 'pad', inputs: [0], output: 1, layer: '', ...sides },
        { operator: 'globalAveragePool', inputs: [1], output: 2, layer: '' },
      ],
      output: 2,
    },
    contract: {
      ...{ task: 'classification', channels: 'grey', mean: [0], std: [1], labels: ['grey'] },
      source: { size: source, fit: 'fill' },
      prepare: [{ name: 'resize', size: [2, 2] }],
    },
    provenance: {},
    tensors: new Map(),
  });
}
