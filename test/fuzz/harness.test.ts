import { spawnSync } from 'node:child_process';
import { afterAll, describe, expect, it } from 'vitest';
import { FormatError } from '#dist/errors.js';
import { hostileFile, judge } from './harness.js';
import { agree, type Reader } from './reader.js';
import { readers } from './readers/index.js';
import { clearScratch } from './scratch.js';

afterAll(clearScratch);

const bytes = Uint8Array.of(1, 2, 3);

const readerThat = (read: Reader['read']): Reader => ({
  name: 'made',
  samples: [{ name: 'only', bytes }],
  refusesWith: FormatError,
  read,
});

describe('judge', () => {
  it.each<[string, RegExp, Reader['read']]>([
    ['throws an error that is none of ours', /TypeError/, () => void (null as unknown as string[]).at(0)],
    ['throws what is no error', /threw a text/, () => Promise.reject('a text')],
    [
      'runs out of stack',
      /RangeError/,
      function again(file): void {
        again(file);
      },
    ],
    [
      'asks for 2 GB and is refused',
      /asked for 2147483648 bytes/,
      () => {
        new Uint8Array(2 ** 31);
        throw new FormatError('x', 'late', 'too late.');
      },
    ],
    ['makes up what is not in the file', /Inconsistent: no such thing/, () => agree(false, 'no such thing')],
    ['writes into the file', /wrote into/, (file) => void file.fill(0)],
  ])('sees a reader that %s', async (_, why, read) => {
    expect(await judge(readerThat(read), bytes.slice())).toEqual({ kind: 'failed', why: expect.stringMatching(why) });
  });

  it('tells reading from refusing', async () => {
    expect(
      await judge(
        readerThat(() => {}),
        bytes,
      ),
    ).toEqual({ kind: 'read' });
    const refuses = readerThat(async () => {
      throw new FormatError('x', 'bad', 'bad.');
    });
    expect(await judge(refuses, bytes)).toEqual({ kind: 'refused', by: 'FormatError' });
  });
});

describe('hostileFile', () => {
  it.each(readers)('makes the same files of $name by the same seed', (reader) => {
    const files = (seed: number) => Array.from({ length: 40 }, (_, number) => hostileFile(reader, seed, number));
    expect(files(3)).toEqual(files(3));
    expect(files(3)).not.toEqual(files(4));
  });
});

describe('the watchdog', () => {
  it('ends a process that does not come back, and says what it was at', () => {
    const script = `
      import { Watchdog } from ${JSON.stringify(new URL('./watchdog.ts', import.meta.url).href)};
      const watchdog = await Watchdog.start(0.5);
      watchdog.begin('file 7 of idx');
      for (;;);`;
    const args = ['--import', 'tsx', '--input-type=module', '--eval', script];
    const { signal, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 60_000 });
    expect(stderr).toContain('FAIL hang: no answer in 0.5 s. file 7 of idx');
    expect(signal).toBe('SIGKILL');
  });
});
