import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { splitIndices } from '../../src/data/split.js';
import { ConfigError } from '../../src/errors.js';

describe('splitIndices', () => {
  it('takes the same share of every class', () => {
    const labels = Int32Array.from({ length: 100 }, (_, i) => (i < 20 ? 0 : i < 50 ? 1 : 2));
    const { train, validation } = splitIndices(labels, 0.1, 1);
    expect([0, 1, 2].map((label) => validation.filter((i) => labels[i] === label).length)).toEqual([2, 3, 5]);
    expect(train.length).toBe(90);
  });

  it('parts any labels completely, to the right total, by seed alone', () => {
    const labels = fc.array(fc.nat(5), { minLength: 1, maxLength: 80 });
    fc.assert(
      fc.property(labels, fc.double({ min: 0, max: 0.99, noNaN: true }), fc.nat(9), (labels, fraction, seed) => {
        const split = splitIndices(labels, fraction, seed);
        expect([...split.train, ...split.validation].sort((a, b) => a - b)).toEqual(labels.map((_, i) => i));
        expect(split.validation.length).toBe(Math.round(labels.length * fraction));
        expect(splitIndices(labels, fraction, seed)).toEqual(split);
        expect(split.train).toEqual(Int32Array.from(split.train).sort());
      }),
      { seed: 1 },
    );
  });

  it('differs by seed', () => {
    const labels = new Array(200).fill(0);
    expect(splitIndices(labels, 0.5, 1).train).not.toEqual(splitIndices(labels, 0.5, 2).train);
  });

  it.each([-0.1, 1, Number.NaN])('refuses a share of %s', (fraction) => {
    expect(() => splitIndices([0, 1], fraction, 1)).toThrow(ConfigError);
  });
});
