import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Rng } from '../../src/tensor/rng.js';
import { env, gossamer, main, scratchFolder } from './gossamer.js';

const folder = scratchFolder();
afterAll(() => fs.rmSync(folder, { recursive: true }));

const checkpoint = 'assets/models/ftbnn-tiny-cifar10.safetensors';
const packed = path.join(folder, 'packed.safetensors');
beforeAll(() => {
  expect(gossamer(['freeze', checkpoint, '--out', packed]).status).toBe(0);
});

interface Writing {
  readonly verb: string;
  readonly name: string;
  readonly words: (out: string) => string[];
  /** What may differ from one run to the next. */
  readonly same?: (text: string) => string;
}

/** Everything that a command writes over: out, and what is written on the way to it. */
const writings: readonly Writing[] = [
  { verb: 'freeze', name: 'a.safetensors', words: (out) => ['freeze', checkpoint, '--out', out, '--replace'] },
  {
    verb: 'freeze --report',
    name: 'a.html',
    words: (out) => ['freeze', checkpoint, '--out', `${out}.safetensors`, '--replace', '--report', out, '--threads', '1'],
    // Times are others each time.
    same: (text) => `${text.startsWith('<!doctype html>')} ${text.endsWith('</html>\n')}`,
  },
  { verb: 'inspect --svg', name: 'a.svg', words: (out) => ['inspect', packed, '--svg', out] },
  { verb: 'export', name: 'a.safetensors', words: (out) => ['export', checkpoint, '--out', out, '--replace'] },
  {
    verb: 'export --format onnx',
    name: 'a.onnx',
    words: (out) => ['export', checkpoint, '--format', 'onnx', '--out', out, '--replace'],
  },
  {
    verb: 'import',
    name: 'a.safetensors',
    words: (out) => [
      ...['import', checkpoint, '--model', 'ftbnn-tiny', '--out', out, '--replace', '--input', '32x32x3'],
      ...['--option', 'widths=[24,48,96]', '--option', 'stem=3x3-half'],
    ],
  },
];

/** What stands in a file, as far as it is the same in each run. */
function contentOf(file: string, same: (text: string) => string = (text) => text): string {
  return createHash('sha256')
    .update(same(fs.readFileSync(file, 'latin1')))
    .digest('hex');
}

describe('kill -9', () => {
  it.each(writings)('at any moment of $verb leaves the old file or the new one, whole', async ({ verb, name, words, same }) => {
    const place = path.join(folder, verb.replaceAll(/\W+/g, '-'));
    fs.mkdirSync(place);
    const out = path.join(place, name);
    const start = performance.now();
    expect(gossamer(words(out))).toMatchObject({ status: 0, stderr: '' });
    const duration = performance.now() - start;
    const fresh = contentOf(out, same);

    fs.writeFileSync(out, 'old');
    const old = contentOf(out, same);
    const rng = new Rng(11);
    const seen = { old: 0, new: 0 };
    // At moments spread over the run, and right behind the first byte that it puts into the folder.
    const moments = [
      ...Array.from({ length: 2 }, () => duration * rng.uniform(0.3, 1.05)),
      ...[0, 0, 1, 2].map((delay) => ({ delay })),
    ];
    for (const moment of moments) {
      fs.writeFileSync(out, 'old');
      await killed(words(out), place, moment);
      const left = contentOf(out, same);
      expect([old, fresh]).toContain(left);
      seen[left === old ? 'old' : 'new']++;
    }
    expect(seen.old).toBeGreaterThan(0);

    // What was under way when it was killed is hidden, and harms nobody.
    const others = fs.readdirSync(place).filter((file) => !file.startsWith(name));
    for (const file of others) expect(file).toMatch(/^\.a\.[a-z]+(\.safetensors)?\.[0-9a-f]{12}\.tmp$/);
    expect(gossamer(words(out))).toMatchObject({ status: 0, stderr: '' });
    expect(contentOf(out, same)).toBe(fresh);
  });

  it('before the file was there leaves none, or the whole one', async () => {
    const place = path.join(folder, 'none');
    fs.mkdirSync(place);
    const out = path.join(place, 'a.safetensors');
    for (const delay of [0, 1]) {
      fs.rmSync(out, { force: true });
      await killed(['freeze', checkpoint, '--out', out], place, { delay });
      if (fs.existsSync(out)) expect(contentOf(out)).toBe(contentOf(packed));
    }
  });
});

/** Runs a command and kills it after so many milliseconds, or after the first change in `place` and some; waits until it is gone. */
async function killed(words: readonly string[], place: string, moment: number | { readonly delay: number }): Promise<void> {
  const child = spawn(process.execPath, [main, ...words], { stdio: 'ignore', env });
  const exit = new Promise((resolve) => child.once('exit', resolve));
  const kill = () => child.kill('SIGKILL');
  if (typeof moment === 'number') setTimeout(kill, moment);
  else {
    const watcher = fs.watch(place, () => {
      watcher.close();
      if (moment.delay === 0) kill();
      else setTimeout(kill, moment.delay);
    });
  }
  await exit;
}

/** A file system of its own that is soon full; null where this machine lets nobody mount one. */
function smallDisk(bytes: number): string | null {
  const place = fs.mkdtempSync(path.join(folder, 'disk-'));
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', place]);
  return status === 0 ? place : null;
}

const disk = smallDisk(64 * 1024);
afterAll(() => {
  if (disk) spawnSync('umount', [disk]);
});

describe.skipIf(disk === null)('a full disk', () => {
  it.each(writings.filter(({ verb }) => verb !== 'freeze --report'))(
    '$verb says so, and leaves the old file',
    ({ name, words }) => {
      const out = path.join(disk!, name);
      fs.writeFileSync(out, 'old');
      fs.writeFileSync(path.join(disk!, 'ballast'), new Uint8Array(56 * 1024));
      const { status, stdout, stderr } = gossamer([...words(out), '--json']);
      expect({ status, stderr }).toEqual({ status: 1, stderr: '' });
      const { error } = JSON.parse(stdout) as { error: object };
      expect(error).toMatchObject({
        code: 'FORMAT',
        reason: 'not-writable',
        message: expect.stringMatching(/ENOSPC.*The disk is full: make room/),
      });
      expect(fs.readFileSync(out, 'utf8')).toBe('old');
      expect(fs.readdirSync(disk!).sort()).toEqual([name, 'ballast'].sort());
      fs.rmSync(out);
    },
  );
});
