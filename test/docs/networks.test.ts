import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { summarize } from '../../src/metrics/summary.js';
import { createModel, modelEntry } from '../../src/models/index.js';

const page = readFileSync(new URL('../../docs/networks.md', import.meta.url), 'utf8');
const units: Record<string, number> = { '': 1, M: 1e6, G: 1e9 };

/** Lines of the table that speak of one network, or of several that are the same. */
const lines = page
  .split('\n')
  .filter((line) => line.startsWith('| `'))
  .map((line) => line.split('|').map((cell) => cell.trim()))
  .filter(([, , , parameters]) => /^[\d,]+$/.test(parameters!));

/** "137.8 M" is any number that rounds to it. */
function expectRounded(actual: number, printed: string): void {
  const [, digits, decimals = '', unit] = /^([\d,]+)(\.\d+)? ?([MG]?)$/.exec(printed)!;
  const value = Number(`${digits!.replaceAll(',', '')}${decimals}`);
  const half = 0.5 * 10 ** -Math.max(0, decimals.length - 1);
  expect(Math.abs(actual / units[unit!]! - value)).toBeLessThanOrEqual(half * 1.0001);
}

describe('docs/networks.md', () => {
  it('has lines to check', () => expect(lines.length).toBeGreaterThan(10));

  it.each(lines)('%s%s', (_start, names, input, parameters, macs, binaryMacs, operations) => {
    for (const [, name] of names!.matchAll(/`([^`]+)`/g)) {
      const entry = modelEntry(name!);
      const { totals } = summarize(createModel(name!), entry.input);
      expect(entry.input.join('x')).toBe(input);
      expectRounded(totals.parameters, parameters!);
      expectRounded(totals.macs, macs!);
      expectRounded(totals.binaryMacs, binaryMacs || '0');
      expectRounded(totals.binaryMacs > 0 ? totals.operations : 0, operations || '0');
    }
  });
});
