import path from 'node:path';
import { openCifar10, openCifar100 } from '#dist/data/cifar.js';
import { DataError } from '#dist/errors.js';
import { cifarRecord } from '../../data/makers.js';
import { agree, type Reader } from '../reader.js';
import { place } from '../scratch.js';

const recordBytes = 3073;

export const cifar10: Reader = {
  name: 'cifar10',
  samples: [1, 2, 3].map((count) => ({
    name: `${count} records`,
    bytes: Buffer.concat(Array.from({ length: count }, (_, i) => cifarRecord([3 * i], 50 * i))),
    seams: Array.from({ length: count }, (_, i) => i * recordBytes),
  })),
  refusesWith: DataError,
  async read(bytes) {
    const folder = path.dirname(place('cifar10', 'test_batch.bin', bytes));
    const source = await openCifar10(folder, { split: 'test', skipBad: true });
    const starts = Array.from({ length: Math.floor(bytes.length / recordBytes) }, (_, i) => i * recordBytes);
    const good = starts.filter((start) => bytes[start]! < 10);
    agree(source.length === good.length, `${source.length} of ${good.length} good records`);
    const pixels = new Uint8Array(3072);
    for (const [i, start] of good.entries()) {
      agree(source.label(i) === bytes[start], `record ${i} has another label`);
      source.read(i, pixels);
      const isSame = pixels.every((value, at) => value === bytes[start + 1 + (at % 3) * 1024 + Math.floor(at / 3)]);
      agree(isSame, `record ${i} has other pixels`);
    }
    await openCifar10(folder, { split: 'test' });
  },
};

const names = Array.from({ length: 20 }, (_, i) => `name ${i}\n`).join('');

export const cifar100Names: Reader = {
  name: 'cifar100-names',
  samples: [{ name: 'coarse', bytes: Buffer.from(names), seams: [7, 14, names.length - 8] }],
  refusesWith: DataError,
  async read(bytes) {
    const folder = path.dirname(place('cifar100', 'coarse_label_names.txt', bytes));
    place('cifar100', 'test.bin', cifarRecord([19, 99]));
    const source = await openCifar100(folder, { split: 'test', labels: 'coarse' });
    agree(source.classes.length === 20 && source.classes.every((name) => name !== ''), 'not 20 names');
  },
  tokens: ['\n', '\r\n', '\r', '\0', ' ', '\ufeff', '\xff'].map((text) => Buffer.from(text, 'utf8')),
};
