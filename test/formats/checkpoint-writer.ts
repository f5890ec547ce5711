import { dict, type Fragment, int, list, long, no, pickle, text, yes } from './pickle-writer.js';
import { concat, type ZipOptions, type ZipPart, zip } from './zip-writer.js';

const encode = (value: string) => new TextEncoder().encode(value);

export interface ZipCheckpoint {
  root?: Fragment;
  /** Instead of the pickle of `root`. */
  pickleBytes?: Uint8Array;
  storages?: Record<string, Uint8Array>;
  version?: string | null;
  byteOrder?: string | null;
  deflate?: boolean;
  more?: ZipPart[];
  options?: ZipOptions;
}

/** What torch >= 1.6 writes. */
export function zipCheckpoint(spec: ZipCheckpoint): Uint8Array {
  const { root = dict({}), storages = {}, version = '3\n', byteOrder = 'little', deflate = false, more = [] } = spec;
  const files: [string, Uint8Array][] = [['data.pkl', spec.pickleBytes ?? pickle(root)]];
  if (byteOrder !== null) files.push(['byteorder', encode(byteOrder)]);
  for (const [key, bytes] of Object.entries(storages)) files.push([`data/${key}`, bytes]);
  if (version !== null) files.push(['version', encode(version)]);
  const parts = files.map(([name, content]) => ({ name: `archive/${name}`, content, deflate }));
  return zip([...parts, ...more], spec.options);
}

export interface LegacyCheckpoint {
  root?: Fragment;
  magic?: Fragment;
  version?: Fragment;
  machine?: Fragment;
  keys?: Fragment;
  /** In the order of the file: key, count as the file gives it, bytes. */
  storages?: [string, number, Uint8Array][];
  rest?: Uint8Array;
}

/** What torch < 1.6 writes. */
export function legacyCheckpoint(spec: LegacyCheckpoint): Uint8Array {
  const { root = dict({}), storages = [], rest = new Uint8Array() } = spec;
  return concat([
    pickle(spec.magic ?? long(0x1950a86a20f9469cfc6cn)),
    pickle(spec.version ?? int(1001)),
    pickle(spec.machine ?? machine(true)),
    pickle(root),
    pickle(spec.keys ?? list(...storages.map(([key]) => text(key)))),
    ...storages.flatMap(([, count, bytes]) => [new Uint8Array(new BigInt64Array([BigInt(count)]).buffer), bytes]),
    rest,
  ]);
}

export function machine(isLittleEndian: boolean): Fragment {
  return dict({ protocol_version: int(1001), little_endian: isLittleEndian ? yes : no, type_sizes: dict({ long: int(4) }) });
}

export function bytesOf(array: ArrayBufferView): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}
