import { describe, expect, it } from 'vitest';
import { Speed } from '../../src/train/speed.js';

function speedAfter(...steps: number[]): Speed {
  const speed = new Speed();
  for (const seconds of steps) speed.step(seconds);
  return speed;
}

describe('Speed', () => {
  it('smooths over steps and adds what validation takes', () => {
    const speed = speedAfter(1, 2);
    expect(speed.imagesPerSecond(110)).toBeCloseTo(100, 10);
    expect(speed.validation(4)).toBe(4);
    expect(speed.secondsLeft(10, 2)).toBeCloseTo(19, 10);
  });

  it('does not know what it has not seen', () => {
    expect(speedAfter().imagesPerSecond(64)).toBe(0);
    expect(speedAfter().secondsLeft(10, 10)).toBe(0);
  });

  it('takes a night of sleep for a slow step, and a slow step for what it is', () => {
    const night = 8 * 3600;
    const speed = speedAfter(0.2, 0.2);
    expect(speed.step(1.5)).toBe(1.5);
    expect(speedAfter(0.2).step(night)).toBeCloseTo(3, 10);
    speed.step(night);
    expect(speed.secondsLeft(1000, 0)).toBeLessThan(1000);
    expect(speed.validation(5)).toBe(5);
    expect(speed.validation(night)).toBe(51);
  });

  it('follows steps that have become slow for good', () => {
    const speed = speedAfter(0.1, ...Array.from({ length: 100 }, () => 60));
    expect(speed.secondsLeft(1, 0)).toBeGreaterThan(50);
  });
});
