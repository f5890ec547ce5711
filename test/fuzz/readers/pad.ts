import fs from 'node:fs';
import path from 'node:path';
import sharp from 'sharp';
import { DataError, FormatError } from '#dist/errors.js';
import { leftTopWidthHeight, parseBoxFile } from '#dist/pad/boxes/box-files.js';
import { datasetReader } from '#dist/pad/datasets/index.js';
import { prepareDataset } from '#dist/pad/prepare.js';
import { openPrepared } from '#dist/pad/prepared/open.js';
import { agree, type Reader } from '../reader.js';
import { place } from '../scratch.js';

const numbers = ['0', '1', '-1', '1e308', 'NaN', 'Infinity', '0x10', '999999999999'].map((text) => Buffer.from(text));
const blanks = [' ', ',', '\n', '\r\n', '\0', '\t'].map((text) => Buffer.from(text));

export const boxFile: Reader = {
  name: 'box file',
  samples: [
    '0 10 20 30 40\n1 0 0 0 0\n2 11 21 30 40\n',
    '1, 10, 20, 110, 140, 30, 40, 50, 40\r\n2, 10, 20, 110, 140, 30, 40, 50, 40\r\n',
  ].map((text, i) => ({ name: `form ${i}`, bytes: Buffer.from(text) })),
  refusesWith: DataError,
  read(bytes) {
    const text = Buffer.from(bytes).toString('utf8');
    const layout = { columns: 5, numbered: true, box: leftTopWidthHeight };
    const boxes = parseBoxFile('x.face', text, layout);
    for (let frame = 0; frame <= text.split('\n').length; frame++) {
      const box = boxes.get(frame);
      agree(
        !box || (box.width > 0 && box.height > 0 && Number.isFinite(box.left + box.top)),
        `frame ${frame} has a box that is none`,
      );
    }
  },
  tokens: [...numbers, ...blanks],
};

for (const name of ['1.png', '2.png', 'video/3.png']) place('pad-manifest', name, '');

export const padManifest: Reader = {
  name: 'pad manifest',
  samples: [
    'file,split,label,species\n1.png,train,live,\n2.png,test,attack,print\n',
    'split,age,label,FILE,species,box,depth,subject\ntrain,20-30,real,1.png,,1 2 30 40,1.png,a\ndev,,spoof,video,replay,,,"b, c"\n',
  ].map((text, i) => ({ name: `form ${i}`, bytes: Buffer.from(text) })),
  refusesWith: DataError,
  async read(bytes) {
    const file = place('pad-manifest', 'm.csv', bytes);
    const { presentations } = await datasetReader('manifest').read(file, { seed: 0 });
    agree(new Set(presentations.map(({ id }) => id)).size === presentations.length, 'a presentation is there twice');
    for (const { id, label, species, splits } of presentations) {
      agree((label === 'attack') === (species !== null), `${id} is ${label} with the species ${species}`);
      agree(['train', 'dev', 'test'].includes(splits['all']!), `${id} has no split`);
    }
  },
  tokens: [
    ...numbers,
    ...blanks,
    ...[
      'file',
      'split',
      'label',
      'species',
      'box',
      'depth',
      'train',
      'live',
      'attack',
      '"',
      '../',
      '1.png',
      'x'.repeat(5000),
    ].map((text) => Buffer.from(text)),
  ],
};

/** Prepared data of two pictures, whose manifest is what gets changed. */
async function preparedFolder(): Promise<string> {
  const picture = (background: string) =>
    sharp({ create: { width: 20, height: 20, channels: 3, background } })
      .png()
      .toBuffer();
  place('pad-set', '1.png', await picture('#123456'));
  place('pad-set', '2.png', await picture('#654321'));
  const rows = 'file,split,label,species,box\n1.png,train,live,,2 2 16 16\n2.png,test,attack,print,\n';
  const root = path.dirname(place('pad-set', 'manifest.csv', rows));
  const out = path.join(path.dirname(root), 'pad-prepared');
  await prepareDataset({ dataset: 'manifest', root, out, size: 16 });
  return out;
}

const folder = await preparedFolder();
const manifestFile = path.join(folder, 'manifest.json');

export const prepared: Reader = {
  name: 'prepared data',
  samples: [{ name: 'two pictures', bytes: fs.readFileSync(manifestFile) }],
  refusesWith: FormatError,
  async read(bytes) {
    fs.writeFileSync(manifestFile, bytes);
    const { manifest, presentations, frames } = await openPrepared(folder);
    const crops = manifest.shards.reduce((sum, shard) => sum + shard.frames, 0);
    agree(frames.filter((frame) => 'shard' in frame).length === crops, 'frames and shards do not agree');
    agree(
      frames.every(({ presentation }) => presentation < presentations.length),
      'a frame is of no presentation',
    );
  },
  tokens: [...numbers, ...['null', '{}', '[]', '"size"', '256', '"shards"', '"depth"'].map((text) => Buffer.from(text))],
};
