import type { ResNet } from '../../models/index.js';
import { Identity } from '../../nn/index.js';
import { mapByRules, type NameMap, NORM, normField } from './names.js';

/** CIFAR's residual networks: `conv1`, `bn1`, `blocks.<i>.conv1`, …, `fc`. */
export const resnetNames: NameMap = mapByRules([
  [/stem\.conv\.weight/, () => 'conv1.weight'],
  [new RegExp(`stem\\.norm\\.(${NORM})`), (field) => `bn1.${normField(field)}`],
  [/blocks\.(\d+)\.conv([12])\.weight/, (block, i) => `blocks.${block}.conv${i}.weight`],
  [new RegExp(`blocks\\.(\\d+)\\.norm([12])\\.(${NORM})`), (block, i, field) => `blocks.${block}.bn${i}.${normField(field)}`],
  [/classifier\.(weight|bias)/, (field) => `fc.${field}`],
]);

/** torchvision's residual networks of basic blocks (`resnet18`): `layer<stage>.<block>`, stages from 1; projections are `downsample`. */
export function torchvisionNames({ blocks }: ResNet): NameMap {
  let [stage, first] = [1, 0];
  const layers = blocks.map(({ shortcut }, block) => {
    // Within a stage nothing changes its shape.
    if (block > 0 && !(shortcut instanceof Identity)) [stage, first] = [stage + 1, block];
    return `layer${stage}.${block - first}`;
  });
  const layer = (block: string) => layers[Number(block)];
  return mapByRules([
    [/stem\.conv\.weight/, () => 'conv1.weight'],
    [new RegExp(`stem\\.norm\\.(${NORM})`), (field) => `bn1.${normField(field)}`],
    [/blocks\.(\d+)\.conv([12])\.weight/, (block, i) => `${layer(block)}.conv${i}.weight`],
    [new RegExp(`blocks\\.(\\d+)\\.norm([12])\\.(${NORM})`), (block, i, field) => `${layer(block)}.bn${i}.${normField(field)}`],
    [/blocks\.(\d+)\.shortcut\.conv\.weight/, (block) => `${layer(block)}.downsample.0.weight`],
    [
      new RegExp(`blocks\\.(\\d+)\\.shortcut\\.norm\\.(${NORM})`),
      (block, field) => `${layer(block)}.downsample.1.${normField(field)}`,
    ],
    [/classifier\.(weight|bias)/, (field) => `fc.${field}`],
  ]);
}
