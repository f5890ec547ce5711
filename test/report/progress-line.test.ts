import { describe, expect, it } from 'vitest';
import { progressLine } from '../../src/report/progress-line.js';

const plain = (width: number) => ({ width, color: false });

describe('progressLine', () => {
  it('fills the bar by the share, which stays within 0 and 1', () => {
    expect(progressLine('x', 0.5, [], plain(20))).toBe('x  ━━━━━━─────  50 %');
    expect(progressLine('x', 7, [], plain(20))).toBe('x  ━━━━━━━━━━━ 100 %');
    expect(progressLine('x', -1, [], plain(20))).toContain('  0 %');
  });

  it('never says 100 % before the end', () => {
    expect(progressLine('x', 0.9999, [], plain(20))).toContain('99 %');
  });

  it('shortens facts by rank', () => {
    const facts = [
      { forms: ['a very long fact', 'fact', ''], rank: 1 },
      { forms: ['matters', ''], rank: 2 },
    ];
    expect(progressLine('x', 0, facts, plain(80))).toContain('a very long fact  matters');
    expect(progressLine('x', 0, facts, plain(36))).toContain('  fact  matters');
    expect(progressLine('x', 0, facts, plain(24))).toMatch(/^x {2}─+ {3}0 % {2}matters$/);
  });
});
