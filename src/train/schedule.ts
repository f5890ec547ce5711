import type { ScheduleOptions } from './recipe.js';

export interface ScheduleLength {
  /** Steps of the whole run. */
  readonly steps: number;
  readonly stepsPerEpoch: number;
}

/**
 * Factor on the learning rate in step `step` (from 0): warm-up first, where there is one, then the schedule over what is left of the
 * run. Milestones count from the run's start, warm-up included.
 */
export function scheduleFactor(schedule: ScheduleOptions, step: number, { steps, stepsPerEpoch }: ScheduleLength): number {
  const { warmup } = schedule;
  const warmupSteps = warmup ? Math.min(steps, Math.round(warmup.epochs * stepsPerEpoch)) : 0;
  if (warmup && step < warmupSteps) return warmup.start + (1 - warmup.start) * (step / warmupSteps);
  const progress = (step - warmupSteps) / Math.max(1, steps - warmupSteps);
  switch (schedule.name) {
    case 'constant':
      return 1;
    case 'cosine':
      return cosine(1, schedule.end, progress);
    case 'linear':
      return 1 + (schedule.end - 1) * progress;
    case 'multistep': {
      const passed = schedule.milestones.filter((epoch) => step >= Math.round(epoch * stepsPerEpoch)).length;
      return schedule.factor ** passed;
    }
    case 'one-cycle':
      return oneCycle(schedule, step - warmupSteps, steps - warmupSteps);
  }
}

/** Smith and Topin, 2018, in the two-phase cosine form and with the step positions of PyTorch's OneCycleLR. */
function oneCycle(
  { rise, startDivisor, endDivisor }: { rise: number; startDivisor: number; endDivisor: number },
  step: number,
  steps: number,
): number {
  const start = 1 / startDivisor;
  const top = Math.max(rise * steps - 1, 0);
  if (step <= top) return cosine(start, 1, top === 0 ? 1 : step / top);
  return cosine(1, start / endDivisor, (step - top) / Math.max(1, steps - 1 - top));
}

/** Half a cosine from `from` (progress 0) to `to` (progress 1). */
function cosine(from: number, to: number, progress: number): number {
  return to + (from - to) * 0.5 * (1 + Math.cos(Math.PI * Math.min(1, progress)));
}
