export { BinaryConv2d, type BinaryConv2dOptions } from './conv/binary.js';
export { CentralDifferenceConv2d } from './conv/central-difference.js';
export { Conv2d, type Conv2dOptions } from './conv/convolution.js';
export { DynamicGroupConv2d, type DynamicGroupConv2dOptions, deadSelectorShare, inactiveChannels } from './conv/dynamic.js';
export { constant, type Initializer, kaimingNormal, normal, uniformFanIn } from './initializers.js';
export {
  AveragePool2d,
  BatchNorm2d,
  FPReLU,
  GlobalAveragePool,
  HardTanh,
  Identity,
  Linear,
  MaxPool2d,
  PReLU,
  ReLU,
  Sigmoid,
} from './layers.js';
export { inTurn, Module, Sequential } from './module.js';
export { Buffer, Parameter, type ParameterRole, type StateEntry, StoredNumber } from './state.js';
