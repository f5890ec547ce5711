import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import { describe, expect, it } from 'vitest';
import { ConfigError, FormatError } from '../../src/errors.js';
import { RunFolder } from '../../src/train/run-folder.js';
import { runPath } from './helpers.js';

const warning = { kind: 'warning', code: 'x', text: 'y' } as const;
const checkpoint = (step: number) => ({ kind: 'checkpoint', path: 'p', step, reason: 'interval' }) as const;

/** The number of a process that is no more. */
function deadProcess(): number {
  return spawnSync(process.execPath, ['-e', '']).pid;
}

function lockOf(folder: string, owner: object): void {
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(`${folder}/lock`, JSON.stringify(owner));
}

describe('RunFolder', () => {
  it('makes the folder, also below others that are not there', () => {
    const path = `${runPath()}/deep/er`;
    const run = RunFolder.open(path);
    expect(fs.existsSync(path)).toBe(true);
    expect(run).toMatchObject({ resumes: false, hasCheckpoint: false, tookOverLock: false });
    run.close();
    expect(fs.readdirSync(path)).toEqual([]);
  });

  it('refuses a folder that holds a run, and to resume where there is none', async () => {
    const path = runPath();
    expect(() => RunFolder.open(path, { resume: true })).toThrow(ConfigError);
    const run = RunFolder.open(path);
    await run.writeConfig({ a: 1 });
    run.close();
    expect(() => RunFolder.open(path)).toThrow(/holds a run already.*--resume.*--out/);
    RunFolder.open(path, { resume: true }).close();
  });

  it('refuses a second one while the first is open, and says whose it is', () => {
    const path = runPath();
    const run = RunFolder.open(path);
    expect(() => RunFolder.open(path)).toThrow(/in use by this process/);
    run.close();
    lockOf(path, { pid: process.ppid, host: os.hostname() });
    expect(() => RunFolder.open(path)).toThrow(new RegExp(`in use by process ${process.ppid}\\..*delete .*lock`));
    lockOf(path, { pid: deadProcess(), host: 'another.machine' });
    expect(() => RunFolder.open(path)).toThrow(/on another\.machine/);
  });

  it.each([
    ['a dead process', () => JSON.stringify({ pid: deadProcess(), host: os.hostname() })],
    ['a dead namesake of this process', () => JSON.stringify({ pid: process.pid, host: os.hostname() })],
    ['nobody who can be read', () => '{"pi'],
  ])('takes over the lock of %s', (_name, text) => {
    const path = runPath();
    fs.mkdirSync(path);
    fs.writeFileSync(`${path}/lock`, text());
    const run = RunFolder.open(path);
    expect(run.tookOverLock).toBe(true);
    expect(JSON.parse(fs.readFileSync(`${path}/lock`, 'utf8'))).toMatchObject({ pid: process.pid });
    expect(() => RunFolder.open(path)).toThrow(/in use/);
    run.close();
    expect(fs.readdirSync(path)).toEqual([]);
  });

  it('leaves out half a line at the end of the log, and takes back what a checkpoint does not know', async () => {
    const run = RunFolder.open(runPath());
    for (const step of [2, 4, 6]) run.append(checkpoint(step));
    run.append(warning);
    fs.appendFileSync(run.log, '{"kind":"step","st');
    expect(run.readLog()).toHaveLength(4);
    await run.rewindLog(4, 0);
    run.append(checkpoint(5));
    expect(run.readLog().map((line) => ('step' in line ? line.step : line.kind))).toEqual([2, 4, 'warning', 5]);
    expect(fs.readFileSync(run.log, 'utf8').endsWith('\n')).toBe(true);
    run.close();
  });

  it('removes what a killed writer left, and nothing else', () => {
    const path = runPath();
    fs.mkdirSync(path);
    fs.writeFileSync(`${path}/.last.safetensors.0123456789ab.tmp`, 'half');
    fs.writeFileSync(`${path}/notes.tmp`, 'mine');
    RunFolder.open(path).close();
    expect(fs.readdirSync(path)).toEqual(['notes.tmp']);
  });

  it('says why a folder cannot be made', () => {
    const path = runPath();
    fs.writeFileSync(path, 'a file');
    expect(() => RunFolder.open(`${path}/run`)).toThrow(/cannot be made/);
  });

  // Writing to it fails as on a full disk, for the superuser too.
  it.skipIf(!fs.existsSync('/dev/full'))('says which file cannot be written when the disk is full', () => {
    const path = runPath();
    fs.mkdirSync(path);
    fs.symlinkSync('/dev/full', `${path}/log.jsonl`);
    const run = RunFolder.open(path, { resume: true });
    expect(() => run.append(warning)).toThrow(FormatError);
    expect(() => run.append(warning)).toThrow(/log\.jsonl: cannot be written \(ENOSPC/);
    run.close();
  });

  // Nobody can make files there, the superuser included.
  it.skipIf(process.platform !== 'linux')('says that nothing can be written to the folder', () => {
    expect(() => RunFolder.open('/proc')).toThrow(ConfigError);
    expect(() => RunFolder.open('/proc')).toThrow(/nothing can be written to \/proc/);
  });
});
