import { ConfigError, DTypeError, FormatError, ShapeError } from '../errors.js';
import { bytesPerElement, holds, isStoredDType, readElements, type StoredTensor, storedDTypes, writeElements } from './dtypes.js';
import { scanJson } from './json-scan.js';

export type { StoredTensor } from './dtypes.js';

/*
 * safetensors (https://huggingface.co/docs/safetensors): 8 bytes with the header's length (little-endian), the header (JSON:
 * name → dtype, shape, data_offsets; strings under `__metadata__`), then the tensors' bytes without holes. Runs in browsers.
 */

const lengthBytes = 8;
/** The reference implementation's cap. */
const maxHeaderBytes = 100_000_000;
/** A header needs 3 ({ name: { shape: [ ]}}); unknown fields may bring a few more. */
const maxDepth = 16;
const metadataKey = '__metadata__';

export interface Safetensors {
  /** In the order of their bytes in the file. */
  readonly tensors: Map<string, StoredTensor>;
  readonly metadata: Record<string, string>;
}

/**
 * A safetensors file. Tensors are laid out in the given order (a Map keeps any; a record moves names that are integers to the
 * front); the same input gives the same bytes. The data starts at a multiple of 8 bytes.
 * @throws ShapeError when `data` does not have as many elements as `shape` says; DTypeError when it is another kind of array
 *   than `dtype` needs; ConfigError for a name or metadata that the format cannot hold
 */
export function encodeSafetensors(
  tensors: ReadonlyMap<string, StoredTensor> | Readonly<Record<string, StoredTensor>>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  const entries = tensors instanceof Map ? [...tensors] : Object.entries(tensors);
  const fields: string[] = [];
  if (Object.keys(metadata).length > 0) fields.push(`"${metadataKey}":${metadataJson(metadata)}`);
  let dataBytes = 0;
  for (const [name, tensor] of entries) {
    checkTensor(name, tensor);
    const { dtype, shape, data } = tensor;
    const info = { dtype, shape: [...shape], data_offsets: [dataBytes, dataBytes + data.byteLength] };
    fields.push(`${JSON.stringify(name)}:${JSON.stringify(info)}`);
    dataBytes += data.byteLength;
  }
  const json = new TextEncoder().encode(`{${fields.join(',')}}`);
  const headerBytes = Math.ceil(json.length / 8) * 8;
  if (headerBytes > maxHeaderBytes) {
    throw new ConfigError('metadata', `the header would have ${headerBytes} bytes; readers accept ${maxHeaderBytes}.`);
  }

  const file = new Uint8Array(lengthBytes + headerBytes + dataBytes);
  new DataView(file.buffer).setBigUint64(0, BigInt(headerBytes), true);
  file.set(json, lengthBytes);
  file.fill(0x20, lengthBytes + json.length, lengthBytes + headerBytes);
  let at = lengthBytes + headerBytes;
  for (const [, { data }] of entries) {
    writeElements(data, file, at);
    at += data.byteLength;
  }
  return file;
}

function metadataJson(metadata: Readonly<Record<string, string>>): string {
  for (const [key, value] of Object.entries(metadata)) {
    if (typeof value !== 'string') throw new ConfigError(`metadata.${key}`, `is ${kind(value)}; safetensors holds strings only.`);
    if (hasLoneSurrogate(key) || hasLoneSurrogate(value)) throw new ConfigError(`metadata.${key}`, 'is not valid Unicode text.');
  }
  return JSON.stringify(metadata);
}

function checkTensor(name: string, tensor: StoredTensor): void {
  const { dtype, shape, data } = tensor;
  if (name === metadataKey) throw new ConfigError('tensors', `"${metadataKey}" cannot be the name of a tensor.`);
  if (hasLoneSurrogate(name)) throw new ConfigError('tensors', `the name ${JSON.stringify(name)} is not valid Unicode text.`);
  if (!isStoredDType(dtype) || !holds(dtype, data)) {
    throw new DTypeError(`encodeSafetensors("${name}")`, data.constructor.name, `the typed array of ${String(dtype)}`);
  }
  const elements = shape.every(isCount) ? shape.reduce((product, size) => product * size, 1) : Number.NaN;
  if (elements !== data.length) {
    throw new ShapeError(`encodeSafetensors("${name}")`, `${data.length} elements`, `those of shape [${shape.join(', ')}]`);
  }
}

function hasLoneSurrogate(text: string): boolean {
  return /\p{Surrogate}/u.test(text);
}

/**
 * The tensors of a safetensors file, as copies. The whole header is checked before any data is read.
 * @param fileName for the error text
 * @throws FormatError with reason `too-short`, `header-too-short`, `header-too-large`, `header-past-end`, `header-not-utf8`,
 *   `header-too-deep`, `header-not-json`, `header-not-object`, `duplicate-key`, `not-unicode`, `bad-metadata`, `bad-entry`,
 *   `unknown-dtype`, `bad-shape`, `shape-overflow`, `bad-offsets`, `offsets-reversed`, `size-mismatch`, `overlap`, `hole`, `past-end` or
 *   `trailing-bytes`
 */
export function decodeSafetensors(bytes: Uint8Array, fileName: string): Safetensors {
  const { header, dataStart } = readHeader(bytes, fileName);
  const metadata = checkMetadata(header[metadataKey], fileName);
  const entries = Object.entries(header)
    .filter(([name]) => name !== metadataKey)
    .map(([name, value]) => checkEntry(name, value, fileName))
    .sort((a, b) => a.begin - b.begin || a.end - b.end);
  checkCoverage(entries, bytes.length - dataStart, fileName);

  const tensors = new Map<string, StoredTensor>();
  for (const { name, dtype, shape, elements, begin } of entries) {
    tensors.set(name, { dtype, shape, data: readElements(dtype, bytes, dataStart + begin, elements) } as StoredTensor);
  }
  return { tensors, metadata };
}

function readHeader(bytes: Uint8Array, file: string): { header: Record<string, unknown>; dataStart: number } {
  if (bytes.length < lengthBytes) {
    throw new FormatError(
      file,
      'too-short',
      `has ${bytes.length} bytes; a safetensors file starts with ${lengthBytes} of length.`,
    );
  }
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset, lengthBytes).getBigUint64(0, true));
  if (length < 2) throw new FormatError(file, 'header-too-short', `claims a header of ${length} bytes; the shortest is "{}".`);
  if (length > maxHeaderBytes) {
    throw new FormatError(
      file,
      'header-too-large',
      `claims a header of ${length} bytes, more than ${maxHeaderBytes}. Is it safetensors?`,
    );
  }
  const dataStart = lengthBytes + length;
  if (dataStart > bytes.length) {
    throw new FormatError(
      file,
      'header-past-end',
      `claims a header of ${length} bytes, but ends after ${bytes.length}. Cut short?`,
    );
  }
  return { header: parseHeader(bytes.slice(lengthBytes, dataStart), file), dataStart };
}

function parseHeader(bytes: Uint8Array, file: string): Record<string, unknown> {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new FormatError(file, 'header-not-utf8', 'the header is not UTF-8 text.', { cause });
  }
  const { depth, duplicateKey } = scanJson(text, maxDepth);
  if (depth > maxDepth) throw new FormatError(file, 'header-too-deep', `the header nests more than ${maxDepth} brackets.`);
  let header: unknown;
  try {
    header = JSON.parse(text);
  } catch (cause) {
    throw new FormatError(file, 'header-not-json', `the header is not JSON (${(cause as Error).message}).`, { cause });
  }
  if (!isRecord(header) || !text.startsWith('{')) {
    throw new FormatError(
      file,
      'header-not-object',
      `the header must be a JSON object, from its first byte on; it is ${kind(header)}.`,
    );
  }
  if (duplicateKey !== null) throw new FormatError(file, 'duplicate-key', `"${duplicateKey}" stands twice in the header.`);
  checkUnicode(Object.keys(header), file);
  return header;
}

/** An escape can make half of a character (`\\ud800`), which no text holds and which could not be written again. */
function checkUnicode(texts: readonly string[], file: string): void {
  const bad = texts.find(hasLoneSurrogate);
  if (bad !== undefined)
    throw new FormatError(file, 'not-unicode', `${JSON.stringify(bad)} in the header is not valid Unicode text.`);
}

function checkMetadata(value: unknown, file: string): Record<string, string> {
  if (value === undefined) return {};
  if (!isRecord(value)) throw new FormatError(file, 'bad-metadata', `the metadata must be an object; it is ${kind(value)}.`);
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== 'string') {
      throw new FormatError(file, 'bad-metadata', `metadata "${key}" must be a string; it is ${kind(text)}.`);
    }
  }
  const metadata = value as Record<string, string>;
  checkUnicode(Object.entries(metadata).flat(), file);
  return metadata;
}

interface Entry {
  name: string;
  dtype: StoredTensor['dtype'];
  shape: number[];
  elements: number;
  begin: number;
  end: number;
}

function checkEntry(name: string, value: unknown, file: string): Entry {
  const fail = (reason: string, detail: string) => new FormatError(file, reason, `tensor "${name}" ${detail}`);
  if (!isRecord(value)) throw fail('bad-entry', `must be described by an object; it is ${kind(value)}.`);
  const { dtype, shape, data_offsets: offsets } = value;
  if (!isStoredDType(dtype)) {
    throw fail('unknown-dtype', `has dtype ${JSON.stringify(dtype)}; known are ${storedDTypes.join(', ')}.`);
  }
  if (!Array.isArray(shape) || !shape.every(isCount)) {
    throw fail('bad-shape', `must have whole numbers as shape, 0 or more; it has ${JSON.stringify(shape)}.`);
  }
  let elements = 1;
  for (const size of shape) {
    elements *= size;
    if (!Number.isSafeInteger(elements * bytesPerElement(dtype))) {
      throw fail('shape-overflow', `has shape [${shape.join(', ')}], more than any file holds.`);
    }
  }
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount)) {
    throw fail('bad-offsets', `must have two whole numbers as data_offsets; it has ${JSON.stringify(offsets)}.`);
  }
  const [begin, end] = offsets as [number, number];
  if (begin > end) throw fail('offsets-reversed', `ends (${end}) before it begins (${begin}).`);
  const bytes = elements * bytesPerElement(dtype);
  if (end - begin !== bytes) {
    throw fail('size-mismatch', `occupies ${end - begin} bytes; ${dtype} of shape [${shape.join(', ')}] needs ${bytes}.`);
  }
  return { name, dtype, shape, elements, begin, end };
}

/** Sorted entries must follow one another without gaps and fill the data to its end. */
function checkCoverage(entries: readonly Entry[], dataBytes: number, file: string): void {
  let covered = 0;
  for (const { name, begin, end } of entries) {
    if (begin < covered) throw new FormatError(file, 'overlap', `tensor "${name}" begins at ${begin}, within the one before it.`);
    if (end > dataBytes)
      throw new FormatError(file, 'past-end', `tensor "${name}" ends at ${end}; there are ${dataBytes} bytes.`);
    if (begin > covered) {
      throw new FormatError(file, 'hole', `bytes ${covered} to ${begin}, before tensor "${name}", belong to no tensor.`);
    }
    covered = end;
  }
  if (covered < dataBytes) {
    throw new FormatError(file, 'trailing-bytes', `${dataBytes - covered} bytes after the last tensor belong to none.`);
  }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0 && !Object.is(value, -0);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function kind(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'an array' : `of type ${typeof value}`;
}
