import fs from 'node:fs';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cifar10Classes, fashionMnistClasses, openSource } from '../../src/data/index.js';
import { type Finished, gossamer, gossamerWhile, sample, scratchFolder, tinyTraining } from './gossamer.js';

const scratch = scratchFolder();
const run = path.join(scratch, 'runs/ftbnn-tiny-fashion');
afterAll(() => fs.rmSync(scratch, { recursive: true, force: true }));

const inScratch = (...words: string[]) => gossamer(words, { cwd: scratch });
const linesOf = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

let first: Finished;
beforeAll(() => {
  first = inScratch('train', ...tinyTraining);
});

describe('gossamer train', () => {
  it('tells people how it went: accuracy, cost beside the float twin, the folder, what next', () => {
    expect([first.status, first.stderr]).toEqual([0, '']);
    const { stdout } = first;
    expect(stdout).toMatch(/Training ftbnn-tiny-fashion: 1 epoch of 9 steps, 190 images\./);
    expect(stdout).toMatch(/^ +1\/1 +\d\.\d{4} +\d+\.\d % .* \* \d+\.\d %/m);
    expect(stdout).toMatch(/Test accuracy \d+\.\d % on 100 images/);
    expect(stdout).toMatch(/ftbnn-tiny +ftbnn-tiny-float +twin needs/);
    expect(stdout).toContain('Run folder: runs/ftbnn-tiny-fashion');
    expect(stdout).toMatch(/Next:\n.*\n.* eval runs\/ftbnn-tiny-fashion\n/);
    expect([...stdout].filter((character) => character < ' ' && character !== '\n')).toEqual([]);
  });

  it('leaves a run folder with all that it promises', () => {
    const files = ['best.safetensors', 'config.json', 'curves.svg', 'last.safetensors', 'log.jsonl', 'summary.json'];
    expect(fs.readdirSync(run).sort()).toEqual(files);
    const summary = JSON.parse(fs.readFileSync(path.join(run, 'summary.json'), 'utf8')) as {
      test: { top1: number; count: number };
      cost: { model: { operations: number; weightBytes: number }; twin: { operations: number; weightBytes: number } };
    };
    expect(summary.test.count).toBe(100);
    expect(summary.cost.twin.weightBytes).toBeGreaterThan(5 * summary.cost.model.weightBytes);
    expect(summary.cost.twin.operations).toBeGreaterThan(5 * summary.cost.model.operations);
    expect(fs.readFileSync(path.join(run, 'curves.svg'), 'utf8')).toMatch(/^<svg[\s\S]*ftbnn-tiny-fashion[\s\S]*<\/svg>$/);
  });

  it('starts a folder of its own the next time, gives JSON lines, and the same result', () => {
    const { status, stdout, stderr } = inScratch('train', ...tinyTraining, '--json');
    expect([status, stderr]).toEqual([0, '']);
    const events = linesOf(stdout);
    expect(events[0]).toMatchObject({ kind: 'start', run: 'runs/ftbnn-tiny-fashion-2' });
    expect(events.filter(({ kind }) => kind === 'step')).toHaveLength(9);
    expect(events.at(-1)).toMatchObject({ kind: 'summary', run: 'runs/ftbnn-tiny-fashion-2' });
    const earlier = JSON.parse(fs.readFileSync(path.join(run, 'summary.json'), 'utf8')) as Record<string, unknown>;
    expect(events.at(-1)!['test']).toEqual(earlier['test']);
  });

  it('does not touch a run that is there', () => {
    const before = fs.readFileSync(path.join(run, 'log.jsonl'), 'utf8');
    const { status, stderr } = inScratch('train', ...tinyTraining, '--out', 'runs/ftbnn-tiny-fashion');
    expect(status).toBe(1);
    expect(stderr).toContain('--resume');
    expect(fs.readFileSync(path.join(run, 'log.jsonl'), 'utf8')).toBe(before);
    const other = inScratch('train', 'resnet20-cifar10', '--resume', '--out', 'runs/ftbnn-tiny-fashion');
    expect(other.stderr).toContain('holds a run of ftbnn-tiny-fashion, not of resnet20-cifar10');
    expect(inScratch('train', 'resnet20-cifar10', '--resume').stderr).toContain('there is no run of resnet20-cifar10');
  });

  it('leaves nothing behind when it cannot begin', () => {
    expect(inScratch('train', 'resnet20-cifar10', '--data', 'nowhere', '--out', 'runs/none').status).toBe(1);
    expect(fs.existsSync(path.join(scratch, 'runs/none'))).toBe(false);
  });

  it('saves when interrupted, says how to go on, and goes on with the recipe that it began with', async () => {
    const words = ['train', ...tinyTraining, '--epochs=2', '--json', '--out', 'runs/interrupted'];
    const interrupted = await gossamerWhile(
      words,
      (line, kill) => {
        if (line.includes('"step":5,')) kill('SIGINT');
      },
      scratch,
    );
    expect([interrupted.status, interrupted.stderr]).toEqual([130, '']);
    const end = linesOf(interrupted.stdout).at(-1) as { kind: string; next: { command: string }[] };
    expect(end.kind).toBe('interrupted');
    expect(end.next[0]!.command).toMatch(/train ftbnn-tiny-fashion --out runs\/interrupted --resume$/);

    const resumed = inScratch('train', 'ftbnn-tiny-fashion', '--threads=1', '--out', 'runs/interrupted', '--resume', '--json');
    expect(resumed.status).toBe(0);
    const events = linesOf(resumed.stdout);
    expect(events[0]).toMatchObject({ kind: 'start', steps: 18 });
    expect(events[0]!['resumedFrom']).toBeGreaterThanOrEqual(5);
    expect(events.at(-1)).toMatchObject({ kind: 'summary', epochs: 2, steps: 18 });
    const svg = fs.readFileSync(path.join(scratch, 'runs/interrupted/curves.svg'), 'utf8');
    expect(svg).toContain('Learning rate');
  });
});

describe('gossamer train, before its first checkpoint and elsewhere', () => {
  it('starts again with the recipe that the run began with when it was killed before its first checkpoint', () => {
    const killed = path.join(scratch, 'runs/killed');
    fs.cpSync(run, killed, { recursive: true });
    for (const name of ['best', 'last']) fs.rmSync(path.join(killed, `${name}.safetensors`));
    const { status, stdout } = inScratch('train', 'ftbnn-tiny-fashion', '--threads=1', '--resume', '--out', killed, '--json');
    expect(status).toBe(0);
    const summary = (folder: string) =>
      JSON.parse(fs.readFileSync(path.join(folder, 'summary.json'), 'utf8')) as { test: object };
    expect(linesOf(stdout).at(-1)).toMatchObject({ kind: 'summary', steps: 9, test: summary(run).test });

    fs.rmSync(path.join(killed, 'last.safetensors'));
    fs.writeFileSync(path.join(killed, 'config.json'), '{}');
    const lost = inScratch('train', 'ftbnn-tiny-fashion', '--resume', '--out', killed);
    expect(lost.status).toBe(1);
    expect(lost.stderr).toMatch(/config\.json: does not say what the run began with/);
  });

  it('remembers where the images lie, also from another folder, and says so in what is next', () => {
    fs.symlinkSync(sample, path.join(scratch, 'images'));
    const { status, stdout } = inScratch('train', ...tinyTraining, '--data', 'images', '--out', 'runs/images');
    expect(status).toBe(0);
    expect(stdout).toMatch(/train ftbnn-tiny-fashion --data \S*\/images --epochs 1 --set data\.trainImages=200 .*--seed 1/);
    expect(gossamer(['eval', path.join(scratch, 'runs/images'), '--threads=1']).status).toBe(0);
  });

  it('does not test on what it trained on, and looks at the test images before it trains', async () => {
    const rows = await Promise.all(
      Array.from({ length: 60 }, async (_, i) => {
        const name = `${i}.png`;
        const background = i % 2 ? '#333' : '#ccc';
        await sharp({ create: { width: 8, height: 8, channels: 3, background } })
          .png()
          .toFile(path.join(scratch, name));
        return `${name},${i % 2 ? 'dark' : 'light'}`;
      }),
    );
    const words = ['--epochs=1', '--threads=1', '--set=batchSize=20', '--set=transforms={}', '--set=data.size=28'];
    const trainOn = (manifest: string) =>
      inScratch('train', 'ftbnn-tiny-fashion', ...words, '--data', manifest, '--out', `runs/${manifest}`);

    fs.writeFileSync(path.join(scratch, 'all.csv'), ['path,label', ...rows].join('\n'));
    const { status, stdout } = trainOn('all.csv');
    expect(status).toBe(0);
    expect(stdout).toContain('The data has no test images');
    const judged = inScratch('eval', 'runs/all.csv', '--threads=1');
    expect([judged.status, judged.stderr]).toEqual([1, expect.stringContaining('no row is for "test"')]);
    expect(inScratch('eval', 'runs/all.csv', '--threads=1', '--data', 'all.csv').stdout).toContain('of 60 images');

    const split = ['path,label,split', ...rows.map((row) => `${row},train`), 'nowhere.png,dark,test'];
    fs.writeFileSync(path.join(scratch, 'split.csv'), split.join('\n'));
    const bad = trainOn('split.csv');
    expect([bad.status, bad.stdout]).toEqual([1, '']);
    expect(bad.stderr).toContain('nowhere.png');
    expect(fs.existsSync(path.join(scratch, 'runs/split.csv'))).toBe(false);
  });
});

describe('gossamer eval', () => {
  it('gives back the test accuracy of the run, from its folder or its file', () => {
    const { test } = JSON.parse(fs.readFileSync(path.join(run, 'summary.json'), 'utf8')) as { test: { top1: number } };
    for (const place of [run, path.join(run, 'best.safetensors')]) {
      const { status, stdout } = gossamer(['eval', place, '--json', '--threads', '1']);
      expect(status).toBe(0);
      expect(JSON.parse(stdout)).toMatchObject(test);
    }
  });

  it('prints accuracy, classes and the confusion matrix', () => {
    const { status, stdout } = gossamer(['eval', run, '--data', sample, '--threads', '1']);
    expect(status).toBe(0);
    expect(stdout).toMatch(/Top-1 accuracy +\d+\.\d\d % +\(\d+ of 100 images\)/);
    expect(stdout).toMatch(/^Ankle boot +10 /m);
    expect(stdout).toMatch(/^ 9 Ankle boot( +[\d·]+){10}$/m);
  });

  it('refuses a file that was cut short or is something else, by its name', () => {
    const cut = path.join(scratch, 'cut.safetensors');
    const bytes = fs.readFileSync(path.join(run, 'best.safetensors'));
    fs.writeFileSync(cut, bytes.subarray(0, bytes.length - 100));
    for (const file of [cut, path.join(run, 'curves.svg')]) {
      const { status, stderr } = gossamer(['eval', file]);
      expect(status).toBe(1);
      expect(stderr).toContain(file);
      expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    }
  });
});

describe('gossamer predict', () => {
  it('names pictures of any size and kind, best answer first', async () => {
    const source = await openSource(sample, { split: 'test' });
    const pixels = new Uint8Array(28 * 28);
    await source.read(2, pixels);
    const grey = path.join(scratch, 'grey.png');
    await sharp(pixels, { raw: { width: 28, height: 28, channels: 1 } })
      .png()
      .toFile(grey);
    const colour = path.join(scratch, 'a colour.jpg');
    await sharp({ create: { width: 300, height: 200, channels: 3, background: '#a33' } })
      .jpeg()
      .toFile(colour);

    const { status, stdout } = gossamer(['predict', run, grey, colour, '--json', '--threads', '1']);
    expect(status).toBe(0);
    const { predictions } = JSON.parse(stdout) as {
      predictions: { image: string; answers: { name: string; score: number }[] }[];
    };
    expect(predictions.map(({ image }) => image)).toEqual([grey, colour]);
    for (const { answers } of predictions) {
      expect(answers).toHaveLength(3);
      expect(answers[0]!.score).toBeGreaterThanOrEqual(answers[1]!.score);
      expect(fashionMnistClasses).toContain(answers[0]!.name);
    }
    const text = gossamer(['predict', run, grey, '--top', '1', '--threads', '1']).stdout;
    expect(text).toContain(`${grey}\n  ${predictions[0]!.answers[0]!.name}`);
  });

  it('knows the networks that ship by their names', () => {
    const picture = path.join(scratch, 'a colour.jpg');
    const { status, stdout } = gossamer(['predict', 'ftbnn-tiny-cifar10', picture, '--json', '--threads', '1']);
    expect(status).toBe(0);
    const { predictions } = JSON.parse(stdout) as { predictions: { answers: { name: string }[] }[] };
    expect(cifar10Classes).toContain(predictions[0]!.answers[0]!.name);
  });

  it('says which picture it cannot read', () => {
    const { status, stdout, stderr } = gossamer(['predict', run, path.join(scratch, 'nowhere.png')]);
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toBe(`gossamer: ${path.join(scratch, 'nowhere.png')}: there is no such file.\n`);
    // A header that is whole, and pixels that are not.
    const cut = path.join(scratch, 'cut.png');
    const whole = fs.readFileSync(path.join(scratch, 'grey.png'));
    fs.writeFileSync(cut, whole.subarray(0, whole.length / 2));
    const half = gossamer(['predict', run, cut]);
    expect(half.status).toBe(1);
    expect(half.stderr).toMatch(/cut\.png: it does not decode as a picture/);
  });
});

describe('gossamer export', () => {
  it('writes weights that eval reads, and nothing over what is there', () => {
    const out = path.join(scratch, 'small.safetensors');
    const { status, stdout } = gossamer(['export', run, '--out', out, '--json']);
    expect(status).toBe(0);
    const exported = JSON.parse(stdout) as { bytes: number; elements: Record<string, number> };
    expect(exported.bytes).toBe(fs.statSync(out).size);
    expect(exported.bytes).toBeLessThan(fs.statSync(path.join(run, 'best.safetensors')).size / 3);
    expect(exported.elements['I8']).toBe(294_912);
    const judged = JSON.parse(gossamer(['eval', out, '--json', '--threads', '1']).stdout) as { count: number };
    expect(judged.count).toBe(100);

    const again = gossamer(['export', run, '--out', out]);
    expect(again.status).toBe(1);
    expect(again.stderr).toContain('is there already');
  });
});
