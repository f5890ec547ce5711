import { mapByRules, type NameMap, NORM, normField, type Place, within } from './names.js';

/**
 * One dynamic group convolution as the DGC authors name it. Their heads are modules of their own, `headconv_<i>`; ours are one
 * tensor of each kind, head after head.
 */
export function dynamicLayerNames(heads: number): NameMap {
  const ofHeads = (name: string): Place => ({
    names: Array.from({ length: heads }, (_, head) => `headconv_${head}.${name}`),
  });
  return mapByRules([
    [new RegExp(`norm\\.(${NORM})`), (field) => `norm.${normField(field)}`],
    [/inactive/, () => '_inactive_channels'],
    [/weight/, () => ofHeads('conv.weight')],
    [/reduce/, () => ofHeads('fc1.weight')],
    [/expand/, () => ({ ...ofHeads('fc2.weight'), form: 'matrix' })],
    [/expandBias/, () => ofHeads('fc2.bias')],
  ]);
}

/** DynamicDenseNet as the DGC authors name it; they count stages and layers from 1. */
export function dyDenseNetNames(heads: number): NameMap {
  const dynamic = dynamicLayerNames(heads);
  const layer = (stage: string, index: string) => `features.denseblock_${Number(stage) + 1}.denselayer_${Number(index) + 1}`;
  const inLayer = 'stages\\.(\\d+)\\.layers\\.(\\d+)';
  return mapByRules([
    [/stem\.weight/, () => 'features.init_conv.weight'],
    [new RegExp(`${inLayer}\\.dynamic\\.(.+)`), (stage, index, path) => within(`${layer(stage, index)}.conv_1`, dynamic(path))],
    [
      new RegExp(`${inLayer}\\.grouped\\.norm\\.(${NORM})`),
      (stage, index, field) => `${layer(stage, index)}.conv_2.norm.${normField(field)}`,
    ],
    [new RegExp(`${inLayer}\\.grouped\\.conv\\.weight`), (stage, index) => `${layer(stage, index)}.conv_2.conv.weight`],
    [new RegExp(`norm\\.(${NORM})`), (field) => `bn_last.${normField(field)}`],
    [/classifier\.(weight|bias)/, (field) => `classifier.${field}`],
  ]);
}
