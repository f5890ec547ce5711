import { describe, expect, it } from 'vitest';
import { summarize } from '../../src/metrics/summary.js';
import { createModel, modelEntry, models } from '../../src/models/index.js';
import { formatSummary } from '../../src/report/summary.js';

const text = (name: string, all = false) =>
  formatSummary(summarize(createModel(name), modelEntry(name).input), { width: 80, color: false, all });

describe('formatSummary', () => {
  it.each(Object.keys(models))('%s fits 80 columns', (name) => {
    for (const all of [false, true]) {
      expect(
        Math.max(
          ...text(name, all)
            .split('\n')
            .map((line) => line.length),
        ),
      ).toBeLessThanOrEqual(80);
    }
  });

  it('shows what multiplies, and says what it left out', () => {
    const short = text('ftbnn-tiny');
    expect(short).toMatch(/^blocks\.5\.conv .*4x4x128 +147 k +2\.36 M/m);
    expect(short).not.toContain('batchNorm');
    expect(short).not.toMatch(/^blocks\.5\.norm/m);
    expect(short).toMatch(/that multiply nothing .* 1,920 parameters/);
    const long = text('ftbnn-tiny', true);
    expect(long).toMatch(/^blocks\.5\.norm/m);
    expect(long).not.toContain('multiply nothing');
  });

  it('ends with totals, 1-bit ones where there are such', () => {
    expect(text('bireal18')).toMatch(/\nOPs +164 M/);
    expect(text('bireal18')).toMatch(/\nparameters +11,689,512 \(10,985,472 of 1 bit, 704,040 of 32\)/);
    const real = text('resnet20');
    expect(real).toMatch(/\nMACs +40\.6 M/);
    expect(real).not.toMatch(/1-bit|OPs/);
  });

  it('paints only when told to', () => {
    const summary = summarize(createModel('resnet20'), [32, 32, 3]);
    const startOfCode = String.fromCharCode(27);
    expect(formatSummary(summary, { width: 80, color: false })).not.toContain(startOfCode);
    expect(formatSummary(summary, { width: 80, color: true })).toContain(startOfCode);
  });
});
