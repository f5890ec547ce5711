import type { EngineHost } from '../engine/host.js';
import { type LoadOptions, loadOn, type RuntimeModel } from './model.js';
import { type ModelSource, readSource } from './source.js';

/**
 * Loads a packed model, checks all of it, and runs it once, so that the first answer takes no longer than any. In Node it runs in the process that calls;
 * a page has a `load` of its own (`browser/page.ts`), which runs it in a worker.
 * @param source its bytes, or their address: in a page also one relative to the page, in Node also one of a file
 * @throws FormatError as `decodePackedModel`, with reason `too-much-memory` for a file that claims more than it may take, and
 *   `not-found` for an address that gives nothing
 * @throws ConfigError for impossible options, or a source that is none
 * @throws UnsupportedError without WebAssembly SIMD; OutOfMemoryError for a model that does not fit
 */
export async function load(source: ModelSource, options: LoadOptions = {}): Promise<RuntimeModel> {
  const { readFile } = await import('node:fs/promises');
  const host = await runtimeHost();
  return loadOn(host, await readSource(source, readFile), options);
}

/** Node, with the kernels of packed models. */
export async function runtimeHost(): Promise<EngineHost> {
  const { createNodeHost } = await import('../engine/node-host.js');
  return createNodeHost(new URL('../browser/', import.meta.url));
}
