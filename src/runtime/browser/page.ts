import { newLock } from '../../engine/wasm/web-locks.js';
import { ConfigError, ShapeError } from '../../errors.js';
import type { NamedClass } from '../../metrics/ranking.js';
import { DrawableReader, drawableKind } from '../drawables.js';
import type { Floats, Images } from '../images.js';
import {
  type Answer,
  type LoadOptions,
  modelDisposed,
  type ProfiledStep,
  type RuntimeFacts,
  type RuntimeModel,
  type Transfer,
} from '../model.js';
import type { Image, Pixels } from '../rasters.js';
import { bytesOrAddress, type ModelSource, parseAddress } from '../source.js';
import { Link } from './link.js';
import type { Question } from './messages.js';

/** `load` of a page: the model lives in a worker of its own, and what is asked of it here is asked there. Parameters and errors as in Node (`../load.ts`). */
export async function load(source: ModelSource, { files, ...options }: LoadOptions = {}): Promise<RuntimeModel> {
  const base = globalThis.document?.baseURI ?? location.href;
  const found = bytesOrAddress(source, base);
  const sent = found instanceof Uint8Array ? compact(found) : found.href;
  const link = new Link(startWorker(files, base));
  const lock = newLock();
  try {
    const { value } = await ask<RuntimeFacts>(link, { kind: 'load', source: sent, options, lock });
    link.watch(lock);
    return remoteModel(link, value);
  } catch (error) {
    link.close(modelDisposed());
    throw error;
  }
}

function startWorker(files: string | URL | undefined, base: string): Worker {
  // Written out, so that bundlers find the file.
  if (files === undefined) return new Worker(new URL('./runtime-worker.js', import.meta.url), { type: 'module' });
  const folder = parseAddress(`${files}`.replace(/\/*$/, '/'), base);
  if (!folder) throw new ConfigError('files', `got ${JSON.stringify(files)}, needs the address of a folder`);
  return new Worker(new URL('runtime-worker.js', folder), { type: 'module' });
}

function remoteModel(link: Link, loaded: RuntimeFacts): RuntimeModel {
  let facts = loaded;
  const asking = async <T>(question: Question, transfer?: readonly Transfer[]): Promise<T> => {
    const answered = await ask<T>(link, question, transfer);
    facts = { ...facts, ...answered.facts };
    return answered.value;
  };
  return {
    run: async (images, { transfer = [] } = {}) => asking<Answer>({ kind: 'run', images: sendable(images, transfer) }, transfer),
    classify: async (images, { transfer = [], ...options } = {}) =>
      asking<NamedClass[][]>({ kind: 'classify', images: sendable(images, transfer), options }, transfer),
    profile: async (images, rounds) => asking<readonly ProfiledStep[]>({ kind: 'profile', images: sendable(images, []), rounds }),
    get facts() {
      return facts;
    },
    dispose: () => link.close(modelDisposed()),
  };
}

/** @throws ShapeError or ConfigError for what cannot be sent */
function ask<T>(link: Link, question: Question, transfer?: readonly Transfer[]) {
  try {
    return link.ask<T>(question, transfer);
  } catch (cause) {
    const what = `what cannot be sent to a worker (${(cause as Error).message})`;
    if (question.kind === 'load') throw new ConfigError('options', `got ${what}, needs plain values`, { cause });
    throw new ShapeError(question.kind, what, 'images as numbers, and their buffers where they are handed over');
  }
}

/** Canvases stay in the page: their pixels go. What is no image the worker refuses, as Node does. */
function sendable(images: Images, transfer: readonly Transfer[]): Images {
  if (Array.isArray(images)) return (images as readonly Image[]).map((image) => sendableOne(image, transfer));
  return sendableOne(images as Image | Floats, transfer);
}

const drawables = new DrawableReader();

function sendableOne<I extends Image | Floats>(image: I, transfer: readonly Transfer[]): I | Pixels {
  const kind = Object(image) === image ? drawableKind(image) : null;
  if (kind === 'OffscreenCanvas' || kind === 'HTMLCanvasElement') return drawables.read(image);
  const data = Object(image).data as Uint8Array;
  if (!ArrayBuffer.isView(data) || transfer.includes(data.buffer as ArrayBuffer)) return image;
  const own = compact(data);
  return own === data ? image : { ...image, data: own };
}

/** A message carries the whole buffer of a view, and shares one that is shared: this has what is seen, and a buffer of its own. */
function compact<V extends Uint8Array>(view: V): V {
  const owns = view.buffer instanceof ArrayBuffer && view.byteLength === view.buffer.byteLength;
  return owns ? view : (view.slice() as V);
}
