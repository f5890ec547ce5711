import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, expect } from 'vitest';
import { PixelSource, shareLabels } from '../../src/data/pixels.js';
import { DataError } from '../../src/errors.js';

export { cifarRecord, gzip, idx } from './makers.js';

const made: string[] = [];

/** A folder that goes away after the test file. */
export function tempFolder(): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'gossamer-data-'));
  made.push(folder);
  return folder;
}

afterAll(() => {
  for (const folder of made) fs.rmSync(folder, { recursive: true, force: true });
});

/** Writes files below a folder, making folders on the way; returns the folder. */
export function write(folder: string, files: Record<string, Uint8Array | string>): string {
  for (const [name, content] of Object.entries(files)) {
    const file = path.join(folder, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, content);
  }
  return folder;
}

/** A source of made-up pixels: byte j of record i is (31 i + 7 j) mod 251, its label i mod classes. */
export function madeSource(length = 40, shape: [number, number, number] = [8, 8, 3], classes = 4): PixelSource {
  const [height, width, channels] = shape;
  const size = height * width * channels;
  const pixels = new SharedArrayBuffer(length * size);
  const bytes = new Uint8Array(pixels);
  for (let i = 0; i < length; i++) for (let j = 0; j < size; j++) bytes[i * size + j] = (31 * i + 7 * j) % 251;
  return new PixelSource({
    kind: 'pixels',
    name: 'made',
    classes: Array.from({ length: classes }, (_, i) => `class ${i}`),
    length,
    height,
    width,
    channels,
    pixels,
    labels: shareLabels(Int32Array.from({ length }, (_, i) => i % classes)),
  });
}

/** The DataError that the work ends with, its fields checked. */
export async function expectDataError(
  work: Promise<unknown>,
  fields: { file?: string | RegExp; record?: number | null; reason: string },
): Promise<DataError> {
  const error = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(DataError);
  const { file, record, reason, message } = error as DataError;
  expect({ reason, message }).toEqual({ reason: fields.reason, message });
  if (fields.record !== undefined) expect(record).toBe(fields.record);
  if (typeof fields.file === 'string') expect(file).toBe(fields.file);
  else if (fields.file) expect(file).toMatch(fields.file);
  expect(message).toContain(file);
  return error as DataError;
}

export function pixelsOf(source: PixelSource, index: number): number[] {
  const out = new Uint8Array(source.height * source.width * source.channels);
  source.read(index, out);
  return [...out];
}
