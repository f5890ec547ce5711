/** What a packed model runs on, of `index.ts`: no gradients, losses or optimisers. Files that have nothing else are exported whole. */
export { packForwardWeights, padImages, convolve } from './convolution';
export { packDepthwiseWeights, convolveDepthwise } from './depthwise';
export { convolveWinograd, convolveWinogradPanels, transformWinogradTiles } from './winograd';
export { packWinogradFilters } from './winograd-filters';
export { groupedConvolution, packGroupedWeights } from './grouped';
export { packSigns } from './sign-packing';
export * from './binary';
export * from './binary-tables';
export * from './binary-nibbles';
export * from './binary-popcount';
export * from './select-channels';
export * from './dynamic';
export * from './dynamic-binary';
export { addColumns, addRows, copy, fill, hardTanh, multiplyColumns, multiplyRows, relu, sigmoid } from './elements';
export * from './finish';
export * from './movement';
export { columnSums, finishColumnSums, finishRowSums, repeatChannels, rowSums } from './reductions';
export { averagePool, channelMax, maxPool, resizeBilinear } from './spatial';
