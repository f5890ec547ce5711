import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { env, gossamer, main, scratchFolder } from './gossamer.js';

const scratch = scratchFolder();
afterAll(() => fs.rmSync(scratch, { recursive: true, force: true }));

const faces = path.join(scratch, 'faces');
const manifest = ['pad', 'prepare', '--dataset', 'manifest', '--root', faces];
let made: ReturnType<typeof gossamer>;
beforeAll(() => {
  made = gossamer(['pad', 'synthesize', '--drawn', '6', '--size', '96', '--out', faces]);
});

describe('gossamer pad synthesize', () => {
  it('makes faces and attacks, and warns of what they are', () => {
    expect([made.status, made.stderr]).toEqual([0, '']);
    const said = made.stdout.replaceAll(/\s+/g, ' ');
    expect(said).toContain('24 pictures of 6 people');
    expect(said).toContain('results on them say nothing about attacks that somebody carries out');
    expect(said).toContain(`pad prepare --dataset manifest --root ${faces}`);
    expect(fs.existsSync(path.join(faces, 'contact-sheet.png'))).toBe(true);
  });

  it('says what it cannot do', () => {
    const failed = (...words: string[]) => {
      const { status, stdout, stderr } = gossamer(['pad', 'synthesize', ...words]);
      expect([status, stdout]).toEqual([1, '']);
      return stderr;
    };
    const out = path.join(scratch, 'none');
    expect(failed('--faces', '/nowhere', '--out', out)).toContain('/nowhere: there is no such folder');
    fs.mkdirSync(path.join(scratch, 'empty'));
    expect(failed('--faces', path.join(scratch, 'empty'), '--out', out)).toContain('there is no picture below it');
    expect(failed('--drawn', '6', '--out', faces)).toContain('is there already');
    expect(failed('--out', out)).toContain('--drawn');
  });
});

describe('gossamer pad prepare', () => {
  it('counts in a dry run, and writes nothing', () => {
    const { status, stdout, stderr } = gossamer([...manifest, '--dry-run']);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^all +train +16 +4 +12 +4 +16 +0$/m);
    expect(stdout).toMatch(/^all +replay +4 +1 +1$/m);
    expect(stdout).toContain('No doubts.');
    const { splits, doubts } = JSON.parse(gossamer([...manifest, '--dry-run', '--json']).stdout) as {
      splits: { split: string; presentations: number }[];
      doubts: unknown[];
    };
    expect(splits.map(({ split, presentations }) => [split, presentations])).toEqual([
      ['train', 16],
      ['dev', 4],
      ['test', 4],
    ]);
    expect(doubts).toEqual([]);
  });

  it('writes prepared data once', () => {
    const out = path.join(scratch, 'prepared');
    const { status, stdout } = gossamer([...manifest, '--out', out, '--size', '64']);
    expect(status).toBe(0);
    expect(stdout).toContain(`24 faces of 64 x 64 are now in ${out}.`);
    expect(fs.readdirSync(out).sort()).toEqual([
      'frames.jsonl',
      'manifest.json',
      'presentations.jsonl',
      'shard-00000.safetensors',
    ]);
    const again = gossamer([...manifest, '--out', out, '--size', '64']);
    expect(again.status).toBe(1);
    expect(again.stderr).toContain('holds complete prepared data already');
  });

  it('goes on after it was killed, to the same bytes', async () => {
    const words = [...manifest, '--size', '1024'];
    const [whole, killed] = ['whole', 'killed'].map((name) => path.join(scratch, name)) as [string, string];
    expect(gossamer([...words, '--out', whole]).status).toBe(0);
    const child = spawn(process.execPath, [main, ...words, '--out', killed], { env });
    const ended = new Promise((resolve) => child.on('exit', resolve));
    const first = path.join(killed, 'shard-00000.safetensors');
    while (child.exitCode === null && !fs.existsSync(first)) await new Promise((resolve) => setTimeout(resolve, 5));
    child.kill('SIGKILL');
    await ended;
    expect(fs.existsSync(path.join(killed, 'manifest.json'))).toBe(false);
    const refused = gossamer([...words, '--out', killed]);
    expect([refused.status, refused.stderr]).toEqual([1, expect.stringContaining('--resume')]);
    expect(gossamer([...words, '--out', killed, '--resume']).status).toBe(0);
    expect(fs.readdirSync(killed).sort()).toEqual(fs.readdirSync(whole).sort());
    for (const name of fs.readdirSync(whole)) {
      expect(fs.readFileSync(path.join(killed, name)).equals(fs.readFileSync(path.join(whole, name))), name).toBe(true);
    }
  });

  it.each([
    [['--dataset', 'oulu', '--root', 'x', '--out', 'y'], 2, 'Known: oulu-npu'],
    [['--dataset', 'casia-fasf', '--root', 'x', '--out', 'y'], 2, 'Did you mean casia-fasd?'],
    [['--dataset', 'siw', '--root', '/nowhere', '--out', 'y'], 1, '/nowhere: there is no such folder'],
    [['--dataset', 'siw', '--root', faces, '--out', 'y'], 1, 'does not look like SiW'],
    [['--dataset', 'casia-fasd', '--root', faces, '--out', 'y'], 1, '--detector MODULE'],
    [['--dataset', 'manifest', '--root', faces], 2, '--out <folder> not specified'],
    [['--dataset', 'manifest', '--root', faces, '--out', 'y', '--dry-run'], 2, 'writes nothing'],
    [['--dataset', 'manifest', '--root', faces, '--out', 'y', '--frames', 'every'], 1, 'every:K'],
    [['--dataset', 'manifest', '--root', faces, '--out', 'y', '--size', '100'], 1, 'multiple of 8'],
    [['--dataset', 'manifest', '--root', faces, '--out', 'y', '--detector', '/nowhere.mjs'], 1, '/nowhere.mjs'],
  ])('%j ends with status %i and says %s', (words, expected, text) => {
    const { status, stdout, stderr } = gossamer(['pad', 'prepare', ...words], { cwd: scratch });
    expect([status, stdout]).toEqual([expected, '']);
    expect(stderr).toContain(text);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect(fs.existsSync(path.join(scratch, 'y'))).toBe(false);
  });

  it('tells what to install where videos are and ffmpeg is not', () => {
    const root = path.join(scratch, 'videos');
    fs.mkdirSync(root);
    fs.writeFileSync(path.join(root, 'a.mp4'), 'no video');
    fs.writeFileSync(path.join(root, 'manifest.csv'), 'file,split,label,species,box\na.mp4,train,live,,1 1 9 9\n');
    const words = ['pad', 'prepare', '--dataset', 'manifest', '--root', root, '--dry-run'];
    const { status, stderr } = gossamer(words, { env: { PATH: scratch } });
    expect(status).toBe(1);
    expect(stderr).toContain('apt install ffmpeg');
    expect(JSON.parse(gossamer([...words, '--json'], { env: { PATH: scratch } }).stdout)).toMatchObject({
      error: { code: 'UNSUPPORTED' },
    });
  });

  it('fails a dry run of a set with errors, and lists them', () => {
    const root = path.join(scratch, 'broken');
    fs.cpSync(faces, root, { recursive: true });
    const file = path.join(root, 'manifest.csv');
    const rows = fs.readFileSync(file, 'utf8').trimEnd().split('\n');
    const [name] = rows[1]!.split(',');
    fs.rmSync(path.join(root, name!));
    const { status, stdout } = gossamer(['pad', 'prepare', '--dataset', 'manifest', '--root', root, '--dry-run']);
    expect(status).toBe(1);
    expect(stdout).toContain('Doubts: 1 missing error.');
    expect(stdout).toContain(path.join(root, name!));
  });
});
