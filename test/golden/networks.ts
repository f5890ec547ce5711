import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Engine } from '#dist/engine/index.js';
import { exportPyTorchState, importPyTorchState } from '#dist/formats/import/index.js';
import { decodePyTorch, stateDict } from '#dist/formats/pytorch/index.js';
import type { StoredTensor } from '#dist/formats/safetensors.js';
import { createModel } from '#dist/models/index.js';
import type { Module } from '#dist/nn/index.js';
import type { TieRule } from '#dist/ops/index.js';
import * as ops from '#dist/ops/index.js';
import { scope, Tensor, withGradients } from '#dist/tensor/index.js';
import { createOptimizer } from '#dist/train/index.js';
import { fromActivation, type GoldenCase, numberOf, numbers, stored, toActivation } from './case.js';
import { type Bound, type Comparison, NETWORK_BOUND } from './compare.js';
import { hashed, hashedParameter } from './hashed.js';

/** Logits of a checkpoint in the DGC authors' form, from each of its files. */
export function checkCheckpoint(engine: Engine, golden: GoldenCase, comparison: Comparison): void {
  const x = toActivation(engine, stored(golden, 'x'), 'x');
  for (const file of golden.attributes['files'] as string[]) {
    using model = dynamicDenseNet(
      engine,
      {
        stages: golden.attributes['stages'] as number[],
        growth: golden.attributes['growth'] as number[],
        heads: numberOf(golden, 'heads'),
        squeeze: numberOf(golden, 'squeeze'),
        keep: numberOf(golden, 'gate_factor'),
      },
      'drop',
    );
    const location = path.join(golden.folder, file);
    model.loadState(importPyTorchState(model, stateDict(decodePyTorch(readFileSync(location), location))));
    const y = scope(engine, () => model.eval().forward(x));
    comparison.check(`y of ${file}`, y.toArray(), numbers(stored(golden, 'y')), NETWORK_BOUND);
  }
}

/** A whole network with hashed parameters and a hashed input: its output, or its loss and gradients. */
export function checkNetwork(engine: Engine, golden: GoldenCase, comparison: Comparison): void {
  using model = createModel(String(golden.attributes['network']), { engine, seed: 0 });
  if (golden.attributes['parameter_count'] !== undefined) {
    const parameters = [...model.parameters().values()].reduce((sum, { size }) => sum + size, 0);
    comparison.check('parameter_count', [parameters], [numberOf(golden, 'parameter_count')], { relative: 0, absolute: 0 });
  }
  fillWithHashes(model, golden);
  const x = toActivation(engine, hashedInput(String(golden.attributes['input'])), 'x');
  if (golden.attributes['train'] === true) {
    checkTrainingStep(model, x, golden, comparison);
    return;
  }
  const y = scope(engine, () => model.eval().forward(x));
  comparison.check('y', fromActivation(y), numbers(stored(golden, 'y')), NETWORK_BOUND);
}

function checkTrainingStep(model: Module, x: Tensor, golden: GoldenCase, comparison: Comparison): void {
  const target = stored(golden, 't');
  const parameters = [...model.train().parameters()];
  const values = parameters.map(([, parameter]) => parameter.value);
  const { loss, outputs, gradients } = withGradients(x.engine, values, () => {
    const t = Tensor.from(x.engine, numbers(target), target.shape, 'float32', 't');
    const map = ops.reshape(model.forward(x), target.shape);
    return [ops.add(ops.meanSquaredError(map, t), ops.contrastiveDepthLoss(map, t)), map];
  });
  comparison.check('y', outputs[0]!.toArray(), numbers(stored(golden, 'y')), NETWORK_BOUND);
  comparison.check('loss', [loss.item()], numbers(stored(golden, 'loss')), NETWORK_BOUND);
  const theirs = exportPyTorchState(
    model,
    new Map(parameters.map(([name, { shape }], i) => [name, { shape, data: Float32Array.from(gradients[i]!.toArray()) }])),
  );
  for (const [name, expected] of golden.tensors) {
    if (!name.startsWith('d.')) continue;
    const got = theirs.get(name.slice(2));
    if (!got) throw new Error(`no gradient is called ${name.slice(2)}`);
    comparison.check(name, got.data, numbers(expected), NETWORK_BOUND);
  }
}

/** Twenty training steps from a stored start: every loss, the first logits, and the logits in evaluation after the last. */
export function checkCurve(engine: Engine, golden: GoldenCase, comparison: Comparison): void {
  const start = new Map(
    [...golden.tensors].flatMap(([name, tensor]) => (name.startsWith('start.') ? [[name.slice(6), tensor]] : [])),
  );
  using model = start.has('features.init_conv.weight')
    ? dynamicDenseNet(engine, denseShape(start, golden), 'keep')
    : createModel('resnet20', { engine, seed: 0 });
  model.loadState(importPyTorchState(model, start));
  const parameters = model.parameters();
  const learningRate = numberOf(golden, 'lr');
  const optimizer = createOptimizer(engine, parameters, {
    name: 'sgd',
    learningRate,
    momentum: numberOf(golden, 'momentum'),
    nesterov: golden.attributes['nesterov'] === true,
    weightDecay: numberOf(golden, 'weight_decay'),
    decay: 'all',
  });
  const steps = numberOf(golden, 'steps');
  const batches = [...golden.tensors.keys()].filter((name) => /^x\.\d+$/.test(name)).length;
  const lassoWeight = numberOf(golden, 'lasso_weight');
  const losses: number[] = [];
  for (let step = 0; step < steps; step++) {
    scope(engine, () => {
      model.train().setProgress(step / steps);
      const { x, labels } = batchOf(engine, golden, step % batches);
      const values = [...parameters.values()].map((parameter) => parameter.value);
      const { loss, outputs, gradients } = withGradients(engine, values, () => {
        const logits = model.forward(x);
        const lasso = model.auxiliaryLosses().reduce((sum: Tensor | null, term) => (sum ? ops.add(sum, term) : term), null);
        const crossEntropy = ops.crossEntropy(logits, labels);
        return [lasso ? ops.add(crossEntropy, ops.scale(lasso, lassoWeight)) : crossEntropy, logits];
      });
      losses.push(loss.item());
      if (step === 0)
        comparison.check('logits_first_step', outputs[0]!.toArray(), numbers(stored(golden, 'logits_first_step')), NETWORK_BOUND);
      optimizer.step(gradients, learningRate);
    });
  }
  const ownBound = (name: string): Bound => ({ relative: 0, absolute: numberOf(golden, name) });
  comparison.check('losses', losses, numbers(stored(golden, 'losses')), ownBound('bound_losses'));
  const logits = scope(engine, () => model.eval().forward(batchOf(engine, golden, 0).x));
  comparison.check('logits_eval_after', logits.toArray(), numbers(stored(golden, 'logits_eval_after')), ownBound('bound_logits'));
  optimizer.dispose();
}

function batchOf(engine: Engine, golden: GoldenCase, index: number): { x: Tensor; labels: Tensor } {
  const target = stored(golden, `t.${index}`);
  return {
    x: toActivation(engine, stored(golden, `x.${index}`), 'x'),
    labels: Tensor.from(engine, numbers(target), target.shape, 'int32', 'labels'),
  };
}

interface DenseShape {
  readonly stages: readonly number[];
  readonly growth: readonly number[];
  readonly heads: number;
  readonly squeeze: number;
  readonly keep: number;
}

/** What a curve's start state tells of its network; the share that is kept stands in the note only ("gate 0.25"). */
function denseShape(start: ReadonlyMap<string, StoredTensor>, golden: GoldenCase): DenseShape {
  const stages: number[] = [];
  const growth: number[] = [];
  for (const [name, { shape }] of start) {
    const layer = /^features\.denseblock_(\d+)\.denselayer_(\d+)\.conv_2\.conv\.weight$/.exec(name);
    if (!layer) continue;
    stages[Number(layer[1]) - 1] = Number(layer[2]);
    growth[Number(layer[1]) - 1] = shape[0]!;
  }
  const note = String(golden.attributes['note']);
  const inNote = (word: string) => Number(new RegExp(`${word} ([\\d.]+\\d)`).exec(note)?.[1]);
  const heads = new Set([...start.keys()].flatMap((name) => /\.conv_1\.headconv_(\d+)\./.exec(name)?.[1] ?? []));
  return { stages, growth, heads: heads.size, squeeze: inNote('squeeze'), keep: inNote('gate') };
}

function dynamicDenseNet(engine: Engine, shape: DenseShape, ties: TieRule): Module {
  return createModel('dydensenet', { engine, seed: 0, ...shape, ties });
}

function fillWithHashes(model: Module, golden: GoldenCase): void {
  const current = new Map([...model.state()].map(([path, entry]) => [path, { shape: entry.shape, data: entry.read() }]));
  const theirs = exportPyTorchState(model, current);
  const filled = new Map<string, StoredTensor>();
  for (const [position, name] of stateNames(golden, [...theirs.keys()]).entries()) {
    if (name.endsWith('num_batches_tracked')) continue;
    const entry = theirs.get(name);
    if (!entry) throw new Error(`the network has no ${name}`);
    filled.set(name, { dtype: 'F32', shape: entry.shape, data: hashedParameter(name, entry.shape, position)! });
  }
  model.loadState(importPyTorchState(model, filled));
}

/** The state's names in PyTorch's order: as the case gives them, else ours with the counters that PyTorch keeps behind each running variance. */
function stateNames(golden: GoldenCase, ours: readonly string[]): string[] {
  const given = golden.tensors.get('names');
  if (given)
    return new TextDecoder()
      .decode(given.data as Uint8Array)
      .trim()
      .split('\n');
  return ours.flatMap((name) =>
    name.endsWith('running_var') ? [name, name.replace('running_var', 'num_batches_tracked')] : [name],
  );
}

/** "hashed((2,3,64,64), salt=2101, scale=1)" */
function hashedInput(description: string): StoredTensor {
  const match = /^hashed\(\(([\d, ]+)\), salt=(\d+), scale=([\d.]+)\)$/.exec(description);
  if (!match) throw new Error(`cannot read the input ${description}`);
  const shape = match[1]!.split(',').map(Number);
  const elements = shape.reduce((product, length) => product * length, 1);
  return { dtype: 'F32', shape, data: hashed(elements, Number(match[2]), Number(match[3])) };
}
