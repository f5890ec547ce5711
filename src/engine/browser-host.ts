import { FormatError, UnsupportedError } from '../errors.js';
import type { EngineHost } from './host.js';
import { newLock, whenEnded } from './wasm/web-locks.js';
import type { WebThreadData } from './wasm/web-thread.js';

export interface BrowserParts {
  /** Address of a build of the kernels. */
  kernels(fileName: string): URL;
  /** Starts a worker that runs `wasm/web-thread.ts`. */
  startThread(): Worker;
  /**
   * Has someone whose event loop never stands still wait for the end of each thread (`whenEnded` of its lock), who then stores 1 in its place of
   * `signs`: the caller of kernels, who waits for threads with `Atomics.wait`, hears of nothing else.
   */
  watch(locks: readonly string[], signs: Int32Array): void;
}

export interface BrowserHost extends EngineHost {
  /** When all threads that were started are at work. @throws FormatError (`not-found`) for one that could not be loaded */
  ready(): Promise<void>;
}

/** A browser's worker (a page's own thread may not wait): kernels over the network, threads as Web Workers of a cross-origin isolated page. */
export function createBrowserHost(parts: BrowserParts): BrowserHost {
  let workers: Worker[] = [];
  let signs: Int32Array = new Int32Array(0);
  let started = Promise.resolve();
  return {
    name: browserName(navigator.userAgent),
    processors: navigator.hardwareConcurrency,
    loadKernels: (fileName) => compileFrom(parts.kernels(fileName)),
    allowRelaxedSimd() {
      // A page cannot set flags of its browser.
    },
    threads: {
      start(count, module, memory, onFailure) {
        signs = new Int32Array(new SharedArrayBuffer(count * Int32Array.BYTES_PER_ELEMENT));
        const locks = Array.from({ length: count }, newLock);
        workers = locks.map(() => parts.startThread());
        const starts = workers.map((worker, thread) => {
          const data: WebThreadData = { module, memory, lock: locks[thread]! };
          worker.postMessage(data);
          return new Promise<void>((resolve, reject) => {
            worker.onmessage = () => resolve();
            worker.onerror = (event) => {
              event.preventDefault();
              reject(missing('runtime-thread.js', event.message));
              onFailure(new Error(event.message || 'it could not be loaded'));
            };
          });
        });
        started = Promise.all(starts).then(() => {
          for (const lock of locks) whenEnded(lock, () => workers.length > 0 && onFailure(new Error('it ended')));
          parts.watch(locks, signs);
        });
        // Whoever waits for it hears of a refusal; nobody need wait.
        started.catch(() => {});
      },
      hasLost: () => signs.some((_, thread) => Atomics.load(signs, thread) !== 0),
      stop() {
        for (const worker of workers.splice(0)) worker.terminate();
      },
    },
    ready: () => started,
  };
}

/** For a file of the package that is not where it should be. */
export function missing(file: string, why: string): FormatError {
  return new FormatError(
    file,
    'not-found',
    `cannot be loaded${why ? ` (${why})` : ''}. All files of gossamer/runtime must lie in one folder of the page's own origin (the option files says where), ` +
      "and be served with the page's Cross-Origin-Embedder-Policy if it has one.",
  );
}

/** Compiles while it loads, where the server gives the file its type. */
async function compileFrom(address: URL): Promise<WebAssembly.Module> {
  const response = await fetch(address).catch((cause: unknown) => {
    throw missing(address.href, String(cause));
  });
  if (!response.ok) throw missing(address.href, `${response.status} ${response.statusText}`);
  try {
    const streams = response.headers.get('content-type')?.split(';')[0] === 'application/wasm';
    return await (streams ? WebAssembly.compileStreaming(response) : WebAssembly.compile(await response.arrayBuffer()));
  } catch (cause) {
    throw new UnsupportedError(
      'WebAssembly',
      `${address.href} cannot be compiled (${cause}). A Content-Security-Policy must allow it: script-src 'self' 'wasm-unsafe-eval'.`,
    );
  }
}

/** Name and version, of what a browser says about itself. */
function browserName(userAgent: string): string {
  const [, name, version] = /(Edg|Firefox|Chrome|Version)\/([\d.]+)/.exec(userAgent) ?? [];
  const names: Readonly<Record<string, string>> = { Edg: 'Edge', Version: 'Safari' };
  return name ? `${names[name] ?? name} ${version}` : userAgent;
}
