import type { Spread } from '../metrics/spread.js';

/*
 * Numbers as people read them.
 */

/** 12345 → `12,345`. */
export function formatCount(count: number): string {
  return Math.round(count)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, ',');
}

/** Three digits and a unit: 1234567 → `1.23 M`. */
export function formatShort(count: number): string {
  const units = ['', ' k', ' M', ' G', ' T'];
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, Math.abs(count))) / 3)));
  return power === 0 ? formatCount(count) : `${threeDigits(count / 1000 ** power)}${units[power]}`;
}

/** 65536 → `64.0 KiB`. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB'];
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(1, bytes)) / 10)));
  return power === 0 ? `${Math.round(bytes)} B` : `${threeDigits(bytes / 1024 ** power)} ${units[power]}`;
}

/** A share from 0 to 1 as a percentage: 0.8421 → `84.2 %`; null → `–`. */
export function formatShare(share: number | null | undefined, digits = 1): string {
  return share === null || share === undefined ? '–' : `${(share * 100).toFixed(digits)} %`;
}

/** `81.20 ± 0.35 %`, an area without its unit; null → `–`. */
export function formatSpread(spread: Spread | null, form: 'share' | 'area' = 'share'): string {
  if (spread === null) return '–';
  const unit = form === 'share' ? ' %' : '';
  const written = (value: number) => (form === 'share' ? (value * 100).toFixed(2) : value.toFixed(4));
  return spread.deviation === null
    ? `${written(spread.mean)}${unit}`
    : `${written(spread.mean)} ± ${written(spread.deviation)}${unit}`;
}

/** Seconds as `1:23` or `1:02:03`; what is not known as `–`. */
export function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds)) return '–';
  const whole = Math.max(0, Math.round(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (value: number) => String(value).padStart(2, '0');
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

/** 0.1234 → `0.123 ms`, 45.678 → `45.7 ms`. */
export function formatMilliseconds(milliseconds: number): string {
  return `${milliseconds < 1 ? milliseconds.toFixed(3) : threeDigits(milliseconds)} ms`;
}

/** A loss in four decimals while that says something; null → `–`. */
export function formatLoss(loss: number | null): string {
  if (loss === null) return '–';
  return Math.abs(loss) < 1000 ? loss.toFixed(4) : loss.toExponential(2);
}

/** A learning rate in three digits: `0.0100`, `1.20e-5`. */
export function formatRate(rate: number): string {
  return rate === 0 || rate >= 1e-4 ? rate.toPrecision(3) : rate.toExponential(2);
}

/** How many times `a` is of `b`: `6.4x`; `–` when there is no telling. */
export function formatRatio(a: number, b: number): string {
  return b > 0 && a > 0 ? `${threeDigits(a / b)}x` : '–';
}

function threeDigits(value: number): string {
  const size = Math.abs(value);
  return value.toFixed(size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2);
}

/** What a frozen model was checked on: `2 random images`, `2 random images and 3 given ones`. */
export function formatCheckedImages(images: number, givenImages: number): string {
  const random = `${images - givenImages} random images`;
  if (givenImages === 0) return random;
  return `${random} and ${givenImages === 1 ? 'a given one' : `${formatCount(givenImages)} given ones`}`;
}
