import { formatShort } from './format.js';

/** Bounds and ticks of a linear axis. */
export interface Axis {
  readonly min: number;
  readonly max: number;
  readonly step: number;
}

/** Bounds and ticks that hold all values, none of them negative, with a share of their range to spare on both sides; shares end at 1. */
export function niceAxis(values: readonly number[], spare: number, ticks: number, isShare: boolean): Axis {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const range = high - low || Math.abs(high) || 1;
  const step = niceStep((range * (1 + 2 * spare)) / ticks);
  const place = (bound: number, round: (ratio: number) => number) => Number((round(bound / step) * step).toPrecision(12));
  const min = Math.max(0, place(low - spare * range, Math.floor));
  const max = place(high + spare * range, Math.ceil);
  return { min, max: isShare ? Math.min(1, max) : max, step };
}

/** 1, 2 or 5 times a power of ten, at least `least`. */
function niceStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  return power * [1, 2, 5, 10].find((factor) => factor * power >= least * (1 - 1e-9))!;
}

/** Bounds of a logarithmic axis as powers of ten, and the values of its ticks: 1, 2 and 5 times powers of ten. */
export interface LogAxis {
  readonly min: number;
  readonly max: number;
  readonly ticks: readonly number[];
}

/** Bounds that hold all values, all of them above 0, with a share of their range to spare on both sides. */
export function logAxis(values: readonly number[], spare: number): LogAxis {
  const [low, high] = [Math.log10(Math.min(...values)), Math.log10(Math.max(...values))];
  const [min, max] = [low - spare * (high - low), high + spare * (high - low)];
  const powers = Array.from({ length: Math.ceil(max) - Math.floor(min) + 1 }, (_, i) => Math.floor(min) + i);
  const factors = max - min > 4 ? [1] : [1, 2, 5];
  const ticks = powers.flatMap((power) => factors.map((factor) => Number(`${factor}e${power}`)));
  return { min, max, ticks: ticks.filter((tick) => Math.log10(tick) >= min && Math.log10(tick) <= max) };
}

/** A count as the label of a tick: 2500000 → `2.5 M`, 2000000 → `2 M`. */
export function shortLabel(value: number): string {
  return formatShort(value)
    .replace(/(\.\d*?)0+ /, '$1 ')
    .replace('. ', ' ');
}
