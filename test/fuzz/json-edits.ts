import { scanJson } from '#dist/formats/json-scan.js';
import type { Rng } from '#dist/tensor/rng.js';
import { pick } from './pick.js';

/** How the JSON header of a file is taken out and put back, lengths and all. */
export interface HeaderForm {
  /** Null where the bytes have none any more. */
  take(bytes: Uint8Array): string | null;
  put(bytes: Uint8Array, header: string): Uint8Array;
}

/** A file whose header is other JSON than before, but valid JSON; null where it has no header. */
export function editHeader(bytes: Uint8Array, form: HeaderForm, rng: Rng): Uint8Array | null {
  const text = form.take(bytes);
  const edited = text === null ? null : editJson(text, rng);
  return edited === null ? null : form.put(bytes, edited);
}

/** 8 bytes of length (little-endian), then JSON, as safetensors have it. */
export const lengthAndJson: HeaderForm = {
  take(bytes) {
    if (bytes.length < 8) return null;
    const length = Number(Buffer.from(bytes).readBigUInt64LE());
    return 8 + length > bytes.length ? null : Buffer.from(bytes.subarray(8, 8 + length)).toString('utf8');
  },
  put(bytes, header) {
    const old = Number(Buffer.from(bytes).readBigUInt64LE());
    const length = Buffer.alloc(8);
    const json = Buffer.from(header);
    length.writeBigUInt64LE(BigInt(json.length));
    return Uint8Array.from(Buffer.concat([length, json, bytes.subarray(8 + old)]));
  },
};

/** One place of a JSON text changed; null where it is no JSON, or nothing in it can change. */
function editJson(text: string, rng: Rng): string | null {
  let holder: Parent;
  // What an earlier edit nested too deep is left as it is: the walk below would not come back from it.
  if (scanJson(text).depth > 100) return null;
  try {
    holder = { root: JSON.parse(text) };
  } catch {
    return null;
  }
  const { parent, key } = pick(rng, placesIn(holder));
  const value = parent[key];
  const raw = new RawTexts();
  const inner = typeof value === 'string' && rng.integer(4) > 0 ? editJson(value, rng) : null;
  if (inner === null) editPlace(parent, key, value, raw, rng);
  else parent[key] = inner;
  const json = JSON.stringify(holder['root']) as string | undefined;
  return json === undefined ? null : raw.into(json);
}

type Parent = Record<string, unknown>;

function placesIn(parent: Parent): { parent: Parent; key: string }[] {
  return Object.entries(parent).flatMap(([key, value]) => [
    { parent, key },
    ...(typeof value === 'object' && value !== null ? placesIn(value as Parent) : []),
  ]);
}

/** Texts that stand in JSON as they are: numbers that JavaScript does not write, keys given twice. */
class RawTexts {
  private readonly texts: string[] = [];

  add(text: string): string {
    this.texts.push(text);
    return `raw#${this.texts.length - 1}#`;
  }

  /** A key's mark has its colon and a value behind it: `"raw#0#":null` becomes the text. */
  into(json: string): string {
    return json.replaceAll(/"raw#(\d+)#"(?::null)?/g, (_, index: string) => this.texts[Number(index)]!);
  }
}

const numbers =
  '0 1 -1 -0 2 0.5 1.0 1e0 2147483647 2147483648 4294967295 4294967296 9007199254740991 9007199254740993 9223372036854775808 18446744073709551616 1e308 1e999 -1e999'.split(
    ' ',
  );
const names = [
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  '__metadata__',
  'length',
  '',
  '\ud800',
  '\0',
  'x'.repeat(300),
];
const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);

function editPlace(parent: Parent, key: string, value: unknown, raw: RawTexts, rng: Rng): void {
  const number = () => raw.add(pick(rng, numbers));
  const edits: (() => void)[] = [
    () => set(parent, key, number()),
    () => set(parent, key, pick<unknown>(rng, [null, true, false, 'text', '', [], {}, [null], { a: 1 }, ...names])),
    () => set(parent, key, raw.add(pick(rng, [nested(10), nested(17), nested(20_000), '{"a":'.repeat(30) + 1 + '}'.repeat(30)]))),
    () => set(parent, key, Array.from({ length: pick(rng, [1, 2, 70, 3000]) }, number)),
    () => remove(parent, key),
    () => set(parent, key, pick(rng, placesIn(parent)).key),
    () => set(parent, key, parent[pick(rng, Object.keys(parent))]),
  ];
  if (Array.isArray(parent))
    edits.push(
      () => void parent.push(pick(rng, [...parent, 0, 1])),
      () => void parent.unshift(number()),
    );
  else {
    edits.push(() => set(parent, pick(rng, names), value));
    edits.push(() =>
      set(parent, raw.add(`${JSON.stringify(key)}:${JSON.stringify(pick<unknown>(rng, [value, null, 0]))}`), null),
    );
  }
  const beside = typeof value === 'number' ? [value + 1, value - 1, value * 2, -value, value * 2 ** 31, value + 0.5] : [];
  if (beside.length > 0) edits.push(() => set(parent, key, pick(rng, beside)));
  pick(rng, edits)();
}

/** As an own property, whatever the name. */
function set(parent: Parent, key: string, value: unknown): void {
  Object.defineProperty(parent, key, { value, enumerable: true, configurable: true, writable: true });
}

function remove(parent: Parent, key: string): void {
  if (Array.isArray(parent)) parent.splice(Number(key), 1);
  else delete parent[key];
}
