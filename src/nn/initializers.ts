import type { Rng } from '../tensor/rng.js';
import { type Shape, sizeOf } from '../tensor/shape.js';

/** Fills a parameter's first values. Weights are [out, …, in], so fan-in is the size of one output's slice. */
export type Initializer = (values: Float32Array, shape: Shape, rng: Rng) => void;

/** One value everywhere. */
export function constant(value: number): Initializer {
  return (values) => values.fill(value);
}

/** Normal with mean 0 and this deviation. */
export function normal(deviation: number): Initializer {
  return (values, _shape, rng) => {
    for (let i = 0; i < values.length; i++) values[i] = deviation * rng.normal();
  };
}

/** Normal with deviation sqrt(2 / fan), for layers that a ReLU follows (He et al., 2015). Fan-out counts taps times outputs. */
export function kaimingNormal(fan: 'in' | 'out' = 'in'): Initializer {
  return (values, shape, rng) => {
    const fanIn = sizeOf(shape) / shape[0]!;
    const taps = shape.length === 4 ? shape[1]! * shape[2]! : 1;
    normal(Math.sqrt(2 / (fan === 'in' ? fanIn : taps * shape[0]!)))(values, shape, rng);
  };
}

/** Uniform within ±1 / sqrt(fanIn): PyTorch's default for linear layers and convolutions. `fanIn` where the shape does not tell (a bias). */
export function uniformFanIn(fanIn?: number): Initializer {
  return (values, shape, rng) => {
    const bound = 1 / Math.sqrt(fanIn ?? sizeOf(shape) / shape[0]!);
    for (let i = 0; i < values.length; i++) values[i] = rng.uniform(-bound, bound);
  };
}
