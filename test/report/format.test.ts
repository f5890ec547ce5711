import { describe, expect, it } from 'vitest';
import {
  formatBytes,
  formatCheckedImages,
  formatCount,
  formatDuration,
  formatLoss,
  formatRate,
  formatRatio,
  formatShare,
  formatShort,
} from '../../src/report/format.js';

describe('numbers as people read them', () => {
  it.each([
    [formatCount(1234567.4), '1,234,567'],
    [formatCount(999), '999'],
    [formatCount(0), '0'],
    [formatCheckedImages(2, 0), '2 random images'],
    [formatCheckedImages(3, 1), '2 random images and a given one'],
    [formatCheckedImages(1202, 1200), '2 random images and 1,200 given ones'],
    [formatShort(999), '999'],
    [formatShort(1_676_300_000), '1.68 G'],
    [formatShort(12_345), '12.3 k'],
    [formatShort(137_800_000), '138 M'],
    [formatBytes(0), '0 B'],
    [formatBytes(65_536), '64.0 KiB'],
    [formatBytes(1_500_000), '1.43 MiB'],
    [formatShare(0.86449), '86.4 %'],
    [formatShare(null), '–'],
    [formatDuration(59.6), '1:00'],
    [formatDuration(3725), '1:02:05'],
    [formatDuration(Number.NaN), '–'],
    [formatDuration(Number.POSITIVE_INFINITY), '–'],
    [formatLoss(0.39124), '0.3912'],
    [formatLoss(54321), '5.43e+4'],
    [formatLoss(null), '–'],
    [formatRate(0.01), '0.0100'],
    [formatRate(0.000012), '1.20e-5'],
    [formatRate(0), '0.00'],
    [formatRatio(64, 10), '6.40x'],
    [formatRatio(1, 0), '–'],
  ])('%s is %s', (got, wanted) => expect(got).toBe(wanted));
});
