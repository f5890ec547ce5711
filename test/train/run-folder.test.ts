import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ConfigError, FormatError } from '../../src/errors.js';
import { RunFolder } from '../../src/train/run-folder.js';
import { runPath } from './helpers.js';

const warning = { kind: 'warning', code: 'x', text: 'y' } as const;
const checkpoint = (step: number) => ({ kind: 'checkpoint', path: 'p', step, reason: 'interval' }) as const;

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
