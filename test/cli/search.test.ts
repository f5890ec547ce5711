import fs from 'node:fs';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { gossamer, gossamerWhile, scratchFolder } from './gossamer.js';

const scratch = scratchFolder();
afterAll(() => fs.rmSync(scratch, { recursive: true, force: true }));

const normalize = { name: 'normalize', mean: [0.286], std: [0.353] };
const cells = [0, 1, 2].map(() => ({ nodes: [{ from: 0, operation: 'conv' }], output: [1] }));
const recipe = path.join(scratch, 'tiny.json');
fs.writeFileSync(
  recipe,
  JSON.stringify({
    name: 'tiny',
    training: {
      data: { source: 'fashion-mnist-sample', trainImages: 160, testImages: 100 },
      transforms: { train: [{ name: 'resize', size: 8 }, normalize], evaluate: [{ name: 'resize', size: 8 }, normalize] },
      optimizer: { name: 'adam', learningRate: 0.005 },
      epochs: 1,
      batchSize: 16,
    },
    space: {
      frame: { task: 'classification', stem: [8], widths: [8, 8, 8] },
      nodes: 2,
      operations: ['none', 'skip', 'conv', 'binary'],
    },
    differentiable: { epochs: 12, partial: 2, learningRate: 0.05 },
    trial: { epochs: 1 },
    random: { candidates: 4 },
    evolution: { candidates: 2, population: 2, sample: 1 },
    byHand: { plain: cells },
  }),
);

const plain = ['--threads', '1', '--autotune', 'off'];
const search = (out: string, ...words: string[]) => ['search', recipe, ...plain, '--out', path.join(scratch, out), ...words];

/** What a search came to, without its times. */
function resultOf(out: string): object {
  const { seconds, bytesPeak, ...result } = JSON.parse(fs.readFileSync(path.join(scratch, out, 'result.json'), 'utf8'));
  expect(seconds).toBeGreaterThan(0);
  expect(bytesPeak).toBeGreaterThan(0);
  return result;
}

describe('gossamer search', () => {
  it('shows what it found, and leaves pictures, a page, and a recipe that trains it', () => {
    const { status, stdout, stderr } = gossamer(search('whole'));
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/epoch 12 of 12: loss of the weights/);
    expect(stdout).toMatch(/the differentiable search found a network of/);
    // The width of what is no terminal.
    expect(stdout.split('\n').filter((line) => line.length > 100 && !line.startsWith('  node '))).toEqual([]);
    const folder = path.join(scratch, 'whole');
    for (const [file, start] of [
      ['cells.svg', '<svg'],
      ['course.svg', '<svg'],
      ['report.html', '<!doctype html>'],
    ] as const) {
      expect(fs.readFileSync(path.join(folder, file), 'utf8').slice(0, 20)).toContain(start);
    }
    const genotype = `genotype:${path.join(folder, 'genotype.json')}`;
    expect(gossamer(['summary', genotype, '--input', '8x8x1'])).toMatchObject({ status: 0, stderr: '' });
    const trained = gossamer([
      'train',
      path.join(folder, 'recipe.json'),
      '--threads',
      '1',
      '--json',
      '--out',
      path.join(scratch, 'run'),
    ]);
    expect(trained).toMatchObject({ status: 0, stderr: '' });
    expect(JSON.parse(trained.stdout.trimEnd().split('\n').at(-1)!)).toMatchObject({ recipe: 'tiny-found', model: 'genotype' });
    const byOther = gossamer([
      'train',
      'ftbnn-tiny-fashion',
      '--model',
      genotype,
      '--set',
      'data.trainImages=100',
      '--epochs',
      '1',
      '--json',
      '--out',
      path.join(scratch, 'run-2'),
    ]);
    expect(JSON.parse(byOther.stdout.trimEnd().split('\n').at(-1)!)).toMatchObject({
      recipe: 'ftbnn-tiny-fashion',
      model: 'genotype',
    });
  });

  it.each(['SIGKILL', 'SIGINT'] as const)('goes on after %s to what it would have come to', async (signal) => {
    for (const strategy of ['differentiable', 'random']) {
      const [stopped, whole] = [`${strategy}-${signal}`, `${strategy}-whole`];
      const words = ['--strategy', strategy, '--json'];
      if (!fs.existsSync(path.join(scratch, whole))) expect(gossamer(search(whole, ...words)).status).toBe(0);
      const moment = strategy === 'random' ? '"kind":"trial","number":2' : '"step":11,';
      const { status, stdout } = await gossamerWhile(search(stopped, ...words), (line, kill) => {
        if (line.includes(moment)) kill(signal);
      });
      expect(fs.existsSync(path.join(scratch, stopped, 'result.json'))).toBe(false);
      expect(status).toBe(signal === 'SIGINT' ? 130 : null);
      if (signal === 'SIGINT') expect(stdout).toContain('"kind":"interrupted"');
      expect(gossamer(search(stopped, '--strategy', strategy, '--json', '--resume'))).toMatchObject({ status: 0, stderr: '' });
      expect(resultOf(stopped)).toEqual(resultOf(whole));
    }
  });

  it('compares strategies, and says which was best', () => {
    const { status, stdout, stderr } = gossamer(search('campaign', '--compare', '--seeds', '1'));
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/The differentiable search (beat|did not beat)\s/);
    const csv = fs
      .readFileSync(path.join(scratch, 'campaign', 'comparison.csv'), 'utf8')
      .trimEnd()
      .split('\n');
    expect(csv).toHaveLength(5);
    fs.mkdirSync(path.join(scratch, 'runs'));
    fs.renameSync(path.join(scratch, 'campaign'), path.join(scratch, 'runs', 'tiny'));
    const again = gossamer(['search', recipe, ...plain, '--compare', '--seeds', '1', '--resume', '--json'], { cwd: scratch });
    expect(JSON.parse(again.stdout.trimEnd().split('\n').at(-1)!)).toMatchObject({ kind: 'comparison', recipe: 'tiny' });
  });

  it('refuses what cannot be, in one line', () => {
    const refusal = (...words: string[]) => gossamer(words).stderr;
    expect(refusal('search', 'search-cifar1')).toMatch(
      /^gossamer: recipe: there is none called .*Did you mean "search-cifar10"\?/,
    );
    expect(refusal(...search('whole'))).toMatch(/holds a run already/);
    expect(refusal(...search('absent', '--resume'))).toMatch(/there is no search in/);
    expect(refusal(...search('whole', '--strategy', 'luck'))).toMatch(/differentiable, random, evolution/);
    expect(refusal('search', 'search-cifar10', '--data', path.join(scratch, 'nowhere'))).toMatch(
      /there is no such file or folder/,
    );
  });
});
