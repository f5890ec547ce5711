import type { Rng } from '#dist/tensor/rng.js';
import { editHeader } from './json-edits.js';
import { pick } from './pick.js';
import type { Reader, Sample } from './reader.js';

/** Changed bytes; null where there is nothing of the kind to change. */
type Mutation = (bytes: Uint8Array, rng: Rng, reader: Reader, sample: Sample) => Uint8Array | null;

const mutations: Readonly<Record<string, Mutation>> = {
  'flip bits': (bytes, rng) => changed(bytes, rng, (byte) => byte ^ (1 << rng.integer(8))),
  'replace bytes': (bytes, rng) => changed(bytes, rng, () => pick(rng, [0, 1, 0x7f, 0x80, 0xff, rng.integer(256)])),
  truncate: (bytes, rng, _, sample) => bytes.slice(0, place(bytes, rng, sample)),
  delete: (bytes, rng, _, sample) => {
    const start = place(bytes, rng, sample);
    return spliced(bytes, start, span(bytes, start, rng, sample), new Uint8Array());
  },
  insert: (bytes, rng, _, sample) => {
    const filler = Uint8Array.from({ length: 1 + rng.integer(40) }, () => rng.integer(256));
    return spliced(bytes, place(bytes, rng, sample), 0, rng.integer(2) === 0 ? filler : filler.fill(filler[0]!));
  },
  repeat: (bytes, rng, _, sample) => {
    const start = place(bytes, rng, sample);
    const part = bytes.slice(start, start + span(bytes, start, rng, sample));
    return spliced(bytes, start, 0, joined(...Array.from({ length: 1 + rng.integer(3) }, () => part)));
  },
  'swap sections': swapSections,
  'lie about a length': lieAboutLength,
  'lie about a number in text': lieInText,
  'put in a token': (bytes, rng, { tokens }, sample) =>
    tokens
      ? spliced(bytes, place(bytes, rng, sample), rng.integer(4) === 0 ? 1 : 0, joined(...several(rng, () => pick(rng, tokens))))
      : null,
  'tell a lie': (bytes, rng, { lie }) => lie?.(bytes, rng) ?? null,
  'edit the header': (bytes, rng, { header }) => (header ? editHeader(bytes, header, rng) : null),
};

/** One file changed in one to three ways, and what was done to it. */
export function mutate(reader: Reader, sample: Sample, rng: Rng): { readonly bytes: Uint8Array; readonly how: string } {
  // A copy, and no Buffer, whose own slice() would share memory with the sample.
  let bytes: Uint8Array = new Uint8Array(sample.bytes);
  const steps: string[] = [];
  const wanted = pick(rng, [1, 1, 1, 2, 3]);
  while (steps.length < wanted) {
    // A header is where most lies are: where there is one, half of the changes are to it.
    const [inHeader, ofItsOwn] = [reader.header && rng.integer(2) === 0, reader.lie && rng.integer(3) === 0];
    const name = ofItsOwn ? 'tell a lie' : inHeader ? 'edit the header' : pick(rng, Object.keys(mutations));
    const result = mutations[name]!(bytes, rng, reader, sample);
    if (!result) continue;
    bytes = result;
    steps.push(name);
  }
  if (reader.seal && rng.integer(4) > 0) {
    bytes = reader.seal(bytes);
    steps.push('seal');
  }
  return { bytes, how: `${sample.name}: ${steps.join(', ')}` };
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(parts));
}

function several<T>(rng: Rng, make: () => T): T[] {
  return Array.from({ length: pick(rng, [1, 1, 2, 4, 20]) }, make);
}

function changed(bytes: Uint8Array, rng: Rng, change: (byte: number) => number): Uint8Array | null {
  if (bytes.length === 0) return null;
  const copy = bytes.slice();
  for (let i = pick(rng, [1, 1, 2, 8]); i > 0; i--) {
    // Headers are short and mean most: half of the changes fall into the first bytes or the last.
    const near = Math.min(64, copy.length);
    const at = pick(rng, [
      rng.integer(copy.length),
      rng.integer(copy.length),
      rng.integer(near),
      copy.length - 1 - rng.integer(near),
    ]);
    copy[at] = change(copy[at]!);
  }
  return copy;
}

function spliced(bytes: Uint8Array, start: number, remove: number, put: Uint8Array): Uint8Array {
  return joined(bytes.subarray(0, start), put, bytes.subarray(start + remove));
}

/** A byte at or beside a seam, at a block's start, or anywhere. */
function place(bytes: Uint8Array, rng: Rng, { seams = [] }: Sample): number {
  const anywhere = rng.integer(bytes.length + 1);
  const places = [anywhere, anywhere, anywhere - (anywhere % 8), anywhere - (anywhere % 512), 0, bytes.length];
  if (seams.length > 0) places.push(...[-1, 0, 0, 1].map((beside) => pick(rng, seams) + beside));
  return Math.max(0, Math.min(bytes.length, pick(rng, places)));
}

/** Bytes from `start` to a seam behind it, or a few. */
function span(bytes: Uint8Array, start: number, rng: Rng, { seams = [] }: Sample): number {
  const ends = seams.filter((seam) => seam > start);
  const end = ends.length > 0 && rng.integer(2) === 0 ? pick(rng, ends) : start + 1 + rng.integer(pick(rng, [4, 64, 1024]));
  return Math.min(end, bytes.length) - start;
}

function swapSections(bytes: Uint8Array, rng: Rng, _: Reader, sample: Sample): Uint8Array {
  const cuts = Array.from({ length: 4 }, () => place(bytes, rng, sample)).sort((a, b) => a - b);
  const [a, b, c, d] = cuts as [number, number, number, number];
  const part = (from: number, to: number) => bytes.subarray(from, to);
  return joined(part(0, a), part(c, d), part(b, c), part(a, b), part(d, bytes.length));
}

interface Field {
  readonly at: number;
  readonly width: 2 | 4 | 8;
  readonly isLittle: boolean;
}

/** Overwrites a field that could be a length (or an offset, a count) of this file by one that lies. */
function lieAboutLength(bytes: Uint8Array, rng: Rng): Uint8Array | null {
  const copy = bytes.slice();
  const view = new DataView(copy.buffer);
  const [width, isLittle] = [pick(rng, [2, 4, 8] as const), rng.integer(2) === 0];
  const fields: number[] = [];
  for (let at = 0; at + width <= copy.length; at++) {
    const value = smallNumber(view, { at, width, isLittle });
    if (value > 0 && value <= 2 * copy.length) fields.push(at);
  }
  if (fields.length === 0) return null;
  const field = { at: pick(rng, fields), width, isLittle };
  const truth = BigInt(smallNumber(view, field));
  const size = BigInt(copy.length);
  const lies = [0n, 1n, 2n ** 31n - 1n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 53n, 2n ** 53n + 1n, 2n ** 63n, 2n ** 64n - 1n];
  setField(view, field, pick(rng, [...lies, truth - 1n, truth + 1n, truth * 2n, truth * 1000n, size, size - 1n, size + 1n]));
  return copy;
}

/** What stands in the field, 0 where that is no length of a small file. */
function smallNumber(view: DataView, { at, width, isLittle }: Field): number {
  if (width === 2) return view.getUint16(at, isLittle);
  if (width === 4) return view.getUint32(at, isLittle);
  return view.getUint32(isLittle ? at + 4 : at, isLittle) === 0 ? view.getUint32(isLittle ? at : at + 4, isLittle) : 0;
}

function setField(view: DataView, { at, width, isLittle }: Field, value: bigint): void {
  if (width === 8) view.setBigUint64(at, value, isLittle);
  else if (width === 4) view.setUint32(at, Number(BigInt.asUintN(32, value)), isLittle);
  else view.setUint16(at, Number(BigInt.asUintN(16, value)), isLittle);
}

/** Numbers written in digits, as tar has them in octal and pickles in lines: others of as many digits, or of more. */
function lieInText(bytes: Uint8Array, rng: Rng): Uint8Array | null {
  const text = Buffer.from(bytes).toString('latin1');
  const runs = [...text.matchAll(/\d+/g)];
  if (runs.length === 0) return null;
  const { 0: digits, index } = pick(rng, runs);
  const lies = ['0', '1', '9', '7', '8', '2147483647', '4294967295', '9007199254740993', '18446744073709551615', '-1', '1e9', ''];
  const lie = pick(rng, [...lies, String(BigInt(digits) + 1n), '7'.repeat(digits.length), '9'.repeat(digits.length)]);
  const fitted = rng.integer(2) === 0 ? lie : lie.padStart(digits.length, '0').slice(-digits.length);
  return Uint8Array.from(Buffer.from(text.slice(0, index) + fitted + text.slice(index + digits.length), 'latin1'));
}
