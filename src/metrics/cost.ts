import type { Module } from '../nn/index.js';
import type { Cost } from '../ops/index.js';

/** Learned numbers, by the bits that a frozen model keeps of each. */
export interface ParameterCount {
  readonly binary: number;
  readonly real: number;
}

/** Binary multiply-accumulates that one 64-bit instruction pair does. */
const BINARY_MACS_AT_ONCE = 64;

/** The field's measure of 1-bit networks: OPs = BOPs / 64 + FLOPs, where both count multiply-accumulates (Bi-Real, section 4). */
export function operations({ macs, binaryMacs }: Pick<Cost, 'macs' | 'binaryMacs'>): number {
  return macs + binaryMacs / BINARY_MACS_AT_ONCE;
}

export function addCosts(a: Cost, b: Cost): Cost {
  return { macs: a.macs + b.macs, binaryMacs: a.binaryMacs + b.binaryMacs, elements: a.elements + b.elements };
}

export function countParameters(model: Module): ParameterCount {
  let [binary, real] = [0, 0];
  for (const { bits, size } of model.parameters().values()) {
    if (bits === 1) binary += size;
    else real += size;
  }
  return { binary, real };
}

/** Bytes of the parameters in a frozen model: one bit for each sign, four bytes for anything else. */
export function frozenBytes({ binary, real }: ParameterCount): number {
  return Math.ceil(binary / 8) + 4 * real;
}
