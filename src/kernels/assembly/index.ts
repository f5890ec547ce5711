/** All kernels: what is exported here can be named in `WasmContext.run`. */
export * from './convolution';
export * from './depthwise';
export * from './winograd';
export * from './winograd-gradient';
export * from './grouped';
export * from './binary';
export * from './select-channels';
export * from './dynamic';
export * from './dynamic-gradient';
export * from './central-difference';
export * from './elements';
export * from './movement';
export * from './reductions';
export * from './norm';
export * from './spatial';
export * from './losses';
export * from './optimizers';
