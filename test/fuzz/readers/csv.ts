import path from 'node:path';
import fc from 'fast-check';
import sharp from 'sharp';
import { parseCsv } from '#dist/data/csv.js';
import { classesInManifest, openManifest } from '#dist/data/manifest.js';
import { DataError } from '#dist/errors.js';
import { agree, type Reader } from '../reader.js';
import { place } from '../scratch.js';
import { csvContent, csvText } from '../valid.js';

const tokens = ['"', '""', ',', '\n', '\r\n', '\r', '\0', ' ', '\ufeff', '"\n"', 'x'.repeat(5000), '"'.repeat(5000), '../'].map(
  (text) => Buffer.from(text),
);
const made = fc.sample(csvContent, { seed: 5, numRuns: 10 }).filter((rows) => rows.length > 0);

export const csv: Reader = {
  name: 'csv',
  samples: [
    { name: 'plain', bytes: Buffer.from('path,label,note\n1.png,cat,"a, ""b"""\r\n\n 2.png , dog ,"two\nlines"\n') },
    ...made.map((rows, i) => ({ name: `made ${i}`, bytes: Buffer.from(csvText(rows)) })),
  ],
  refusesWith: DataError,
  read(bytes) {
    const text = Buffer.from(bytes).toString('utf8');
    const lines = text.split('\n').length;
    let last = 0;
    for (const { line, cells } of parseCsv('x.csv', text)) {
      agree(line > last && line <= lines, `a row on line ${line} of ${lines}, behind line ${last}`);
      last = line;
      for (const cell of cells) {
        agree(
          text.includes(cell) || text.includes(cell.replaceAll('"', '""')),
          `a cell holds ${JSON.stringify(cell)}, which is not in the text`,
        );
      }
    }
  },
  tokens,
};

const picture = await sharp({ create: { width: 2, height: 2, channels: 3, background: '#123456' } })
  .png()
  .toBuffer();
for (const name of ['1.png', '2.png', 'in/3.png']) place('manifest', name, picture);

export const manifest: Reader = {
  name: 'manifest',
  samples: [
    '1.png,dog\n2.png,cat\r\n\nin/3.png,dog\n',
    'id,Label,PATH,split\n7,b,1.png,train\n8,a,in/3.png,test\n',
    '1.png,1\n2.png,0\n',
  ].map((text, i) => ({ name: `form ${i}`, bytes: Buffer.from(text) })),
  refusesWith: DataError,
  async read(bytes) {
    const file = place('manifest', 'm.csv', bytes);
    for (const options of [{ skipBad: true }, {}, { split: 'train' as const }]) {
      const source = await openManifest(file, { ...options, size: 2, channels: 3 });
      for (let i = 0; i < source.length; i++)
        agree(source.label(i) < source.classes.length, `record ${i} has a label without a class`);
      agree(
        source.spec.files.every((name) => path.isAbsolute(name)),
        'a path is not whole',
      );
    }
    await classesInManifest(file);
  },
  tokens: [
    ...tokens,
    ...['path', 'label', 'split', 'train', '1.png', 'in', '0', '-1', '99999999999999999999', '/', '.'].map((text) =>
      Buffer.from(text),
    ),
  ],
};
