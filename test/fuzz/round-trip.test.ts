import fs from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openCifar10 } from '../../src/data/cifar.js';
import { parseCsv } from '../../src/data/csv.js';
import { readIdx } from '../../src/data/idx.js';
import { unpackTar } from '../../src/data/tar.js';
import { decodeSafetensors, encodeSafetensors } from '../../src/formats/safetensors.js';
import { ZipFile } from '../../src/formats/zip.js';
import { cifarRecord, gzip, idx, pixelsOf, tempFolder, write } from '../data/helpers.js';
import { tarOf } from '../data/tar-maker.js';
import { zip } from '../formats/zip-writer.js';
import { cifarContent, csvContent, csvText, idxContent, safetensorsContent, tarContent, zipContent } from './valid.js';

const folder = tempFolder();
const fixed = { seed: 1 };

describe('what was written comes back', () => {
  it('from safetensors', () => {
    fc.assert(
      fc.property(safetensorsContent, ({ tensors, metadata }) => {
        const decoded = decodeSafetensors(encodeSafetensors(tensors, metadata), 'x');
        expect([...decoded.tensors]).toEqual([...tensors]);
        expect(Object.entries(decoded.metadata).sort()).toEqual(Object.entries(metadata).sort());
      }),
      { ...fixed, numRuns: 500 },
    );
  });

  it('from zip files', () => {
    fc.assert(
      fc.property(zipContent, ({ parts, large, comment }) => {
        const file = new ZipFile(zip(parts, { large, comment }), 'x.zip');
        const contents = file.names.map((name) => [name, Uint8Array.from(file.read(name)!)]);
        expect(contents).toEqual(parts.map(({ name, content }) => [name, content]));
      }),
      { ...fixed, numRuns: 500 },
    );
  });

  it('from IDX files, compressed or not', async () => {
    await fc.assert(
      fc.asyncProperty(idxContent, fc.boolean(), async ({ dims, values }, isCompressed) => {
        const bytes = idx(dims, values);
        write(folder, { idx: isCompressed ? gzip(bytes) : bytes });
        const read = await readIdx(path.join(folder, 'idx'));
        expect({ ...read, data: Uint8Array.from(read.data) }).toEqual({ dims, data: values, complete: dims[0] });
      }),
      { ...fixed, numRuns: 100 },
    );
  });

  it('from CIFAR batches', async () => {
    await fc.assert(
      fc.asyncProperty(cifarContent, async (records) => {
        write(folder, { 'test_batch.bin': Buffer.concat(records.map(({ label, from }) => cifarRecord([label], from))) });
        const source = await openCifar10(folder, { split: 'test' });
        expect(records.map((_, i) => source.label(i))).toEqual(records.map(({ label }) => label));
        for (const [i, { from }] of records.entries()) {
          const pixels = Array.from({ length: 3072 }, (_, at) => (from + (at % 3) * 1024 + Math.floor(at / 3)) % 256);
          expect(pixelsOf(source, i)).toEqual(pixels);
        }
      }),
      { ...fixed, numRuns: 30 },
    );
  });

  it('from tar archives, compressed or not', async () => {
    await fc.assert(
      fc.asyncProperty(tarContent, fc.boolean(), async (members, isCompressed) => {
        const [name, content] = Object.entries(members).at(-1)!;
        const bytes = tarOf(members);
        write(folder, { 'x.tar': isCompressed ? gzip(bytes) : bytes });
        const out = tempFolder();
        await unpackTar(path.join(folder, 'x.tar'), [{ name, bytes: content.length }], out);
        expect(fs.readdirSync(out)).toEqual([path.basename(name)]);
        expect(Uint8Array.from(fs.readFileSync(path.join(out, path.basename(name))))).toEqual(content);
      }),
      { ...fixed, numRuns: 100 },
    );
  });

  it('from CSV, all cells in quotes', () => {
    fc.assert(
      fc.property(csvContent, (rows) => {
        expect(parseCsv('x.csv', csvText(rows)).map(({ cells }) => cells)).toEqual(rows);
      }),
      { ...fixed, numRuns: 500 },
    );
  });
});
