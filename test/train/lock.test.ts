import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import { describe, expect, it, vi } from 'vitest';
import { takeLock } from '../../src/train/lock.js';
import { type ProcessIdentity, thisProcess } from '../../src/train/process-identity.js';
import { RunFolder } from '../../src/train/run-folder.js';
import { runPath } from './helpers.js';

/** The number of a process that is no more. */
function deadProcess(): number {
  return spawnSync(process.execPath, ['-e', '']).pid;
}

function folderLockedBy(owner: object | string): string {
  const folder = runPath();
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(`${folder}/lock`, typeof owner === 'string' ? owner : JSON.stringify(owner));
  return folder;
}

const module = (name: string) => JSON.stringify(new URL(`../../dist/train/${name}.js`, import.meta.url));

/** A process that takes the lock of `folder` and keeps it until its input ends, or says why not. */
function contender(folder: string): Contender {
  return started(`import { takeLock } from ${module('lock')};
    try { takeLock(${JSON.stringify(folder)}); console.log('taken'); } catch (error) { console.log(error.message); }
    process.stdin.resume();`);
}

interface Contender {
  readonly child: ChildProcess;
  /** What it said. */
  readonly outcome: Promise<string>;
}

function started(script: string): Contender {
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['pipe', 'pipe', 'inherit'] });
  return { child, outcome: new Promise((resolve) => child.stdout.once('data', (text) => resolve(String(text).trim()))) };
}

const self = thisProcess();

describe('the lock of a run folder', () => {
  it('refuses a second run while the first is open, and says whose it is', () => {
    const path = runPath();
    const run = RunFolder.open(path);
    expect(() => RunFolder.open(path)).toThrow(/in use by this process/);
    run.close();
    const held = folderLockedBy({ pid: process.ppid, host: os.hostname() });
    expect(() => RunFolder.open(held)).toThrow(new RegExp(`in use by process ${process.ppid}\\..*delete .*lock`));
  });

  it('counts a process of another machine as alive', () => {
    const folder = folderLockedBy({ pid: deadProcess(), host: 'another.machine', began: 'another-boot 1' });
    expect(() => takeLock(folder)).toThrow(/in use by process \d+ on another\.machine\./);
  });

  it.each<[string, () => ProcessIdentity | string]>([
    ['a dead process', () => ({ pid: deadProcess(), host: os.hostname() })],
    ['a dead namesake of this process', () => ({ pid: process.pid, host: os.hostname() })],
    ['nobody who can be read', () => '{"pi'],
  ])('takes over that of %s', (_name, owner) => {
    const path = folderLockedBy(owner());
    const run = RunFolder.open(path);
    expect(run.tookOverLock).toBe(true);
    expect(JSON.parse(fs.readFileSync(`${path}/lock`, 'utf8'))).toMatchObject({ pid: process.pid });
    expect(() => RunFolder.open(path)).toThrow(/in use/);
    run.close();
    expect(fs.readdirSync(path)).toEqual([]);
  });

  it.each([
    ['a new folder', () => null],
    ['one that a dead process left locked', () => ({ pid: deadProcess(), host: os.hostname() })],
  ])('is got by one of many that start at the same moment in %s', async (_name, owner) => {
    const left = owner();
    const folder = left ? folderLockedBy(left) : runPath();
    fs.mkdirSync(folder, { recursive: true });
    const contenders = Array.from({ length: 6 }, () => contender(folder));
    const outcomes = await Promise.all(contenders.map(({ outcome }) => outcome));
    expect(outcomes.filter((outcome) => outcome === 'taken')).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome.includes('in use by'))).toHaveLength(5);
    expect(fs.readdirSync(folder)).toEqual(['lock']);
    for (const { child } of contenders) child.stdin!.end();
  });

  it('is taken on a disk without hard links too', () => {
    const folder = folderLockedBy({ pid: deadProcess(), host: os.hostname() });
    const refusal = Object.assign(new Error('EPERM: operation not permitted, link'), { code: 'EPERM' });
    const link = vi.spyOn(fs, 'linkSync').mockImplementation(() => {
      throw refusal;
    });
    const lock = takeLock(folder);
    link.mockRestore();
    expect(lock.tookOver).toBe(true);
    expect(JSON.parse(fs.readFileSync(`${folder}/lock`, 'utf8'))).toMatchObject({ pid: process.pid });
    expect(() => takeLock(folder)).toThrow(/in use/);
    lock.release();
    expect(fs.readdirSync(folder)).toEqual([]);
  });

  it('keeps a run from a second one that looked before the first had begun, and came when it was over', async () => {
    const folder = runPath();
    const contenders = Array.from({ length: 6 }, () =>
      started(`import { RunFolder } from ${module('run-folder')};
        try {
          const run = RunFolder.open(${JSON.stringify(folder)});
          await run.writeConfig({});
          run.close();
          console.log('ran');
        } catch (error) { console.log(error.message); }`),
    );
    const outcomes = await Promise.all(contenders.map(({ outcome }) => outcome));
    expect(outcomes.filter((outcome) => outcome === 'ran')).toHaveLength(1);
    expect(outcomes.filter((outcome) => /in use by|holds a run already/.test(outcome))).toHaveLength(5);
  });

  it.skipIf(process.platform === 'win32')('is not taken from a process that was stopped, however long', async () => {
    const folder = runPath();
    fs.mkdirSync(folder);
    const { child, outcome } = contender(folder);
    expect(await outcome).toBe('taken');
    child.kill('SIGSTOP');
    const longAgo = new Date(0);
    fs.utimesSync(`${folder}/lock`, longAgo, longAgo);
    expect(() => takeLock(folder)).toThrow(`in use by process ${child.pid}`);
    child.kill('SIGCONT');
    child.stdin!.end();
    await new Promise((resolve) => child.once('exit', resolve));
    expect(fs.readdirSync(folder)).toEqual([]);
  });
});

// Where there is no /proc, a living process of the number is all that is known.
describe.runIf(self.began)('the lock of a run folder, on Linux', () => {
  it('counts a process of another container of the same host name as alive', () => {
    const owner = { ...self, pid: deadProcess(), pidNamespace: 'pid:[1]' };
    expect(() => takeLock(folderLockedBy(owner))).toThrow(/in use by process \d+ of another container\./);
  });

  it('counts this process as alive when another thread of it wrote the lock', () => {
    expect(() => takeLock(folderLockedBy(self))).toThrow(`in use by process ${self.pid}.`);
  });

  it.each([
    ['a dead process whose number another one got', { began: self.began?.replace(/\d+$/, '1') }],
    ['a process that ended when the machine was started anew', { began: 'another-boot 1', pidNamespace: 'pid:[1]' }],
  ])('takes over that of %s', (_name, past) => {
    const lock = takeLock(folderLockedBy({ ...self, pid: process.ppid, ...past }));
    expect(lock.tookOver).toBe(true);
    lock.release();
  });
});
