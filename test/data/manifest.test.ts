import fs from 'node:fs';
import path from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { parseCsv } from '../../src/data/csv.js';
import { openManifest } from '../../src/data/manifest.js';
import { DataError } from '../../src/errors.js';
import { expectDataError, tempFolder, write } from './helpers.js';

const pixel = await sharp({ create: { width: 2, height: 2, channels: 3, background: '#123456' } })
  .png()
  .toBuffer();

function manifest(text: string, names = ['1.png', '2.png', 'in/3.png', 'a, "b".png']): string {
  const folder = write(tempFolder(), { ...Object.fromEntries(names.map((name) => [name, pixel])), 'm.csv': text });
  return path.join(folder, 'm.csv');
}

const labels = (source: { length: number; label: (i: number) => number }) =>
  Array.from({ length: source.length }, (_, i) => source.label(i));

describe('openManifest', () => {
  it('takes two columns without a header', async () => {
    const source = await openManifest(manifest('1.png,dog\n2.png,cat\r\n\nin/3.png,dog\n'));
    expect(source.classes).toEqual(['cat', 'dog']);
    expect(labels(source)).toEqual([1, 0, 1]);
    expect([...source.spec.records]).toEqual([1, 2, 4]);
    const out = new Uint8Array(12);
    await source.read(2, out);
    expect([...out.subarray(0, 3)]).toEqual([0x12, 0x34, 0x56]);
  });

  it('finds its columns by a header, and understands quotes', async () => {
    const source = await openManifest(manifest('\ufeffid,Label,PATH\n7,"big, dog","a, ""b"".png"\n8,cat,1.png\n'));
    expect(source.classes).toEqual(['big, dog', 'cat']);
    expect(path.basename(source.spec.files[0]!)).toBe('a, "b".png');
  });

  it('takes labels by name or by number when the classes are given', async () => {
    const text = '1.png,1\n2.png,cat\nin/3.png,dog\n';
    expect(labels(await openManifest(manifest(text), { classes: ['cat', 'dog'] }))).toEqual([1, 0, 1]);
    const numbered = await openManifest(manifest('1.png,10\n2.png,9\n'));
    expect(numbered.classes).toEqual(['9', '10']);
  });

  it('takes the rows of a split; all rows number the classes', async () => {
    const file = manifest('path,label,split\n1.png,b,train\n2.png,a,val\nin/3.png,b,test\n');
    expect(labels(await openManifest(file, { split: 'train' }))).toEqual([1]);
    expect(labels(await openManifest(file, { split: 'test' }))).toEqual([0, 1]);
    expect(labels(await openManifest(file))).toEqual([1, 0, 1]);
  });

  it.each<[string, number | null, string, RegExp?]>([
    ['path,label\n1.png,cat\n2.png\n', 3, 'bad-row'],
    ['1.png,0\n2.png,2\n', 2, 'label-out-of-range'],
    ['1.png,0\n2.png,-1\n', 2, 'label-out-of-range'],
    ['1.png,bird\n', 1, 'unknown-label'],
    ['1.png,cat\n"2.png,cat\n', 2, 'bad-quotes'],
    ['1.png,cat\n"2.png"x,cat\n', 2, 'bad-quotes'],
    ['1.png,cat\n\nnone.png,dog\n', 3, 'not-found', /none\.png$/],
    ['', null, 'empty'],
    ['path,label\n', null, 'empty'],
  ])('refuses %j', async (text, record, reason, file = /m\.csv$/) => {
    await expectDataError(openManifest(manifest(text), { classes: ['cat', 'dog'] }), { file, record, reason });
  });

  it('skips and lists bad rows', async () => {
    const file = manifest('1.png,cat\n2.png\n2.png,7\nnone.png,cat\nin/3.png,dog\n');
    const source = await openManifest(file, { classes: ['cat', 'dog'], skipBad: true });
    expect(labels(source)).toEqual([0, 1]);
    expect(source.problems.map(({ record, reason }) => [record, reason])).toEqual([
      [2, 'bad-row'],
      [3, 'label-out-of-range'],
      [4, 'not-found'],
    ]);
  });

  it('refuses one that no text can hold, before it is read', async () => {
    const file = manifest('');
    fs.truncateSync(file, 2 ** 30);
    await expectDataError(openManifest(file), { file, record: null, reason: 'too-large' });
  });

  it('says so when the manifest is missing', () =>
    expectDataError(openManifest('/nowhere/m.csv'), { file: '/nowhere/m.csv', record: null, reason: 'not-found' }));
});

describe('parseCsv', () => {
  it('counts lines through quoted line ends', () => {
    expect(parseCsv('f', 'a,"x\ny"\nb,c')).toEqual([
      { line: 1, cells: ['a', 'x\ny'] },
      { line: 3, cells: ['b', 'c'] },
    ]);
  });

  it('reads long cells in time that grows with their length', () => {
    // Quotes within a cell that does not start with one are text. Were the cell gone through at each, this would take minutes.
    const quotes = `x${'"'.repeat(2_000_000)}`;
    expect(parseCsv('f', `${quotes},a\n`)[0]!.cells).toEqual([quotes, 'a']);
    const blanks = `${' '.repeat(100_000)}x${' "'.repeat(500_000)}`;
    expect(parseCsv('f', `${blanks},a\n`)[0]!.cells).toEqual([blanks.trim(), 'a']);
  });

  it('keeps blanks inside quotes and drops those outside', () => {
    expect(parseCsv('f', ' a , " b " \n')[0]!.cells).toEqual(['a', ' b ']);
    expect(parseCsv('f', '"",x\n')[0]!.cells).toEqual(['', 'x']);
    expect(() => parseCsv('f', 'a\n"b')).toThrow(DataError);
  });
});
