import fs from 'node:fs';
import path from 'node:path';
import { unpackTar } from '#dist/data/tar.js';
import { DataError } from '#dist/errors.js';
import { gzip } from '../../data/makers.js';
import { tarOf } from '../../data/tar-maker.js';
import { agree, type Reader } from '../reader.js';
import { place } from '../scratch.js';

const block = 512;
const content = Buffer.from(Array.from({ length: 1500 }, (_, i) => i % 251));
const archive = tarOf(
  { 'set/': new Uint8Array(), 'set/a': content, 'set/c': content, './set/b': Buffer.alloc(block, 1) },
  { 'set/': '5' },
);
const wanted = [{ name: 'set/a', bytes: content.length }, { name: 'set/b' }];

export const tar: Reader = {
  name: 'tar',
  samples: [
    { name: 'plain', bytes: archive, seams: Array.from({ length: archive.length / block }, (_, i) => i * block) },
    { name: 'compressed', bytes: gzip(archive), seams: [10, 18] },
  ],
  refusesWith: DataError,
  async read(bytes) {
    const file = place('tar/in', 'x.tar', bytes);
    const out = path.dirname(place('tar/in/out', '.keep', ''));
    try {
      await unpackTar(file, wanted, out);
      agree(fs.readFileSync(path.join(out, 'a')).length === content.length, 'a member has another size than wanted');
    } finally {
      const written = fs.readdirSync(out).filter((name) => name !== '.keep');
      const holder = fs.readdirSync(path.dirname(out)).sort();
      const contents = written.map((name) => fs.readFileSync(path.join(out, name)));
      fs.rmSync(out, { recursive: true });
      agree(
        written.every((name) => ['a', 'b'].includes(name)),
        `it wrote ${written.join(', ')}`,
      );
      agree(holder.join() === 'out,x.tar', `it wrote outside of its folder: ${holder.join(', ')}`);
      if (bytes[0] !== 0x1f)
        agree(
          contents.every((part) => Buffer.from(bytes).includes(part)),
          'it wrote what is not in the archive',
        );
    }
  },
  tokens: [
    archive.subarray(0, block),
    archive.subarray(block, 2 * block),
    Buffer.alloc(block),
    Buffer.from('../'),
    Buffer.from('/'),
  ],
  /** The checksum of every block that has the look of a header. */
  seal(bytes) {
    if (bytes[0] === 0x1f) return bytes;
    const copy = Buffer.from(bytes);
    for (let at = 0; at + block <= copy.length; at += block) {
      if (copy.toString('latin1', at + 257, at + 262) !== 'ustar') continue;
      copy.fill(' ', at + 148, at + 156);
      const sum = copy.subarray(at, at + block).reduce((a, b) => a + b, 0);
      copy.write(`${sum.toString(8).padStart(6, '0')}\0 `, at + 148);
    }
    return Uint8Array.from(copy);
  },
};
