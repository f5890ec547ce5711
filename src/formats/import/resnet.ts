import { mapByRules, type NameMap, NORM, normField } from './names.js';

/** CIFAR's residual networks: `conv1`, `bn1`, `blocks.<i>.conv1`, …, `fc`. */
export const resnetNames: NameMap = mapByRules([
  [/stem\.conv\.weight/, () => 'conv1.weight'],
  [new RegExp(`stem\\.norm\\.(${NORM})`), (field) => `bn1.${normField(field)}`],
  [/blocks\.(\d+)\.conv([12])\.weight/, (block, i) => `blocks.${block}.conv${i}.weight`],
  [new RegExp(`blocks\\.(\\d+)\\.norm([12])\\.(${NORM})`), (block, i, field) => `blocks.${block}.bn${i}.${normField(field)}`],
  [/classifier\.(weight|bias)/, (field) => `fc.${field}`],
]);
