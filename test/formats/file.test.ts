import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FormatError } from '../../src/errors.js';
import { readFileChecked, writeFileAtomic } from '../../src/formats/file.js';

let folder: string;
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'gossamer-file-'));
});
afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

const inFolder = (name: string) => path.join(folder, name);

async function reasonOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(FormatError);
  return (error as FormatError).reason;
}

describe('readFileChecked', () => {
  it('reads a file whole', async () => {
    fs.writeFileSync(inFolder('a'), 'abc');
    expect([...(await readFileChecked(inFolder('a')))]).toEqual([97, 98, 99]);
  });

  it('says what is wrong', async () => {
    fs.writeFileSync(inFolder('file'), '');
    expect(await reasonOf(readFileChecked(inFolder('missing')))).toBe('not-found');
    expect(await reasonOf(readFileChecked(inFolder('file/below')))).toBe('not-found');
    expect(await reasonOf(readFileChecked(folder))).toBe('not-a-file');
    expect(await reasonOf(readFileChecked(inFolder('bad\0name')))).toBe('unreadable');
  });

  it('refuses what Node cannot read at once', async () => {
    // Sparse: takes no space.
    fs.writeFileSync(inFolder('huge'), '');
    fs.truncateSync(inFolder('huge'), 2 ** 31);
    expect(await reasonOf(readFileChecked(inFolder('huge')))).toBe('too-large');
  });
});

describe('writeFileAtomic', () => {
  it('makes and replaces files, and leaves nothing beside them', async () => {
    await writeFileAtomic(inFolder('a'), Uint8Array.of(1));
    await writeFileAtomic(inFolder('a'), Uint8Array.of(2, 3));
    expect([...fs.readFileSync(inFolder('a'))]).toEqual([2, 3]);
    expect(fs.readdirSync(folder)).toEqual(['a']);
  });

  it('writes through a symbolic link', async () => {
    fs.writeFileSync(inFolder('real'), 'old');
    fs.symlinkSync('real', inFolder('link'));
    await writeFileAtomic(inFolder('link'), Uint8Array.of(7));
    expect([...fs.readFileSync(inFolder('real'))]).toEqual([7]);
    expect(fs.lstatSync(inFolder('link')).isSymbolicLink()).toBe(true);
  });

  it('cleans up when it cannot finish', async () => {
    fs.mkdirSync(inFolder('taken'));
    expect(await reasonOf(writeFileAtomic(inFolder('taken'), Uint8Array.of(1)))).toBe('not-writable');
    expect(await reasonOf(writeFileAtomic(inFolder('no-such-folder/a'), Uint8Array.of(1)))).toBe('not-writable');
    expect(fs.readdirSync(folder)).toEqual(['taken']);
  });

  it('leaves a whole file, whenever the process is killed', async () => {
    const module = new URL('../../dist/formats/file.js', import.meta.url);
    const file = inFolder('checkpoint');
    const bytes = 1 << 20;
    const script = `
      const { writeFileAtomic } = await import(${JSON.stringify(module.href)});
      for (let i = 0; ; i = (i + 1) % 256) await writeFileAtomic(${JSON.stringify(file)}, new Uint8Array(${bytes}).fill(i));
    `;
    expect(fs.existsSync(fileURLToPath(module))).toBe(true);
    for (let round = 0; round < 6; round++) {
      fs.rmSync(file, { force: true });
      const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'ignore' });
      const exit = new Promise((resolve) => child.once('exit', resolve));
      while (!fs.existsSync(file)) await new Promise((resolve) => setTimeout(resolve, 5));
      await new Promise((resolve) => setTimeout(resolve, 7 * round));
      child.kill('SIGKILL');
      await exit;
      const content = fs.readFileSync(file);
      expect(content.length).toBe(bytes);
      expect(content.every((byte) => byte === content[0])).toBe(true);
    }
    const leftOver = fs.readdirSync(folder).filter((name) => name !== 'checkpoint');
    expect(leftOver.every((name) => /^\.checkpoint\.[0-9a-f]{12}\.tmp$/.test(name))).toBe(true);
  });
});
