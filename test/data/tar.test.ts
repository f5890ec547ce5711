import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { unpackTar } from '../../src/data/tar.js';
import { expectDataError, gzip, tempFolder, write } from './helpers.js';
import { tarOf } from './tar-maker.js';

const content = Buffer.from(Array.from({ length: 1500 }, (_, i) => i % 256));

function unpack(bytes: Uint8Array, wanted: { name: string; bytes?: number }[]): { folder: string; work: Promise<void> } {
  const folder = tempFolder();
  write(folder, { 'x.tar': bytes, 'out/.keep': '' });
  return { folder: path.join(folder, 'out'), work: unpackTar(path.join(folder, 'x.tar'), wanted, path.join(folder, 'out')) };
}

const filesIn = (folder: string) =>
  fs
    .readdirSync(folder)
    .filter((name) => name !== '.keep')
    .sort();

describe('unpackTar', () => {
  it.each([
    ['plain', (bytes: Buffer) => bytes],
    ['compressed', gzip],
  ])('writes the wanted members of a %s archive', async (_, pack) => {
    const bytes = pack(
      tarOf({ 'set/': new Uint8Array(0), 'set/a': content, './set/b': Buffer.alloc(512, 1), 'set/c': content }, { 'set/': '5' }),
    );
    const { folder, work } = unpack(bytes, [{ name: 'set/a', bytes: 1500 }, { name: 'set/b' }]);
    await work;
    expect(filesIn(folder)).toEqual(['a', 'b']);
    expect(fs.readFileSync(path.join(folder, 'a'))).toEqual(content);
    expect(fs.readFileSync(path.join(folder, 'b'))).toEqual(Buffer.alloc(512, 1));
  });

  it.each<[string, Uint8Array, string]>([
    ['leads out of the folder', tarOf({ '../a': content }), 'bad-archive'],
    ['leads out by the middle', tarOf({ 'set/../../a': content }), 'bad-archive'],
    ['starts at the root', tarOf({ '/etc/a': content }), 'bad-archive'],
    ['has a link in place of the file', tarOf({ 'set/a': new Uint8Array(0) }, { 'set/a': '2' }), 'missing-member'],
    ['has another size', tarOf({ 'set/a': content.subarray(1) }), 'bad-archive'],
    ['lacks a member', tarOf({ 'set/b': content }), 'missing-member'],
    ['is cut short', tarOf({ 'set/a': content }).subarray(0, 1000), 'truncated'],
    ['is cut in a header', tarOf({ 'set/a': content }).subarray(0, 100), 'truncated'],
    ['is no archive', Buffer.alloc(2048, 65), 'bad-archive'],
    ['is cut in its compression', gzip(tarOf({ 'set/a': content })).subarray(0, 60), 'truncated'],
  ])('refuses one that %s', async (_, bytes, reason) => {
    const { folder, work } = unpack(bytes, [{ name: 'set/a', bytes: 1500 }]);
    await expectDataError(work, { file: /x\.tar$/, record: null, reason });
    expect(filesIn(folder).filter((name) => name !== 'a')).toEqual([]);
    expect(fs.existsSync(path.join(folder, '../a'))).toBe(false);
  });
});
