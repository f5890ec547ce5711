import fs from 'node:fs';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cifarRecord, write } from '../data/helpers.js';
import { type Finished, gossamer, gossamerWhile, sample, scratchFolder } from './gossamer.js';

const scratch = scratchFolder();
afterAll(() => fs.rmSync(scratch, { recursive: true, force: true }));

const at = (...parts: string[]) => path.join(scratch, ...parts);
const data = at('cifar');
/** A table of two short runs: each has two epochs of several steps. */
const words = ['reproduce', 'nonlinearity', '--data', data, '--epochs=2', '--rows=none,fprelu-sum', '--seeds=1', '--threads=1'];
const table = 'nonlinearity-epochs2';
const results = at('runs/reproduce/results');
const folder = (row: string) => at('runs/reproduce', table, `${row}-seed0`);
const reproduce = (...more: string[]) => gossamer([...words, ...more], { cwd: scratch });

type Line = Record<string, unknown>;
const linesOf = ({ stdout }: Finished) =>
  stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
const csv = (name: string) =>
  fs
    .readFileSync(path.join(results, name), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => line.split(','));

beforeAll(() => {
  const batch = (from: number) => Buffer.concat(Array.from({ length: 80 }, (_, i) => cifarRecord([i % 10], from + 3 * i)));
  const training = Object.fromEntries([1, 2, 3, 4, 5].map((n) => [`data_batch_${n}.bin`, batch(n)]));
  write(data, { ...training, 'test_batch.bin': batch(9) });
});

describe('gossamer reproduce, from nothing to a table', () => {
  let cut: Finished;
  beforeAll(async () => {
    let isCut = false;
    cut = await gossamerWhile(
      [...words, '--json'],
      (line, kill) => {
        const event = JSON.parse(line) as Line;
        if (isCut || event['kind'] !== 'step' || event['epoch'] !== 2) return;
        isCut = true;
        kill('SIGINT');
      },
      scratch,
    );
  });

  it('saves when it is interrupted, and says how to go on', () => {
    expect([cut.status, cut.stderr]).toEqual([130, '']);
    const lines = linesOf(cut);
    expect(lines[0]).toMatchObject({ kind: 'plan', table, runs: 2, missing: 2 });
    expect(lines[1]).toMatchObject({ kind: 'run', row: 'none', seed: 0 });
    const { kind, next } = lines.at(-1) as { kind: string; next: { command: string }[] };
    expect(kind).toBe('interrupted');
    expect(next[0]!.command).toContain(`reproduce nonlinearity --data ${data} --epochs 2 --rows none,fprelu-sum --seeds 1`);
    expect(fs.existsSync(path.join(folder('none'), 'last.safetensors'))).toBe(true);
    expect(fs.existsSync(path.join(folder('none'), 'summary.json'))).toBe(false);
  });

  it('goes on where it stopped, trains what is missing, and writes figures, logs, chart and page', async () => {
    const finished = reproduce();
    expect([finished.status, finished.stderr]).toEqual([0, '']);
    expect(finished.stdout).toMatch(/2 runs,\s0\sof\sthem\sfinished\sbefore/);
    expect(finished.stdout).toMatch(/Run 1 of 2: no activation, seed 0/);
    expect(finished.stdout).toMatch(/Resumed after step \d+ of \d+/);
    expect(finished.stdout).toMatch(/FPReLU on the sum +1 +\d+\.\d %/);
    const [header, ...runs] = csv(`${table}.csv`);
    expect(header!.slice(0, 5)).toEqual(['table', 'row', 'recipe', 'seed', 'epochs']);
    expect(runs.map((run) => run.slice(0, 6))).toEqual([
      [table, 'none', 'nonlinearity-none', '0', '2', '360'],
      [table, 'fprelu-sum', 'nonlinearity-fprelu-sum', '0', '2', '360'],
    ]);
    for (const run of runs) expect(run).toHaveLength(header!.length);
    const blocks = csv(`${table}-linearity.csv`).slice(1);
    expect(blocks).toHaveLength(12);
    expect(new Set(blocks.map(([, row]) => row))).toEqual(new Set(['none', 'fprelu-sum']));
    const log = fs
      .readFileSync(path.join(results, 'logs', table, 'none-seed0.jsonl'), 'utf8')
      .trimEnd()
      .split('\n');
    expect(log.map((line) => (JSON.parse(line) as Line)['epoch'])).toEqual([1, 2]);
    const page = fs.readFileSync(path.join(results, `${table}.md`), 'utf8');
    expect(page).toContain("Not the table's own budget");
    expect(page).toContain('2 of 18 runs are finished');
    expect((await sharp(path.join(results, `${table}.svg`)).metadata()).width).toBe(960);
  });

  it('trains nothing that is finished', () => {
    const before = fs.readFileSync(path.join(folder('none'), 'log.jsonl'), 'utf8');
    const again = reproduce('--json');
    const lines = linesOf(again);
    expect(lines.map(({ kind }) => kind)).toEqual(['plan', 'table']);
    expect(lines[0]).toMatchObject({ runs: 2, missing: 0 });
    expect(lines[1]!['results']).toHaveLength(2);
    expect(fs.readFileSync(path.join(folder('none'), 'log.jsonl'), 'utf8')).toBe(before);
  });

  it('writes the table again from finished runs alone, without data', () => {
    fs.rmSync(results, { recursive: true });
    const { status, stdout } = gossamer(['reproduce', 'nonlinearity', '--epochs=2', '--report'], { cwd: scratch });
    expect(status).toBe(0);
    expect(csv(`${table}.csv`)).toHaveLength(3);
    expect(stdout).toContain('reproduce nonlinearity --data FOLDER --epochs 2');
  });

  it('judges again, but does not train, a run whose summary is missing', () => {
    const summary = path.join(folder('none'), 'summary.json');
    const before = JSON.parse(fs.readFileSync(summary, 'utf8')) as Line;
    fs.rmSync(summary);
    expect(linesOf(reproduce('--json')).filter(({ kind }) => kind === 'step')).toHaveLength(0);
    expect(JSON.parse(fs.readFileSync(summary, 'utf8'))).toEqual(before);
  });

  it('refuses a run of another recipe, and says what differs and what to do', () => {
    const file = path.join(folder('none'), 'last.safetensors');
    const kept = fs.readFileSync(file);
    const other = Buffer.from(kept.toString('latin1').replaceAll('learningRate\\":0.005', 'learningRate\\":0.007'), 'latin1');
    expect(other.equals(kept)).toBe(false);
    fs.writeFileSync(file, other);
    const { status, stderr } = reproduce();
    expect(status).toBe(1);
    expect(stderr).toMatch(
      /optimizer\.learningRate: is 0\.005 in the table, but the run in .*none-seed0 was trained with 0\.007/,
    );
    expect(stderr).toMatch(/Move that folder away .* or keep the runs of this table elsewhere \(--out\)/);
    fs.writeFileSync(file, kept);
  });
});

describe('gossamer reproduce, asked for what it cannot do', () => {
  it('lists its tables without a name', () => {
    const { status, stdout } = gossamer(['reproduce']);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^baseline +1 +1 +1 +1,225,000$/m);
    for (const line of stdout.split('\n')) expect(line.length, line).toBeLessThanOrEqual(100);
    const tables = JSON.parse(gossamer(['reproduce', '--json']).stdout) as { name: string; runs: number; rows: object[] }[];
    expect(tables.map(({ name }) => name)).toEqual([
      'baseline',
      'nonlinearity',
      'beyond',
      'dynamic',
      'dynamic-longer',
      'theta',
      'composed',
    ]);
    expect(tables[1]).toMatchObject({ seeds: 2, runs: 18 });
  });

  it.each([
    [['reproduce', 'nonlinear', '--data', 'x'], /Did you mean "nonlinearity"\?/],
    [['reproduce', 'dynamic'], /data: name the folder of CIFAR-10 \(--data\)/],
    [['reproduce', 'dynamic', '--data', 'x', '--rows', 'dence'], /Did you mean "dense"\?/],
    [['reproduce', 'dynamic', '--data', sample], /tables are of CIFAR-10/],
    [['reproduce', 'dynamic', '--data', at('nowhere')], /nowhere: there is no such file or folder/],
  ])('%j', (command, text) => {
    const { status, stderr } = gossamer(command, { cwd: scratch });
    expect(status).toBe(1);
    expect(stderr).toMatch(text);
  });
});
