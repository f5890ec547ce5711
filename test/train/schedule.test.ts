import { describe, expect, it } from 'vitest';
import type { ScheduleOptions } from '../../src/train/recipe.js';
import { scheduleFactor } from '../../src/train/schedule.js';

const length = { steps: 10, stepsPerEpoch: 5 };
const factors = (schedule: ScheduleOptions, of = length): number[] =>
  Array.from({ length: of.steps }, (_, step) => scheduleFactor(schedule, step, of));
const rounded = (numbers: number[]): number[] => numbers.map((n) => Number(n.toFixed(6)));

describe('scheduleFactor', () => {
  it('cosine: a half wave over all steps', () => {
    const got = factors({ name: 'cosine', end: 0, warmup: null });
    expect(got[0]).toBe(1);
    expect(got[5]).toBeCloseTo(0.5, 12);
    expect(got[9]).toBeCloseTo(0.5 * (1 + Math.cos(0.9 * Math.PI)), 12);
    expect(factors({ name: 'cosine', end: 0.5, warmup: null })[5]).toBeCloseTo(0.75, 12);
  });

  it('linear: a straight line towards its end', () => {
    expect(rounded(factors({ name: 'linear', end: 0, warmup: null }))).toEqual([1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1]);
  });

  it('multistep: a factor from each milestone on, in epochs', () => {
    const schedule: ScheduleOptions = { name: 'multistep', milestones: [0.4, 1], factor: 0.1, warmup: null };
    expect(rounded(factors(schedule))).toEqual([1, 1, 0.1, 0.1, 0.1, 0.01, 0.01, 0.01, 0.01, 0.01]);
  });

  it('warms up along a straight line, then runs the schedule over the rest', () => {
    const warmup = { epochs: 0.8, start: 0.2 };
    expect(rounded(factors({ name: 'constant', warmup }))).toEqual([0.2, 0.4, 0.6, 0.8, 1, 1, 1, 1, 1, 1]);
    const cosine = factors({ name: 'cosine', end: 0, warmup });
    expect(cosine[4]).toBe(1);
    expect(cosine[7]).toBeCloseTo(0.5, 12);
  });

  it('one-cycle: up in steps 0 to 2, down in steps 2 to 9, where PyTorch has its phases', () => {
    const schedule: ScheduleOptions = { name: 'one-cycle', rise: 0.3, startDivisor: 25, endDivisor: 1e4, warmup: null };
    const wave = (from: number, to: number, share: number) => to + ((from - to) / 2) * (1 + Math.cos(Math.PI * share));
    const rise = [0, 1 / 2, 1].map((share) => wave(0.04, 1, share));
    const fall = [1, 2, 3, 4, 5, 6, 7].map((step) => wave(1, 0.04 / 1e4, step / 7));
    expect(rounded(factors(schedule))).toEqual(rounded([...rise, ...fall]));
    expect(factors(schedule)[9]).toBeCloseTo(4e-6, 12);
  });

  it('survives a warm-up that is longer than the run', () => {
    const got = factors({ name: 'cosine', end: 0, warmup: { epochs: 9, start: 0 } });
    expect(got.every(Number.isFinite)).toBe(true);
    expect(got[9]).toBeCloseTo(0.9, 12);
  });
});
