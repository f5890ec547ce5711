import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Autotune } from '../../src/engine/timed-once.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const program = (autotune: Autotune) => `
  const { createEngine } = await import('gossamer');
  const engine = await createEngine({ threads: 1, autotune: '${autotune}' });
  console.log(engine.facts().features.find(({ name }) => name === 'binary-tables').why);
  engine.dispose();`;

let cache: string;
/** What timing leaves there, made once. */
let kept: { readonly name: string; readonly text: string };
beforeAll(() => {
  cache = freshCache();
  timed();
  const [file] = keptFiles();
  kept = { name: path.basename(file!), text: fs.readFileSync(file!, 'utf8') };
});
beforeEach(() => {
  cache = freshCache();
});
afterAll(() => {
  for (const folder of made) fs.rmSync(folder, { recursive: true });
});

const made: string[] = [];

function freshCache(): string {
  made.push(fs.mkdtempSync(path.join(os.tmpdir(), 'gossamer-cache-')));
  return made.at(-1)!;
}

function keep(text: string): void {
  fs.mkdirSync(path.join(cache, 'gossamer'));
  fs.writeFileSync(path.join(cache, 'gossamer', kept.name), text);
}

/** What a new process says of its choice. */
function why(autotune: Autotune = 'on', folder = cache): string {
  const words = ['--input-type=module', '--eval', program(autotune)];
  const env = { ...process.env, XDG_CACHE_HOME: folder };
  const { status, stdout, stderr } = spawnSync(process.execPath, words, { cwd: root, encoding: 'utf8', env });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout.trim();
}

/** A machine too busy to time anything keeps nothing; another try then. */
function timed(autotune: Autotune = 'on'): string {
  for (let patience = 20; patience > 0; patience--) {
    const text = why(autotune);
    if (!/disturbed/.test(text)) return text;
  }
  return expect.unreachable('timing was disturbed 20 times');
}

const keptFiles = () => fs.readdirSync(path.join(cache, 'gossamer')).map((name) => path.join(cache, 'gossamer', name));

describe('the timing of 1-bit kernels', () => {
  it('is done once on a machine and kept in the user’s cache folder', () => {
    const first = timed();
    expect(first).toMatch(
      /timed on 3x3 layers .* GMAC\/s: byte tables \d+ and \d+, nibble .*, pixel .*, popcounts \d+ and \d+, in this process$/,
    );
    const [file, ...more] = keptFiles();
    expect(more).toEqual([]);
    expect(path.basename(file!)).toMatch(/^kernels-[0-9a-f]{16}\.json$/);
    const { key } = JSON.parse(fs.readFileSync(file!, 'utf8')) as { key: Record<string, string> };
    expect(key).toMatchObject({ node: process.versions.node, kernels: expect.stringMatching(/^[0-9a-f]{64}$/) });
    const second = why();
    expect(second).toBe(first.replace('in this process', `kept in ${path.join(cache, 'gossamer')} since ${second.slice(-10)}`));
    expect(second).toMatch(/since \d{4}-\d\d-\d\d$/);
  });

  it('is done anew, and kept, when that is asked for', () => {
    const { key, timing } = JSON.parse(kept.text) as { key: object; timing: object };
    keep(JSON.stringify({ key, timing: { ...timing, day: '2001-02-03' } }));
    expect(why()).toMatch(/since 2001-02-03$/);
    expect(timed('fresh')).toMatch(/in this process$/);
    expect(why()).toMatch(/since (?!2001)/);
    expect(keptFiles().map((file) => path.basename(file))).toEqual([kept.name]);
  });

  it('is left out when that is asked for: nothing is read or written', () => {
    keep(kept.text);
    expect(why('off')).toBe('for each layer the fastest, on most machines: not timed, by the option autotune');
    fs.rmSync(path.join(cache, 'gossamer'), { recursive: true });
    why('off');
    expect(fs.readdirSync(cache)).toEqual([]);
  });

  type Times = { method: string; few: number; many: number }[];
  const withTimes = (change: (times: Times) => unknown) => (whole: { key: object; timing: { timing: Times; day: string } }) =>
    JSON.stringify({ ...whole, timing: { ...whole.timing, timing: change(whole.timing.timing) } });

  it.each<[string, (whole: { key: object; timing: { timing: Times; day: string } }) => string]>([
    ['nothing', () => ''],
    ['half a file', (whole) => JSON.stringify(whole).slice(0, 200)],
    ['other JSON', () => '[null]'],
    ['null', () => 'null'],
    ['of another machine', (whole) => JSON.stringify({ ...whole, key: { ...whole.key, processor: 'abacus' } })],
    ['no timing', ({ key }) => JSON.stringify({ key })],
    ['of no day', ({ key, timing: { timing } }) => JSON.stringify({ key, timing: { timing } })],
    ['no times', withTimes(() => null)],
    ['times of too few methods', withTimes((times) => times.slice(1))],
    ['times of an unknown method', withTimes((times) => times.map((time) => ({ ...time, method: 'guess' })))],
    ['times that are null', withTimes((times) => times.map(() => null))],
    ['times that are text', withTimes((times) => times.map((time) => ({ ...time, many: String(time.many) })))],
    ['times that cannot be', withTimes((times) => times.map(({ method, few }) => ({ method, few, many: -few })))],
  ])('is done anew where what was kept is %s', (_what, damage) => {
    keep(damage(JSON.parse(kept.text)));
    expect(timed()).toMatch(/in this process$/);
    expect(why()).toMatch(/kept in/);
  });

  it('is done every time where nothing can be kept', () => {
    const blocked = path.join(cache, 'file');
    fs.writeFileSync(blocked, '');
    for (const _ of [1, 2]) expect(why('on', blocked)).toMatch(/in this process$|disturbed$/);
    expect(why('on', '/proc/none')).toMatch(/in this process$|disturbed$/);
  });
});
