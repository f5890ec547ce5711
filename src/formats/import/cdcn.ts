import { mapByRules, type NameMap, type NameRule, NORM, normField } from './names.js';

/** PyTorch's positions within a block: convolution, batch norm and ReLU of the first layer, then those of the next. */
const LAYER_LENGTH = 3;

/** A level of ours as one `nn.Sequential` of theirs. */
function level(ours: string, theirs: string): NameRule[] {
  const position = (layer: string) => LAYER_LENGTH * Number(layer);
  return [
    [new RegExp(`${ours}\\.layers\\.(\\d+)\\.conv\\.weight`), (layer) => `${theirs}.${position(layer)}.conv.weight`],
    [
      new RegExp(`${ours}\\.layers\\.(\\d+)\\.norm\\.(${NORM})`),
      (layer, field) => `${theirs}.${position(layer) + 1}.${normField(field)}`,
    ],
  ];
}

const levels = [...level('stem', 'conv1'), ...level('low', 'Block1'), ...level('mid', 'Block2'), ...level('high', 'Block3')];

/** CDCN as its authors name it: each layer of the head is a sequence of its own, `lastconv1` to `lastconv3`. */
export const cdcnNames: NameMap = mapByRules([
  ...levels,
  [/head\.layers\.(\d+)\.conv\.weight/, (layer) => `lastconv${Number(layer) + 1}.0.conv.weight`],
  [
    new RegExp(`head\\.layers\\.(\\d+)\\.norm\\.(${NORM})`),
    (layer, field) => `lastconv${Number(layer) + 1}.1.${normField(field)}`,
  ],
  [/depth\.weight/, () => 'lastconv3.0.conv.weight'],
]);

/** CDCN++ as its authors name it: the head is one sequence, the attention modules are `sa1` to `sa3`. */
export const cdcnPlusPlusNames: NameMap = mapByRules([
  ...levels,
  ...level('head', 'lastconv1'),
  [/depth\.weight/, () => 'lastconv1.3.conv.weight'],
  [/attention\.(\d+)\.conv\.weight/, (scale) => `sa${Number(scale) + 1}.conv1.weight`],
]);
