import { expect } from 'vitest';
import type { Engine } from '../../src/engine/engine.js';
import * as ops from '../../src/ops/index.js';
import { Rng } from '../../src/tensor/rng.js';
import { scope } from '../../src/tensor/scope.js';
import { sizeOf } from '../../src/tensor/shape.js';
import { withGradients } from '../../src/tensor/tape.js';
import { Tensor } from '../../src/tensor/tensor.js';
import type { OperatorCase } from './cases.js';

export interface Measured {
  readonly value: readonly number[];
  readonly gradients: readonly (readonly number[])[];
}

export interface Drawn {
  readonly inputs: number[][];
  readonly weights: number[];
}

/** Inputs of a case, and weights for its output, that float32 holds exactly. */
export function drawInputs(operatorCase: OperatorCase): Drawn {
  const rng = new Rng(operatorCase.operator.length * 1000 + operatorCase.name.length);
  const draw = (n: number, between?: readonly [number, number]) =>
    Array.from({ length: n }, () => Math.fround(between ? rng.uniform(...between) : rng.normal()));
  return {
    inputs: operatorCase.inputs.map(({ shape, between }) => draw(sizeOf(shape), between)),
    weights: draw(sizeOf(operatorCase.output)),
  };
}

/** Value, and gradients of the weighted sum of the output towards each input. */
export function measure(engine: Engine, operatorCase: OperatorCase, inputs: number[][], weights: number[]): Measured {
  return scope(engine, () => {
    const tensors = toTensors(engine, operatorCase, inputs);
    const result = withGradients(engine, tensors, () => {
      const y = operatorCase.run(...tensors);
      return [ops.sum(ops.multiply(y, Tensor.from(engine, weights, y.shape))), y];
    });
    expect(result.outputs[0]!.shape).toEqual(operatorCase.output);
    return {
      value: [...result.outputs[0]!.toArray()],
      gradients: result.gradients.map((gradient) => [...gradient.toArray()]),
    };
  });
}

/** Gradients towards each input, when all that lies between is released at once (or not before the end). */
export function gradientsThrough(engine: Engine, operatorCase: OperatorCase, drawn: Drawn, release: boolean): number[][] {
  return scope(engine, () => {
    const tensors = toTensors(engine, operatorCase, drawn.inputs);
    const { gradients } = withGradients(engine, tensors, () => {
      const between = tensors.map((tensor) => ops.scale(tensor, 1));
      const y = operatorCase.run(...between);
      const weighted = ops.multiply(y, Tensor.from(engine, drawn.weights, y.shape));
      if (release) for (const tensor of [...between, y]) tensor.release();
      return [ops.sum(weighted)];
    });
    return gradients.map((gradient) => [...gradient.toArray()]);
  });
}

/** Of the case's only operator call: the places of the inputs whose content its gradient reads, and 'output' if it reads that. */
export function readByGradient(engine: Engine, operatorCase: OperatorCase, { inputs, weights }: Drawn): unknown[] {
  return scope(engine, () => {
    const tensors = toTensors(engine, operatorCase, inputs);
    const read = new Set<number | 'output'>();
    let backward = false;
    const watch = (tensor: Tensor, place: number | 'output') =>
      Object.defineProperty(tensor, 'address', {
        configurable: true,
        get: () => {
          if (backward) read.add(place);
          return Reflect.get(Tensor.prototype, 'address', tensor);
        },
      });
    withGradients(engine, tensors, () => {
      const y = ops.observe(
        engine,
        (call) => [...call.inputs.entries()].map(([place, input]) => watch(input, place)),
        () => operatorCase.run(...tensors),
      );
      watch(y, 'output');
      const loss = ops.sum(ops.multiply(y, Tensor.from(engine, weights, y.shape)));
      backward = true;
      return [loss];
    });
    return [...read];
  });
}

/** Central differences of the weighted sum, in doubles: error of order step². */
export function finiteDifferences(engine: Engine, operatorCase: OperatorCase, inputs: number[][], weights: number[]): number[][] {
  const step = 1e-5;
  const loss = () =>
    scope(engine, () => {
      const y = [...operatorCase.run(...toTensors(engine, operatorCase, inputs)).toArray()];
      return y.reduce((sum, value, i) => sum + value * weights[i]!, 0);
    });
  return inputs.map((values) =>
    values.map((value, i) => {
      values[i] = value + step;
      const above = loss();
      values[i] = value - step;
      const below = loss();
      values[i] = value;
      return (above - below) / (2 * step);
    }),
  );
}

/** |got - expected| <= absolute + relative * max(|expected|, rms(expected)), element by element. */
export function expectClose(got: readonly number[], expected: readonly number[], relative: number, absolute: number): void {
  expect(got.length).toBe(expected.length);
  const rms = Math.sqrt(expected.reduce((sum, value) => sum + value * value, 0) / expected.length);
  expected.forEach((value, i) => {
    const error = Math.abs(got[i]! - value);
    if (!(error <= absolute + relative * Math.max(Math.abs(value), rms))) {
      expect.fail(`element ${i}: got ${got[i]}, expected ${value} (rms ${rms}, error ${error})`);
    }
  });
}

function toTensors(engine: Engine, operatorCase: OperatorCase, inputs: number[][]): Tensor[] {
  return operatorCase.inputs.map(({ shape }, i) => Tensor.from(engine, inputs[i]!, shape, 'float32', `input ${i}`));
}
