/** What `nn.DataParallel` puts before every name. */
const parallelPrefix = 'module.';

/** Tensors by name, without what `nn.DataParallel` put before all of their names. */
export function withoutParallelPrefix<T>(tensors: ReadonlyMap<string, T>): Map<string, T> {
  const length = [...tensors.keys()].every((name) => name.startsWith(parallelPrefix)) ? parallelPrefix.length : 0;
  return new Map([...tensors].map(([name, tensor]) => [name.slice(length), tensor]));
}
