/** Pickles for tests, put together from fragments: each function gives the opcodes that leave one value on the stack. */
export type Fragment = readonly number[];

const ascii = (text: string): number[] => [...new TextEncoder().encode(text)];
const u32 = (value: number): number[] => [...new Uint8Array(new Uint32Array([value]).buffer)];

export const none: Fragment = [0x4e];
export const yes: Fragment = [0x88];
export const no: Fragment = [0x89];

export function int(value: number): Fragment {
  return [0x4a, ...u32(value >>> 0)];
}

/** A whole number of any size, as LONG1. */
export function long(value: bigint): Fragment {
  const bytes: number[] = [];
  let rest = value;
  do {
    bytes.push(Number(BigInt.asUintN(8, rest)));
    rest >>= 8n;
  } while (rest !== 0n && rest !== -1n);
  if (rest === -1n || bytes.at(-1)! >= 0x80) bytes.push(rest === -1n ? 0xff : 0);
  return [0x8a, bytes.length, ...bytes];
}

export function float(value: number): Fragment {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setFloat64(0, value);
  return [0x47, ...bytes];
}

export function text(value: string): Fragment {
  const bytes = ascii(value);
  return [0x58, ...u32(bytes.length), ...bytes];
}

export function tuple(...items: Fragment[]): Fragment {
  return [0x28, ...items.flat(), 0x74];
}

export function list(...items: Fragment[]): Fragment {
  return [0x5d, 0x28, ...items.flat(), 0x65];
}

export function dict(entries: Record<string, Fragment>): Fragment {
  return [0x7d, 0x28, ...Object.entries(entries).flatMap(([key, value]) => [...text(key), ...value]), 0x75];
}

export function global(module: string, name: string): Fragment {
  return [0x63, ...ascii(`${module}\n${name}\n`)];
}

export function call(callee: Fragment, ...args: Fragment[]): Fragment {
  return [...callee, ...tuple(...args), 0x52];
}

export function orderedDict(entries: Record<string, Fragment> = {}): Fragment {
  return [...call(global('collections', 'OrderedDict')), ...dict(entries).slice(1)];
}

export interface StorageSpec {
  key: string;
  /** `Float` for torch.FloatStorage */
  type: string;
  count: number;
  /** Start and count of the part that is meant; the legacy form has them. */
  view?: [number, number];
}

export function storage({ key, type, count, view }: StorageSpec): Fragment {
  const part = view ? [tuple(text('part'), int(view[0]), int(view[1]))] : [];
  return [...tuple(text('storage'), global('torch', `${type}Storage`), text(key), text('cpu'), int(count), ...part), 0x51];
}

export interface TensorSpec extends StorageSpec {
  offset?: number;
  shape: number[];
  strides: number[];
}

export function tensor(spec: TensorSpec): Fragment {
  return call(
    global('torch._utils', '_rebuild_tensor_v2'),
    storage(spec),
    int(spec.offset ?? 0),
    tuple(...spec.shape.map(int)),
    tuple(...spec.strides.map(int)),
    no,
    orderedDict(),
  );
}

export function pickle(value: Fragment, protocol = 2): Uint8Array {
  return Uint8Array.from([0x80, protocol, ...value, 0x2e]);
}
