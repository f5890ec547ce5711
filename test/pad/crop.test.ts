import { describe, expect, it } from 'vitest';
import { Cropper, cropWindow, shareInside } from '../../src/pad/crop.js';
import { depthSize, dome } from '../../src/pad/depth.js';

const box = { left: 10, top: 20, width: 30, height: 40 };

describe('cropWindow', () => {
  it('is a square about the middle of the box, or of the box’s own aspect', () => {
    // The middle is at (25, 40); the longer side 40 makes 60.
    expect(cropWindow(box, { scale: 1.5, aspect: 'keep' })).toEqual({ left: -5, top: 10, width: 60, height: 60 });
    expect(cropWindow(box, { scale: 1.5, aspect: 'stretch' })).toEqual({ left: 3, top: 10, width: 45, height: 60 });
    expect(cropWindow(box, { scale: 1, aspect: 'stretch' })).toEqual(box);
  });
});

describe('shareInside', () => {
  it('is the share of the box’s area that lies in the picture', () => {
    expect(shareInside(box, { width: 100, height: 100 })).toBe(1);
    expect(shareInside(box, { width: 25, height: 40 })).toBeCloseTo(0.25);
    expect(shareInside(box, { width: 10, height: 100 })).toBe(0);
    expect(shareInside({ ...box, left: -200 }, { width: 100, height: 100 })).toBe(0);
  });
});

describe('Cropper', () => {
  // Each pixel's red is its column, green its row.
  const [width, height] = [8, 6];
  const data = Uint8Array.from(
    { length: width * height * 3 },
    (_, i) => [Math.floor(i / 3) % width, Math.floor(i / 3 / width), 7][i % 3]!,
  );
  const picture = { data, width, height, values: 3 };
  const cropper = new Cropper();
  const pixel = (crop: Uint8Array, size: number, x: number, y: number) => [
    ...crop.subarray((y * size + x) * 3, (y * size + x) * 3 + 3),
  ];

  it('copies a window that lies inside', () => {
    const crop = cropper.crop(picture, 3, { left: 2, top: 1, width: 4, height: 4 }, 4, 'edge');
    expect(pixel(crop, 4, 0, 0)).toEqual([2, 1, 7]);
    expect(pixel(crop, 4, 3, 2)).toEqual([5, 3, 7]);
  });

  it('fills what is beyond the picture with its outermost pixels, or black', () => {
    const window = { left: -2, top: -1, width: 4, height: 4 };
    const edge = cropper.crop(picture, 3, window, 4, 'edge');
    expect([pixel(edge, 4, 0, 0), pixel(edge, 4, 1, 3), pixel(edge, 4, 3, 1)]).toEqual([
      [0, 0, 7],
      [0, 2, 7],
      [1, 0, 7],
    ]);
    const black = cropper.crop(picture, 3, window, 4, 'black');
    expect([pixel(black, 4, 0, 0), pixel(black, 4, 1, 3), pixel(black, 4, 3, 1)]).toEqual([
      [0, 0, 0],
      [0, 0, 0],
      [1, 0, 7],
    ]);
    const far = cropper.crop(picture, 3, { left: 6, top: 4, width: 4, height: 4 }, 4, 'edge');
    expect(pixel(far, 4, 3, 3)).toEqual([7, 5, 7]);
  });
});

describe('dome', () => {
  it('is highest in the middle of the face, falls to all sides, and is nothing beyond the box', () => {
    const face = { left: 20, top: 20, width: 40, height: 40 };
    const window = { left: 0, top: 0, width: 80, height: 80 };
    const map = dome(face, window, 32);
    const at = (x: number, y: number) => map[y * 32 + x]!;
    expect(depthSize(256)).toBe(32);
    // Pixels of 2.5: the box is from 8 to 24.
    expect(at(16, 16)).toBeGreaterThan(250);
    for (let x = 17; x < 32; x++) expect(at(x, 16)).toBeLessThanOrEqual(at(x - 1, 16));
    for (const [x, y] of [
      [7, 16],
      [24, 16],
      [16, 7],
      [16, 24],
      [8, 8],
    ] as const)
      expect(at(x, y)).toBe(0);
    // The same to the left and right; narrower at the chin than at the brow.
    for (let y = 0; y < 32; y++) for (let x = 0; x < 16; x++) expect(at(x, y)).toBe(at(31 - x, y));
    const width = (y: number) => Array.from({ length: 32 }, (_, x) => at(x, y)).filter((value) => value > 0).length;
    expect(width(21)).toBeLessThan(width(10));
  });
});
