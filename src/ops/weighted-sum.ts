import { ShapeError } from '../errors.js';
import { formatShape, sameShape, sizeOf } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { elementwise, type Operator } from './operator.js';

type NoAttributes = Record<never, never>;

/** Inputs are the terms, then as many weights of one number each. */
function terms<T>(inputs: readonly T[]): { readonly terms: readonly T[]; readonly weights: readonly T[] } {
  return { terms: inputs.slice(0, inputs.length / 2), weights: inputs.slice(inputs.length / 2) };
}

/**
 * y = sum over i of w_i * x_i, as the mixed edges of a search need it: one sum, not a product and a sum a term. Towards x_i the gradient is w_i * dy,
 * towards w_i the sum over all elements of x_i * dy.
 */
export const weightedSum: Operator<NoAttributes> = {
  shape(inputs) {
    const { terms: xs, weights } = terms(inputs);
    const [first] = xs;
    if (!first || inputs.length % 2 !== 0 || xs.some((x) => !sameShape(x, first))) {
      throw new ShapeError(
        'weightedSum',
        xs.map(formatShape).join(' and ') || 'no terms',
        'terms of one shape, as many as weights',
      );
    }
    const odd = weights.find((weight) => sizeOf(weight) !== 1);
    if (odd) throw new ShapeError('weightedSum', `a weight of shape ${formatShape(odd)}`, 'one number for each term');
    return first;
  },
  forward({ kernels, inputs, output }) {
    const { terms: xs, weights } = terms(inputs);
    for (const [i, x] of xs.entries()) {
      const weight = numberIn(weights[i]!);
      if (i === 0) kernels.affine(x.size, weight, 0, x.address, output.address);
      else kernels.accumulate(x.size, weight, x.address, output.address);
    }
  },
  backward({ kernels, inputs, dy, needed, make }) {
    const { terms: xs, weights } = terms(inputs);
    const everywhere = { batch: 1, pixels: dy.size, channels: 1, overBatch: true, overPixels: true, overChannels: true };
    const towardsTerms = xs.map((_, i) => {
      if (!needed[i]) return null;
      const dx = make(dy.shape);
      kernels.affine(dy.size, numberIn(weights[i]!), 0, dy.address, dx.address);
      return dx;
    });
    const towardsWeights = weights.map((weight, i) => {
      if (!needed[xs.length + i]) return null;
      const dw = make(weight.shape);
      kernels.broadcastReduce(everywhere, dy.address, xs[i]!.address, dw.address);
      return dw;
    });
    return [...towardsTerms, ...towardsWeights];
  },
  reads(needed) {
    const half = needed.length / 2;
    const read = needed.flatMap((isNeeded, i) => (isNeeded ? [(i + half) % needed.length] : []));
    return { inputs: read, output: false };
  },
  cost: (inputs, output) => elementwise(sizeOf(output) * (inputs.length / 2)),
};

/** Also of a tensor that was released, whose memory is held for a gradient. */
function numberIn({ engine, address }: Tensor): number {
  return engine.floats(address, 1)[0]!;
}
