import { describe, expect, it } from 'vitest';
import { ShapeError } from '../../src/errors.js';
import { linearShares } from '../../src/metrics/linearity.js';
import { Rng } from '../../src/tensor/rng.js';

const rows = 1000;

function normals(count: number, seed: number): Float64Array[] {
  const rng = new Rng(seed);
  return Array.from({ length: count }, () => Float64Array.from({ length: rows }, () => rng.normal()));
}

const inputs = normals(5, 1);
const noise = normals(1, 2)[0]!;
const affine = Float64Array.from({ length: rows }, (_, r) => 3 + 2 * inputs[0]![r]! - 0.5 * inputs[3]![r]!);

describe('linearShares', () => {
  it('is 1 for an affine map', () => {
    expect(linearShares(inputs, [[affine, inputs[2]!]])[0]).toBeCloseTo(1, 6);
  });

  it('is 0 for what the inputs do not tell', () => {
    expect(Math.abs(linearShares(inputs, [[noise]])[0]!)).toBeLessThan(0.03);
  });

  it('is the share of the variance that is linear', () => {
    // Variance 4.25 of the map, 4.25 of the noise.
    const mixed = affine.map((value, r) => value + Math.sqrt(4.25) * noise[r]!);
    expect(linearShares(inputs, [[mixed]])[0]).toBeCloseTo(0.5, 1);
  });

  it('knows the linear share of a sign: 2 / pi', () => {
    expect(linearShares(inputs, [[inputs[0]!.map((value) => (value >= 0 ? 1 : -1))]])[0]).toBeCloseTo(2 / Math.PI, 1);
    expect(Math.abs(linearShares(inputs, [[inputs[0]!.map((value) => value * value)]])[0]!)).toBeLessThan(0.05);
  });

  it('weighs columns by their variance, and judges each set on its own', () => {
    const loud = noise.map((value) => 10 * value);
    const [both, alone] = linearShares(inputs, [[inputs[1]!, loud], [inputs[1]!]]);
    expect(both).toBeCloseTo(1 / 101, 1);
    expect(alone).toBeCloseTo(1, 6);
  });

  it('copes with columns that do not vary or say the same, and with more columns than rows', () => {
    const flat = new Float64Array(rows).fill(7);
    expect(linearShares([...inputs, flat, inputs[0]!], [[affine]])[0]).toBeCloseTo(1, 3);
    expect(linearShares([flat], [[flat], [noise]])).toEqual([1, expect.closeTo(0, 1)]);
    const few = normals(40, 3).map((column) => column.slice(0, 20));
    expect(Number.isFinite(linearShares(few, [[few[0]!]])[0])).toBe(true);
  });

  it('refuses what is too little to fit and judge', () => {
    expect(() => linearShares([], [])).toThrow(ShapeError);
    expect(() => linearShares([new Float64Array(3)], [])).toThrow(/at least four/);
  });
});
