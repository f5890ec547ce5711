import type { Engine } from '#dist/engine/index.js';
import { constant, Parameter } from '#dist/nn/index.js';
import * as ops from '#dist/ops/index.js';
import { Rng, scope, Tensor, withGradients } from '#dist/tensor/index.js';
import { createOptimizer, type OptimizerOptions } from '#dist/train/index.js';
import { type GoldenCase, numberOf, numbers, stored } from './case.js';
import { type Comparison, NETWORK_BOUND } from './compare.js';

/** Steps of an optimiser on loss = sum(linspace(0.1, 2, n) * (p - target)²), with gradients from the tape. */
export function checkOptimizer(engine: Engine, golden: GoldenCase, comparison: Comparison): void {
  const start = stored(golden, 'start');
  const elements = start.shape[0]!;
  const parameter = new Parameter(start.shape, constant(0), new Rng(0), 'weight');
  parameter.to(engine, 'p');
  parameter.write(numbers(start));
  const options = optimizerOptions(golden);
  const optimizer = createOptimizer(engine, new Map([['p', parameter]]), options);
  const weights = Tensor.from(
    engine,
    Float32Array.from({ length: elements }, (_, i) => 0.1 + (1.9 * i) / (elements - 1)),
    [elements],
  );
  const minusTarget = ops.scale(Tensor.from(engine, numbers(stored(golden, 'target')), [elements]), -1);
  const steps = stored(golden, 'steps');
  const got: number[] = [];
  for (let step = 0; step < steps.shape[0]!; step++) {
    scope(engine, () => {
      const { gradients } = withGradients(engine, [parameter.value], () => {
        const difference = ops.add(parameter.value, minusTarget);
        return [ops.sum(ops.multiply(weights, ops.multiply(difference, difference)))];
      });
      optimizer.step(gradients, options.learningRate);
    });
    got.push(...parameter.read());
  }
  comparison.check('steps', got, numbers(steps), NETWORK_BOUND);
  optimizer.dispose();
  parameter.dispose();
}

function optimizerOptions(golden: GoldenCase): OptimizerOptions {
  const learningRate = numberOf(golden, 'lr');
  const common = { learningRate, weightDecay: numberOf(golden, 'weight_decay'), decay: 'all' as const };
  const name = String(golden.attributes['optimizer']);
  if (name === 'SGD') {
    return { name: 'sgd', ...common, momentum: numberOf(golden, 'momentum'), nesterov: golden.attributes['nesterov'] === true };
  }
  if (name !== 'Adam' && name !== 'AdamW') throw new Error(`unknown optimizer ${name}`);
  const [beta1, beta2] = golden.attributes['betas'] as [number, number];
  return { name: name === 'Adam' ? 'adam' : 'adamw', ...common, beta1, beta2, epsilon: numberOf(golden, 'eps') };
}
