import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Report } from '../../bench/report.js';
import { sumSeconds, withScaling } from '../../bench/scaling.js';

const read = (name: string) => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8');

describe('the estimate of docs/mpi.md', () => {
  it('is what the measured figures give', () => {
    const page = read('docs/mpi.md');
    expect(withScaling(page, JSON.parse(read('bench/results/ranks.json')) as Report)).toBe(page);
  });

  it('counts the messages of a ring and of recursive doubling', () => {
    const figures = { compute: 1, gradientBytes: 800, otherSums: 3, otherBytes: 60 };
    const onlyLatency = { bandwidth: Number.POSITIVE_INFINITY, latency: 1 };
    expect(sumSeconds(8, figures, onlyLatency)).toBe(2 * 7 + 3 * 3);
    const onlyBytes = { bandwidth: 10, latency: 0 };
    expect(sumSeconds(8, figures, onlyBytes)).toBe((2 * 7 * 100 + 3 * 60) / 10);
    expect(sumSeconds(5, { ...figures, gradientBytes: 0 }, onlyLatency)).toBe(2 * 4 + 3 * 3);
  });
});
