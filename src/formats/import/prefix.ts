/** What `nn.DataParallel` puts before every name. */
const parallelPrefix = 'module.';

/** Tensors by name, without what `nn.DataParallel` put before all of their names. */
export function withoutParallelPrefix<T>(tensors: ReadonlyMap<string, T>): ReadonlyMap<string, T> {
  if (![...tensors.keys()].every((name) => name.startsWith(parallelPrefix))) return tensors;
  return new Map([...tensors].map(([name, tensor]) => [name.slice(parallelPrefix.length), tensor]));
}
