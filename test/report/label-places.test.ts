import { describe, expect, it } from 'vitest';
import { type Box, type LabelledPoint, placeLabels } from '../../src/report/label-places.js';
import { Rng } from '../../src/tensor/rng.js';

const bounds: Box = { left: 0, top: 0, right: 900, bottom: 320 };
const size = { width: 120, height: 14 };

function boxesOf(points: readonly LabelledPoint[], taken: readonly Box[]): Box[] {
  return placeLabels(points, bounds, taken).map(({ left, middle }, i) => ({
    left,
    right: left + points[i]!.width,
    top: middle - points[i]!.height / 2,
    bottom: middle + points[i]!.height / 2,
  }));
}

const overlap = (a: Box, b: Box) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;

describe('placeLabels', () => {
  it('puts a label to the right of its point where there is room', () => {
    const [place] = placeLabels([{ x: 100, y: 50, ...size }], bounds, []);
    expect(place).toEqual({ left: 109, middle: 50, isAway: false });
  });

  it('puts it to the left at the right edge', () => {
    const [place] = placeLabels([{ x: 850, y: 50, ...size }], bounds, []);
    expect(place).toEqual({ left: 850 - 9 - 120, middle: 50, isAway: false });
  });

  it('keeps labels of crowded points apart, off the points and inside', () => {
    const rng = new Rng(1);
    for (let round = 0; round < 50; round++) {
      const points = Array.from({ length: 10 }, () => ({ x: 150 + rng.uniform(0, 30), y: 40 + rng.uniform(0, 240), ...size }));
      const taken = points.map(({ x, y }) => ({ left: x - 6, right: x + 6, top: y - 6, bottom: y + 6 }));
      const boxes = boxesOf(points, taken);
      for (const [i, box] of boxes.entries()) {
        expect(box.left >= bounds.left && box.right <= bounds.right && box.top >= bounds.top && box.bottom <= bounds.bottom).toBe(
          true,
        );
        for (const other of [...boxes.slice(i + 1), ...taken]) expect(overlap(box, other)).toBe(false);
      }
    }
  });

  it('says which labels need a line to their point', () => {
    const points = Array.from({ length: 5 }, () => ({ x: 400, y: 160, ...size }));
    expect(placeLabels(points, bounds, []).map(({ isAway }) => isAway)).toEqual([false, false, true, true, true]);
  });

  it('leaves a label beside its point when there is no room at all', () => {
    const [place] = placeLabels([{ x: 100, y: 50, ...size }], { left: 0, top: 0, right: 10, bottom: 10 }, []);
    expect(place).toEqual({ left: 109, middle: 50, isAway: false });
  });
});
