import type { Engine } from '#dist/engine/index.js';
import { exportPyTorchState, importPyTorchState } from '#dist/formats/import/index.js';
import { DynamicGroupConv2d } from '#dist/nn/index.js';
import * as ops from '#dist/ops/index.js';
import { Rng, withGradients } from '#dist/tensor/index.js';
import { fromActivation, type GoldenCase, numberOf, numbers, stored, toActivation } from './case.js';
import { type Comparison, OPERATOR_BOUND } from './compare.js';

/** A whole dynamic group convolution layer: schedule, outputs in training and evaluation, lasso, all gradients. */
export function checkDynamicLayer(engine: Engine, golden: GoldenCase, comparison: Comparison): void {
  const layer = dynamicLayer(golden);
  layer.to(engine);
  const state = new Map(
    [...golden.tensors].filter(([name]) => /^(norm|headconv_\d+)\./.test(name) || name === '_inactive_channels'),
  );
  layer.loadState(importPyTorchState(layer, state));
  const x = toActivation(engine, stored(golden, 'x'), 'x');

  layer.inactive.value = 0;
  layer.setProgress(numberOf(golden, 'progress'));
  comparison.check('inactive', [layer.inactive.value], [numberOf(golden, 'inactive')], { relative: 0, absolute: 0 });

  comparison.check('y_eval', fromActivation(layer.eval().forward(x)), numbers(stored(golden, 'y_eval')), OPERATOR_BOUND);

  layer.train();
  const parameters = [...layer.parameters()];
  const { outputs, gradients } = withGradients(engine, [x, ...parameters.map(([, parameter]) => parameter.value)], () => {
    const y = layer.forward(x);
    const [lasso] = layer.auxiliaryLosses();
    const weighted = ops.sum(ops.multiply(y, toActivation(engine, stored(golden, 'dy'), 'dy')));
    return [ops.add(weighted, ops.scale(lasso!, numberOf(golden, 'lasso_weight'))), y, lasso!];
  });
  comparison.check('y', fromActivation(outputs[0]!), numbers(stored(golden, 'y')), OPERATOR_BOUND);
  comparison.check('lasso', [outputs[1]!.item()], numbers(stored(golden, 'lasso')), OPERATOR_BOUND);
  comparison.check('dx', fromActivation(gradients[0]!), numbers(stored(golden, 'dx')), OPERATOR_BOUND);
  const ours = new Map(
    parameters.map(([path, parameter], i) => [
      path,
      { shape: parameter.shape, data: Float32Array.from(gradients[i + 1]!.toArray()) },
    ]),
  );
  const theirs = exportPyTorchState(layer, ours);
  for (const [name, expected] of golden.tensors) {
    if (!name.startsWith('d.')) continue;
    const got = theirs.get(name.slice(2));
    if (!got) throw new Error(`no gradient is called ${name.slice(2)}`);
    comparison.check(name, got.data, numbers(expected), OPERATOR_BOUND);
  }
  layer.dispose();
}

function dynamicLayer(golden: GoldenCase): DynamicGroupConv2d {
  const heads = numberOf(golden, 'heads');
  const head = stored(golden, 'headconv_0.conv.weight').shape as [number, number, number, number];
  return new DynamicGroupConv2d(head[1], head[0] * heads, {
    kernel: head[2],
    heads,
    stride: numberOf(golden, 'stride'),
    padding: numberOf(golden, 'padding'),
    squeeze: numberOf(golden, 'squeeze'),
    keep: numberOf(golden, 'gate_factor'),
    rng: new Rng(0),
  });
}
