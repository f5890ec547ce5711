export { BiReal, type BiRealOptions } from './bireal.js';
export { Cdcn, type CdcnOptions, CdcnPlusPlus } from './cdcn.js';
export {
  CellClassifier,
  CellDepthNetwork,
  type CellMaker,
} from './cells.js';
export { DyDenseNet, type DyDenseNetOptions } from './dydensenet.js';
export { DyResNet, type DyResNetOptions } from './dyresnet.js';
export type { ModelEntry } from './entry.js';
export { Ftbnn, type FtbnnOptions } from './ftbnn.js';
export {
  type Cell,
  cdcnppGenotype,
  cellCount,
  cellSchema,
  type Frame,
  frameSchema,
  type Genotype,
  genotypeFormat,
  genotypeText,
  levelNames,
  parseGenotype,
  parseGenotypeText,
  plainGenotype,
  usedNodes,
} from './genotype.js';
export { type ModelSpec, Network, type OptionValue } from './network.js';
export { createOperation, type Operation, operationKinds, parseOperation, shareOf } from './operation.js';
export { type CreateModelOptions, createFromSpec, createModel, modelEntry, twinSpec } from './registry.js';
export { ResNet, type ResNetOptions } from './resnet.js';
export { type ModelName, models } from './table.js';
