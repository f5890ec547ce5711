import type { Engine, Surrogate } from '#dist/engine/index.js';
import * as ops from '#dist/ops/index.js';
import { Tensor, withGradients } from '#dist/tensor/index.js';
import { fromActivation, fromWeight, type GoldenCase, numberOf, numbers, stored, toActivation, toWeight } from './case.js';
import { type Bound, type Comparison, EXACT, OPERATOR_BOUND } from './compare.js';

/** Runs one operator of a case; `inputs` come by the case's names (x, w, b, a, p, t). */
type Run = (inputs: Record<string, Tensor>, golden: GoldenCase) => Tensor;

/** Inputs that are images or maps; all others are weights. */
const ACTIVATIONS = new Set(['x', 't']);

function convolution({ attributes }: GoldenCase): { stride: number; padding: number; dilation: number; groups: number } {
  const { stride = 1, padding = 0, dilation = 1, groups = 1 } = attributes as Record<string, number>;
  return { stride, padding, dilation, groups };
}

const runs: Readonly<Record<string, Run>> = {
  conv2d: ({ x, w, b }, golden) => ops.conv2d(x!, w!, { ...convolution(golden), bias: b ?? null }),
  linear: ({ x, w, b }) => ops.linear(x!, w!, b),
  prelu: ({ x, a }) => ops.prelu(x!, a!),
  fprelu: ({ x, p, a }) => ops.fprelu(x!, p!, a!),
  maxpool2d: ({ x }, golden) => ops.maxPool(x!, { kernel: numberOf(golden, 'kernel'), ...convolution(golden) }),
  avgpool2d: ({ x }, golden) => ops.averagePool(x!, { kernel: numberOf(golden, 'kernel'), ...convolution(golden) }),
  'resize-bilinear': ({ x }, { attributes }) => ops.resizeBilinear(x!, ...(attributes['size'] as [number, number])),
  'central-difference-conv2d': ({ x, w }, golden) =>
    ops.conv2d(x!, ops.centralDifference(w!, numberOf(golden, 'theta')), convolution(golden)),
  'contrastive-depth-loss': ({ x, t }) => ops.contrastiveDepthLoss(x!, t!),
  'spatial-attention': ({ x, w }, golden) => {
    const seen = ops.concat([ops.channelMean(x!), ops.channelMax(x!)]);
    const attention = ops.sigmoid(ops.conv2d(seen, w!, { padding: (numberOf(golden, 'kernel') - 1) / 2 }));
    return ops.multiply(x!, attention);
  },
  'binary-conv2d': ({ x, w }, golden) =>
    ops.binaryConv2d(x!, w!, {
      ...convolution(golden),
      scale: golden.attributes['scale'] === true,
      surrogate: surrogateOf(golden),
    }),
  'cross-entropy': ({ x }, golden) => {
    const target = golden.attributes['target'] as number[];
    const labels = Tensor.from(x!.engine, target, [target.length], 'int32', 'labels');
    return ops.crossEntropy(x!, labels, numberOf(golden, 'label_smoothing'));
  },
};

export const operatorNames: readonly string[] = [...Object.keys(runs), 'batchnorm2d'];

function surrogateOf(golden: GoldenCase): Surrogate {
  const surrogates: Record<string, Surrogate> = { clip: 'clip', approx: 'quadratic' };
  const surrogate = surrogates[String(golden.attributes['surrogate'])];
  if (!surrogate) throw new Error(`unknown surrogate ${golden.attributes['surrogate']}`);
  return surrogate;
}

/** Value and gradients of one operator. */
export function checkOperator(engine: Engine, golden: GoldenCase, comparison: Comparison): void {
  const names = ['x', 'w', 'b', 'a', 'p', 't'].filter((name) => golden.tensors.has(name));
  const inputs = Object.fromEntries(
    names.map((name) => [name, (ACTIVATIONS.has(name) ? toActivation : toWeight)(engine, stored(golden, name), name)]),
  );
  const batchNorm = golden.operation === 'batchnorm2d' ? new BatchNormCase(engine, golden) : null;
  const run: Run | undefined = batchNorm ? (given) => batchNorm.run(given) : runs[golden.operation];
  if (!run) throw new Error(`unknown operator ${golden.operation}`);

  const targets = names.filter((name) => golden.tensors.has(`d${name}`));
  const { outputs, gradients } = withGradients(
    engine,
    targets.map((name) => inputs[name]!),
    () => {
      const y = run(inputs, golden);
      const dy = toActivation(engine, stored(golden, 'dy'), 'dy');
      return [ops.sum(ops.multiply(y, ops.reshape(dy, y.shape))), y];
    },
  );
  const valueBound: Bound = golden.operation === 'binary-conv2d' && golden.attributes['scale'] === false ? EXACT : OPERATOR_BOUND;
  comparison.check('y', fromActivation(outputs[0]!), numbers(stored(golden, 'y')), valueBound);
  targets.forEach((name, i) => {
    const back = ACTIVATIONS.has(name) ? fromActivation : fromWeight;
    comparison.check(`d${name}`, back(gradients[i]!), numbers(stored(golden, `d${name}`)), OPERATOR_BOUND);
  });
  batchNorm?.checkStatistics(comparison);
}

/** Batch norm also moves its running statistics. */
class BatchNormCase {
  private readonly runningMean: Tensor;
  private readonly runningVariance: Tensor;

  constructor(
    engine: Engine,
    private readonly golden: GoldenCase,
  ) {
    this.runningMean = toWeight(engine, stored(golden, 'running_mean'), 'running_mean');
    this.runningVariance = toWeight(engine, stored(golden, 'running_var'), 'running_var');
  }

  run({ x, w, b }: Record<string, Tensor>): Tensor {
    const { runningMean, runningVariance, golden } = this;
    return ops.batchNorm(
      x!,
      { weight: w!, bias: b!, runningMean, runningVariance },
      { epsilon: numberOf(golden, 'eps'), momentum: numberOf(golden, 'momentum'), training: golden.attributes['train'] === true },
    );
  }

  checkStatistics(comparison: Comparison): void {
    const after = (name: string) => numbers(stored(this.golden, `${name}_after`));
    comparison.check('running_mean_after', this.runningMean.toArray(), after('running_mean'), OPERATOR_BOUND);
    comparison.check('running_var_after', this.runningVariance.toArray(), after('running_var'), OPERATOR_BOUND);
  }
}
