import { mapByRules, type NameMap, NORM, normField, type Place } from './names.js';

/**
 * DynamicDenseNet as the DGC authors name it. Their heads are modules of their own, `headconv_<i>`; ours are one tensor of each kind,
 * head after head.
 */
export function dyDenseNetNames(heads: number): NameMap {
  const ofHeads = (layer: string, name: string): Place => ({
    names: Array.from({ length: heads }, (_, head) => `${layer}.headconv_${head}.${name}`),
  });
  const layer = (stage: string, index: string) => `features.denseblock_${Number(stage) + 1}.denselayer_${Number(index) + 1}`;
  const dynamic = (stage: string, index: string) => `${layer(stage, index)}.conv_1`;
  const inDynamic = 'stages\\.(\\d+)\\.layers\\.(\\d+)\\.dynamic';
  const inGrouped = 'stages\\.(\\d+)\\.layers\\.(\\d+)\\.grouped';
  return mapByRules([
    [/stem\.weight/, () => 'features.init_conv.weight'],
    [new RegExp(`${inDynamic}\\.norm\\.(${NORM})`), (i, j, field) => `${dynamic(i, j)}.norm.${normField(field)}`],
    [new RegExp(`${inDynamic}\\.inactive`), (i, j) => `${dynamic(i, j)}._inactive_channels`],
    [new RegExp(`${inDynamic}\\.weight`), (i, j) => ofHeads(dynamic(i, j), 'conv.weight')],
    [new RegExp(`${inDynamic}\\.reduce`), (i, j) => ofHeads(dynamic(i, j), 'fc1.weight')],
    [new RegExp(`${inDynamic}\\.expand`), (i, j) => ({ ...ofHeads(dynamic(i, j), 'fc2.weight'), form: 'matrix' })],
    [new RegExp(`${inDynamic}\\.expandBias`), (i, j) => ofHeads(dynamic(i, j), 'fc2.bias')],
    [new RegExp(`${inGrouped}\\.norm\\.(${NORM})`), (i, j, field) => `${layer(i, j)}.conv_2.norm.${normField(field)}`],
    [new RegExp(`${inGrouped}\\.conv\\.weight`), (i, j) => `${layer(i, j)}.conv_2.conv.weight`],
    [new RegExp(`norm\\.(${NORM})`), (field) => `bn_last.${normField(field)}`],
    [/classifier\.(weight|bias)/, (field) => `classifier.${field}`],
  ]);
}
