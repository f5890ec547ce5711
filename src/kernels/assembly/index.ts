/** All kernels: what is exported here can be named in `WasmContext.run`. */
export * from './convolution';
export * from './elements';
export * from './norm';
export * from './spatial';
export * from './losses';
export * from './optimizers';
