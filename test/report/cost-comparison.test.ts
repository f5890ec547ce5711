import { describe, expect, it } from 'vitest';
import { formatCostComparison, type NetworkCost } from '../../src/report/cost-comparison.js';

const binary: NetworkCost = {
  name: 'ftbnn-tiny',
  binaryParameters: 294_912,
  realParameters: 3_498,
  parameters: 298_410,
  macs: 57_728,
  binaryMacs: 9_861_120,
  elements: 0,
  operations: 211_808,
  weightBytes: 50_856,
  largestOutputBytes: 0,
};
const twin: NetworkCost = {
  ...binary,
  name: 'ftbnn-tiny-float',
  binaryParameters: 0,
  realParameters: 298_410,
  macs: 9_918_848,
  binaryMacs: 0,
  operations: 9_918_848,
  weightBytes: 1_193_640,
};

describe('formatCostComparison', () => {
  it('puts the twin beside the network and says how many times more it needs', () => {
    expect(formatCostComparison(binary, twin, { width: 80, color: false }).split('\n')).toEqual([
      'cost of one image     ftbnn-tiny  ftbnn-tiny-float  twin needs',
      '1-bit parameters         294,912                 0',
      '32-bit parameters          3,498           298,410',
      'size when packed        49.7 KiB          1.14 MiB       23.5x',
      'real MACs                 57.7 k            9.92 M        172x',
      '1-bit MACs (BOPs)         9.86 M                 0',
      'OPs = BOPs/64 + MACs       212 k            9.92 M       46.8x',
    ]);
  });

  it('keeps the words for what is counted on a narrow terminal', () => {
    const lines = formatCostComparison(binary, twin, { width: 40, color: false }).split('\n');
    expect(lines[0]).toBe('cost of one image     ftbnn-tiny');
    expect(lines.at(-1)).toBe('OPs = BOPs/64 + MACs       212 k');
  });

  it('stands alone where there is no twin', () => {
    expect(formatCostComparison(binary, null, { width: 80, color: false })).not.toContain('twin needs');
  });

  it('says nothing of 1 bit where nothing has 1 bit', () => {
    expect(formatCostComparison(twin, null, { width: 80, color: false })).not.toMatch(/1-bit|BOPs/);
  });
});
