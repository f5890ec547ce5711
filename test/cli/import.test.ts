import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { afterAll, describe, expect, it } from 'vitest';
import type { StoredTensor } from '../../src/formats/dtypes.js';
import { exportPyTorchState, type Floats } from '../../src/formats/import/index.js';
import { encodeSafetensors } from '../../src/formats/safetensors.js';
import { createModel } from '../../src/models/index.js';
import type { Module } from '../../src/nn/index.js';
import { Rng } from '../../src/tensor/index.js';
import { type ImportedWeights, readCheckpoint } from '../../src/train/index.js';
import { bytesOf, legacyCheckpoint, zipCheckpoint } from '../formats/checkpoint-writer.js';
import { dict, type Fragment, int, orderedDict, tensor } from '../formats/pickle-writer.js';
import { type Finished, gossamer, scratchFolder } from './gossamer.js';

const folder = scratchFolder();
const golden = fileURLToPath(new URL('../golden/cases/', import.meta.url));
afterAll(() => fs.rmSync(folder, { recursive: true }));

let files = 0;
const place = (name: string) => path.join(folder, `${files++}-${name}`);

function write(name: string, content: Uint8Array | string): string {
  const at = place(name);
  fs.writeFileSync(at, content);
  return at;
}

type State = Map<string, Floats>;

/** Weights that a network can compute with: small, variances positive. */
function randomState(model: Module): State {
  const rng = new Rng(7);
  return new Map(
    [...model.state()].map(([name, { shape }]) => {
      const data = new Float32Array(shape.reduce((product, length) => product * length, 1));
      const start = name.endsWith('runningVariance') ? 0.5 : name.endsWith('inactive') ? 0 : -0.25;
      return [name, { shape, data: name.endsWith('inactive') ? data : data.map(() => start + rng.uniform() / 2) }];
    }),
  );
}

const asTensors = (state: State) =>
  new Map([...state].map(([name, floats]): [string, StoredTensor] => [name, { dtype: 'F32', ...floats }]));
const safetensors = (state: State) => write('weights.safetensors', encodeSafetensors(asTensors(state)));

/** A training checkpoint as `torch.save` writes it, of a model under DataParallel, with what lies beside its weights. */
function torchCheckpoint(form: 'zip' | 'legacy', state: State, prefix = 'module.'): string {
  const entries = [...state].map(([name, { shape, data }], i) => ({
    name: prefix + name,
    shape: [...shape],
    data,
    key: String(i),
  }));
  const fragments = Object.fromEntries(
    entries.map(({ name, shape, data, key }): [string, Fragment] => {
      const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, length) => product * length, 1));
      return [name, tensor({ key, type: 'Float', count: data.length, shape, strides })];
    }),
  );
  const root = dict({ epoch: int(3), state_dict: orderedDict(fragments), optimizer: dict({}) });
  return write(
    form === 'zip' ? 'model.pth' : 'model.tar',
    form === 'zip'
      ? zipCheckpoint({ root, storages: Object.fromEntries(entries.map(({ key, data }) => [key, bytesOf(data)])) })
      : legacyCheckpoint({ root, storages: entries.map(({ key, data }) => [key, data.length, bytesOf(data)]) }),
  );
}

interface Done extends Finished {
  readonly out: string;
}

function run(file: string, ...words: string[]): Done {
  const out = place('out.safetensors');
  return { out, ...gossamer(['import', file, '--out', out, ...words]) };
}

function imported(file: string, ...words: string[]): ImportedWeights {
  const { status, stdout, stderr } = run(file, ...words, '--json');
  expect([status, stderr]).toEqual([0, '']);
  return JSON.parse(stdout) as ImportedWeights;
}

/** Fails with one message that holds all of `texts`, and writes nothing. */
function expectFailure({ status, stderr, out }: Done, ...texts: string[]): void {
  expect(status).toBe(1);
  for (const text of texts) expect(stderr).toContain(text);
  expect(stderr).not.toMatch(/\n\s+at /);
  expect(fs.existsSync(out)).toBe(false);
}

function expectFits(text: string): void {
  const table = text.split('\n').filter((line) => /\S {2,}\S/.test(line));
  expect(table.length).toBeGreaterThan(0);
  for (const line of table) expect(line.length, line).toBeLessThanOrEqual(80);
}

const denseOptions = { stages: [1, 1], growth: [4, 8] };
const dense = ['--model', 'dydensenet', '--option', 'stages=[1,1]', '--option', 'growth=[4,8]'];
const widths = [4, 8, 8, 12];
const narrow = ['--model', 'resnet18', '--option', `widths=[${widths}]`, '--classes', '10', '--input', '28x28x1'];
const resnet = createModel('resnet18', { widths, classes: 10, inChannels: 1 });
const resnetState = randomState(resnet);

/** The narrow network as torchvision would store it, counters of batches and all. */
function torchvisionState(): State {
  const state = exportPyTorchState(resnet, resnetState);
  for (const name of [...state.keys()]) {
    if (name.endsWith('running_var')) {
      state.set(name.replace('running_var', 'num_batches_tracked'), { shape: [], data: Float32Array.of(9) });
    }
  }
  return state;
}

async function expectWeights(file: string, state: State): Promise<void> {
  const { weights } = await readCheckpoint(file);
  expect([...weights.keys()].sort()).toEqual([...state.keys()].sort());
  for (const [name, { shape, data }] of state) expect(weights.get(name), name).toEqual({ shape, data });
}

describe('the DGC authors’ checkpoints', () => {
  it.each(['checkpoint.pth', 'checkpoint-legacy.tar'])('%s gives the answers that PyTorch gave', async (file) => {
    const source = path.join(golden, file);
    const result = imported(source, ...dense, '--verify', path.join(golden, 'checkpoint.safetensors'));
    expect(result.verification).toMatchObject({ compared: 20, outside: 0 });
    expect(result.verification!.largestDifference).toBeLessThan(1e-5);
    expect(result).toMatchObject({
      naming: "the DGC authors'",
      implied: { ties: 'drop' },
      beside: ['epoch', 'arch', 'best_prec1'],
    });
    const heads = result.mapped.find(({ to }) => to === 'stages.0.layers.0.dynamic.weight')!;
    expect(heads.from).toHaveLength(4);
    expect(heads.from[1]).toBe('features.denseblock_1.denselayer_1.conv_1.headconv_1.conv.weight');
    expect(result.leftOver.every(({ name }) => name.endsWith('num_batches_tracked'))).toBe(true);

    const checkpoint = await readCheckpoint(result.path);
    expect(checkpoint.provenance).toEqual({
      file,
      sha256: createHash('sha256').update(fs.readFileSync(source)).digest('hex'),
    });
    expect(checkpoint).toMatchObject({
      holds: 'weights',
      input: [32, 32, 3],
      model: { name: 'dydensenet', options: { ties: 'drop' } },
    });
    expect(checkpoint.classes).toHaveLength(10);
  });

  it.each(['zip', 'legacy'] as const)('of the %s form keep every number', async (form) => {
    const model = createModel('dydensenet', { ...denseOptions, classes: 3 });
    const state = randomState(model);
    const file = torchCheckpoint(form, exportPyTorchState(model, state));
    const result = imported(file, ...dense, '--classes=3', '--option', 'ties=keep');
    expect(result).toMatchObject({ source: { form }, beside: ['epoch', 'optimizer'], leftOver: [], implied: {} });
    await expectWeights(result.path, state);
  });

  it('are refused, and nothing written, when the answers are others', () => {
    const bytes = fs.readFileSync(path.join(golden, 'checkpoint.safetensors'));
    bytes.writeFloatLE(bytes.readFloatLE(bytes.length - 4) + 0.1, bytes.length - 4);
    const done = run(path.join(golden, 'checkpoint.pth'), ...dense, '--verify', write('spoilt.safetensors', bytes));
    expectFailure(done, '1 of 20 answers', 'largest difference is 0.100');
  });

  it('may come with a reference that states its own bound, or is none', () => {
    const reference = (metadata: Record<string, unknown>, shape = [1, 10]) => {
      const tensors: Record<string, StoredTensor> = {
        x: { dtype: 'F32', shape: [1, 3, 12, 12], data: new Float32Array(432) },
        logits: { dtype: 'F32', shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1)) },
      };
      return write('reference.safetensors', encodeSafetensors(tensors, { case: JSON.stringify(metadata) }));
    };
    const verify = (file: string) => [path.join(golden, 'checkpoint.pth'), ...dense, '--verify', file] as const;
    expect(imported(...verify(reference({ bound_logits: 1000 }))).verification!.bound).toEqual({ relative: 0, absolute: 1000 });
    expectFailure(run(...verify(reference({}))), '10 of 10 answers');
    expectFailure(run(...verify(reference({}, [1, 7]))), 'got [1, 7], needs [1, 10]');
    expectFailure(run(...verify(path.join(golden, 'checkpoint.pth'))), 'checkpoint.pth');
    expectFailure(run(...verify(write('other.safetensors', encodeSafetensors({})))), 'has no tensor x');
  });
});

describe('torchvision’s names', () => {
  it('make a network that eval, predict and export take', async () => {
    const names = write('classes.txt', 'a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n');
    const file = torchCheckpoint('zip', torchvisionState());
    const done = run(file, ...narrow, '--recipe', 'ftbnn-tiny-fashion', '--class-names', names);
    expect([done.status, done.stderr]).toEqual([0, '']);
    expect(done.stdout).toContain("the names are torchvision's");
    expect(done.stdout).toMatch(/num_batches_tracked +20 +counter of batches; nothing depends on it/);
    expect(done.stdout).toContain(`eval ${done.out} --data FOLDER`);
    expectFits(done.stdout);
    await expectWeights(done.out, resnetState);

    const judged = gossamer(['eval', done.out, '--data', 'fashion-mnist-sample', '--json']);
    expect(JSON.parse(judged.stdout)).toMatchObject({
      count: 2000,
      perClass: [{ name: 'a' }, {}, {}, {}, {}, {}, {}, {}, {}, {}],
    });
    const picture = place('picture.png');
    await sharp({ create: { width: 40, height: 30, channels: 3, background: '#a33' } })
      .png()
      .toFile(picture);
    const named = gossamer(['predict', done.out, picture, '--json']);
    const { predictions } = JSON.parse(named.stdout) as { predictions: { answers: { name: string }[] }[] };
    expect(predictions[0]!.answers[0]!.name).toMatch(/^[a-j]$/);

    const small = place('small.safetensors');
    expect(gossamer(['export', done.out, '--out', small]).status).toBe(0);
    expect((await readCheckpoint(small)).provenance?.file).toBe(path.basename(file));
  });

  it('are read from safetensors too, and say what is missing, left over and of another shape', () => {
    const state = torchvisionState();
    const { status, stdout } = run(safetensors(state), ...narrow);
    expect(status).toBe(0);
    expect(stdout).toContain('values from 0 to 1. If it was trained on normalised ones');

    state.set('ema.decay', { shape: [1], data: Float32Array.of(1) });
    expectFailure(run(safetensors(state), ...narrow), 'unknown ema.decay.', '--map');
    state.delete('layer3.0.downsample.1.running_mean');
    state.delete('ema.decay');
    expectFailure(run(safetensors(state), ...narrow), 'missing layer3.0.downsample.1.running_mean.', '--option');
    const other = run(safetensors(torchvisionState()), ...narrow, '--option', 'widths=[4,8,8,16]', '--option=blocks=[2,2,2,1]');
    expectFailure(other, 'layer4.0.conv1.weight has shape [12, 8, 3, 3], needs [16, 8, 3, 3]', '--option', '--classes');
    expect(other.stdout).toMatch(/layer4\.0\.conv1\.weight +12x8x3x3 +16x8x3x3/);
    expect(other.stdout).toMatch(/layer4\.1\.conv1\.weight +12x12x3x3 +not at all/);
    expectFits(other.stdout);
  });

  it('fail with --json as an object that has every tensor', () => {
    const state = torchvisionState();
    state.delete('fc.bias');
    const { status, stdout, stderr } = run(safetensors(state), ...narrow, '--json');
    expect([status, stderr]).toEqual([1, '']);
    const { error } = JSON.parse(stdout) as { error: unknown };
    expect(error).toMatchObject({
      code: 'WEIGHTS',
      model: 'resnet18',
      problems: [{ name: 'fc.bias', got: null, needed: [10] }],
    });
  });
});

describe('other names', () => {
  it('of the CDCN authors make a depth map, which nobody can judge as classes', async () => {
    const model = createModel('cdcnpp', { theta: 0.5 });
    const state = randomState(model);
    const result = imported(torchCheckpoint('legacy', exportPyTorchState(model, state)), '--model=cdcnpp', '--option=theta=0.5');
    expect(result).toMatchObject({ naming: "the CDCN authors'", classes: [], model: { options: { theta: 0.5 } } });
    await expectWeights(result.path, state);
    const { status, stderr } = gossamer(['eval', result.path, '--data', 'fashion-mnist-sample']);
    expect(status).toBe(1);
    expect(stderr).toContain('cdcnpp does not classify');
  });

  it('of our own are taken in our layout from safetensors, averaged weights first, and what is of training left', async () => {
    const file = new Map(resnetState);
    const [first, { shape, data }] = [...resnetState][0]!;
    file.set(`average/${first}`, { shape, data });
    file.set(first, { shape, data: data.map(() => 0) });
    file.set(`optimizer/velocity/${first}`, { shape, data });
    const result = imported(safetensors(file), ...narrow);
    expect(result).toMatchObject({
      naming: "Gossamer's own",
      leftOver: [{ harmless: 'kept by an optimiser, for training only' }],
    });
    await expectWeights(result.path, resnetState);
  });

  it('are renamed by rules, from PyTorch’s layout, whatever the file', async () => {
    const theirs = [...torchvisionState()].filter(([name]) => !name.endsWith('tracked'));
    const state: State = new Map(
      theirs.map(([name, floats]) => [`net.${name.replace('.downsample.', '.shortcut.').replace('fc.', 'linear.')}`, floats]),
    );
    state.set('net.ema', { shape: [1], data: Float32Array.of(1) });
    const rules = write(
      'rules.json',
      JSON.stringify([
        { from: 'net\\.ema', to: null },
        { from: 'net\\.(.*)\\.shortcut\\.(.*)', to: '$1.downsample.$2' },
        { from: 'net\\.linear\\.(.*)', to: 'classifier.$1' },
        { from: 'never', to: 'used' },
        { from: 'net\\.(.*)', to: '$1' },
      ]),
    );
    // The classifier has our name in the end, all else torchvision's: one naming a file.
    expectFailure(run(safetensors(state), ...narrow, '--map', rules), 'missing fc.weight, fc.bias; unknown net.linear.weight');
    fs.writeFileSync(rules, fs.readFileSync(rules, 'utf8').replace('classifier.$1', 'fc.$1'));
    const result = imported(safetensors(state), ...narrow, '--map', rules);
    expect(result.rules.map(({ uses }) => uses)).toEqual([1, 15, 2, 0, 85]);
    expect(result.leftOver).toEqual([{ name: 'net.ema', shape: [1], harmless: 'dropped by rule 0 of the map' }]);
    expect(result.mapped.find(({ to }) => to === 'classifier.bias')!.from).toEqual(['net.linear.bias']);
    await expectWeights(result.path, resnetState);
    expect(run(safetensors(state), ...narrow, '--map', rules).stdout).toContain('Rule 3 of the map (never) fits no tensor.');
  });

  it.each([
    ['[{ "from": "(", "to": "a" }]', 'map.0.from'],
    ['[{ "from": "a" }]', 'map.0.to'],
    ['{}', 'map: '],
    ['[', 'is not JSON'],
  ])('rules %s are refused', (rules, text) => {
    expectFailure(run(path.join(golden, 'checkpoint.pth'), ...dense, '--map', write('rules.json', rules)), text);
  });
});

describe('what cannot be imported', () => {
  const checkpoint = path.join(golden, 'checkpoint.pth');

  it.each([
    ['an unknown network', ['--model', 'dydensnet'], 'Did you mean "dydensenet"?'],
    ['an unknown option', [...dense, '--option', 'squeze=8'], 'Did you mean "squeeze"?'],
    ['an option without a value', [...dense, '--option', 'squeeze'], 'needs key=value'],
    ['classes told twice', [...dense, '--option=classes=4', '--classes=5'], 'classes: is told twice, as 4 and as 5'],
    ['another number of classes', [...dense, '--classes=5'], 'classifier.weight has shape [10, '],
    ['a network whose names nobody knows', ['--model', 'ftbnn-tiny'], 'by rules (--map)'],
  ])('%s', (_, words, text) => expectFailure(run(checkpoint, ...words), text));

  it('a file cut short, of another kind, or not there', () => {
    const bytes = fs.readFileSync(checkpoint);
    expectFailure(run(write('cut.pth', bytes.subarray(0, bytes.length / 2)), ...dense), 'Cut short?');
    const legacy = fs.readFileSync(path.join(golden, 'checkpoint-legacy.tar'));
    expectFailure(run(write('cut.tar', legacy.subarray(0, legacy.length - 10)), ...dense), 'cut.tar');
    const whole = encodeSafetensors(asTensors(resnetState));
    expectFailure(run(write('cut.safetensors', whole.subarray(0, whole.length - 10)), ...narrow), 'cut.safetensors');
    expectFailure(run(write('text.pth', 'weights, honestly'), ...dense), 'torch.save did not write it');
    expectFailure(run('nowhere.pth', ...dense), 'nowhere.pth: there is no such file');
  });

  it('weights that are not finite', () => {
    const state = torchvisionState();
    state.set('fc.bias', { shape: [10], data: new Float32Array(10).fill(Number.NaN) });
    expectFailure(run(safetensors(state), ...narrow), 'classifier.bias hold NaN');
  });

  it('onto a file that is there', () => {
    const out = write('mine.safetensors', 'mine');
    const { status, stderr } = gossamer(['import', checkpoint, ...dense, '--out', out]);
    expect([status, fs.readFileSync(out, 'utf8')]).toEqual([1, 'mine']);
    expect(stderr).toContain('is there already');
  });
});
