#!/usr/bin/env node
// Makes the four .gz files beside this one from the full Fashion-MNIST: node make.mjs [FOLDER OF THE FULL SET]
// Of each class the first 1,000 training and the first 200 test images are kept, in their original order.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import zlib from 'node:zlib';

const from = process.argv[2] ?? '/usr/share/datasets/fashion-mnist';
const to = path.dirname(fileURLToPath(import.meta.url));
const imageBytes = 28 * 28;

reduce('train', 1000);
reduce('t10k', 200);

function reduce(prefix, perClass) {
  const images = read(`${prefix}-images-idx3-ubyte.gz`, 0x803).subarray(16);
  const labels = read(`${prefix}-labels-idx1-ubyte.gz`, 0x801).subarray(8);
  const taken = new Array(10).fill(0);
  const kept = [...labels.keys()].filter((record) => taken[labels[record]]++ < perClass);
  write(`${prefix}-images-idx3-ubyte.gz`, [0x803, kept.length, 28, 28],
    kept.map((record) => images.subarray(record * imageBytes, (record + 1) * imageBytes)));
  write(`${prefix}-labels-idx1-ubyte.gz`, [0x801, kept.length], [Buffer.from(kept.map((record) => labels[record]))]);
}

function read(name, magic) {
  const bytes = zlib.gunzipSync(fs.readFileSync(path.join(from, name)));
  if (bytes.readUInt32BE(0) !== magic) throw new Error(`${name} is not the IDX file that it should be.`);
  return bytes;
}

function write(name, header, chunks) {
  const head = Buffer.alloc(4 * header.length);
  header.forEach((value, i) => head.writeUInt32BE(value, 4 * i));
  fs.writeFileSync(path.join(to, name), zlib.gzipSync(Buffer.concat([head, ...chunks]), { level: 9 }));
}
