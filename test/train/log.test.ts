import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { FormatError } from '../../src/errors.js';
import { LogFile, readLog } from '../../src/train/log.js';
import { runPath } from './helpers.js';

const warning = (text: string) => ({ kind: 'warning', code: 'x', text }) as const;

function textsOf(path: string): string[] {
  return readLog(path).map((line) => (line.kind === 'warning' ? line.text : line.kind));
}

/** Takes `room` bytes, then fails as a full disk does; `free` makes room again. */
function smallDisk(room: number) {
  return {
    free: (bytes: number) => {
      room += bytes;
    },
    write: (file: number, bytes: Uint8Array) => {
      if (room === 0) throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
      const taken = fs.writeSync(file, bytes.subarray(0, room));
      room -= taken;
      return taken;
    },
  };
}

describe('LogFile', () => {
  it('goes on behind what is there', () => {
    const path = runPath();
    for (const text of ['a', 'b']) {
      const log = new LogFile(path);
      log.append(warning(text));
      log.sync();
      log.close();
    }
    expect(textsOf(path)).toEqual(['a', 'b']);
  });

  it('takes back the part of a line that a disk took before it was full, says so, and goes on when there is room', () => {
    const path = runPath();
    const disk = smallDisk(150);
    const log = new LogFile(path, disk.write);
    log.append(warning('a'));
    const whole = fs.readFileSync(path);
    expect(() => log.append(warning('b'.repeat(100)))).toThrow(FormatError);
    expect(fs.readFileSync(path)).toEqual(whole);
    expect(() => log.append(warning('b'))).toThrow(/run: cannot be written \(ENOSPC.*make room/);
    expect(fs.readFileSync(path)).toEqual(whole);
    disk.free(1000);
    log.append(warning('c'));
    log.close();
    expect(textsOf(path)).toEqual(['a', 'c']);
    expect(fs.readFileSync(path, 'utf8').endsWith('\n')).toBe(true);
  });

  it('writes a line whole where the system takes it in pieces', () => {
    const path = runPath();
    const log = new LogFile(path, (file, bytes) => fs.writeSync(file, bytes.subarray(0, 7)));
    log.append(warning('ä€'));
    log.close();
    expect(textsOf(path)).toEqual(['ä€']);
  });

  it.each([
    ['half a line', '{"kind":"step","st'],
    ['a line that lacks its line feed only', '{"kind":"warning","code":"x","text":"cut","time":"t"}'],
    ['more than a block of what never was a line', '\0'.repeat(70_000)],
  ])('takes off %s at the end, before it adds a line', (_name, rest) => {
    const path = runPath();
    const whole = '{"kind":"warning","code":"x","text":"a","time":"t"}\n';
    fs.writeFileSync(path, whole + rest);
    expect(textsOf(path)).toEqual(['a']);
    const log = new LogFile(path);
    expect(fs.readFileSync(path, 'utf8')).toBe(whole);
    log.append(warning('b'));
    log.close();
    expect(textsOf(path)).toEqual(['a', 'b']);
  });

  it('is empty when all that was there is half a line', () => {
    const path = runPath();
    fs.writeFileSync(path, '{"kind":');
    new LogFile(path).close();
    expect(fs.readFileSync(path, 'utf8')).toBe('');
  });

  it('names the file when it cannot be opened', () => {
    const path = `${runPath()}/nowhere/log.jsonl`;
    expect(() => new LogFile(path)).toThrow(/log\.jsonl: cannot be written \(ENOENT/);
  });
});

describe('readLog', () => {
  it('leaves out lines that are none, wherever they stand', () => {
    const path = runPath();
    fs.writeFileSync(path, '{"kind":"warning","text":"a"}\n\0\0\0\n4\nnull\n\n{"kind":"warning","text":"b"}\n');
    expect(textsOf(path)).toEqual(['a', 'b']);
    expect(readLog(`${path}-nowhere`)).toEqual([]);
  });
});
