import { LifetimeError } from '../errors.js';

/** For whoever still asks an engine for memory, numbers or kernels. */
export function engineDisposed(): LifetimeError {
  return new LifetimeError('The engine was disposed of, and its tensors with it. Make a new one, or dispose of it later.');
}
