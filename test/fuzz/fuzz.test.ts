import { afterAll, describe, expect, it } from 'vitest';
import { type Failure, fuzz, judge, replay } from './harness.js';
import { readers } from './readers/index.js';
import { clearScratch } from './scratch.js';
import { Watchdog } from './watchdog.js';

/** Of each reader; `npm run fuzz` reads a hundred thousand. */
const files = 300;
const seed = 7;

const watchdog = await Watchdog.start();
afterAll(async () => {
  await watchdog.close();
  clearScratch();
});

describe.each(readers)('the reader of $name', (reader) => {
  it('reads the files that are made into hostile ones', async () => {
    for (const { name, bytes } of reader.samples) {
      watchdog.begin(`${reader.name} reads its sample ${name}`);
      expect({ name, ...(await judge(reader, bytes)) }).toEqual({ name, kind: 'read' });
    }
  });

  it('reads or refuses every file, by its own class of errors and without asking for more memory than the file is worth', async () => {
    const failures: Failure[] = [];
    await fuzz(reader, { seed, first: 0, files }, watchdog, (failure) => failures.push(failure));
    const texts = failures.map(({ number, how, why, bytes }) => {
      const base64 = bytes.length <= 4096 ? Buffer.from(bytes).toString('base64') : `${bytes.length} bytes`;
      return `${how}: ${why}\n${replay(reader.name, seed, number)}\n${base64}`;
    });
    expect(texts).toEqual([]);
  });
});
