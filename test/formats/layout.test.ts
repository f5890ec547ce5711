import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ShapeError } from '../../src/errors.js';
import { nchwToNhwc, nhwcToNchw, ohwiToOihw, oihwToOhwi } from '../../src/formats/layout.js';

describe('layout', () => {
  it('moves channels behind the pixels', () => {
    // Two channels of 1x3 pixels.
    const { data, shape } = nchwToNhwc(Float32Array.of(0, 1, 2, 10, 11, 12), [1, 2, 1, 3]);
    expect(shape).toEqual([1, 1, 3, 2]);
    expect(data).toEqual(Float32Array.of(0, 10, 1, 11, 2, 12));
  });

  it('agrees with the definition, element by element', () => {
    const [o, i, h, w] = [3, 4, 2, 5];
    const source = Float32Array.from({ length: o * i * h * w }, (_, at) => at);
    const { data, shape } = oihwToOhwi(source, [o, i, h, w]);
    expect(shape).toEqual([o, h, w, i]);
    for (let a = 0; a < o; a++) {
      for (let b = 0; b < i; b++) {
        for (let y = 0; y < h; y++) {
          for (let x = 0; x < w; x++) expect(data[((a * h + y) * w + x) * i + b]).toBe(source[((a * i + b) * h + y) * w + x]);
        }
      }
    }
  });

  it('goes there and back, for any type and shape', () => {
    const axis = fc.integer({ min: 0, max: 5 });
    fc.assert(
      fc.property(fc.tuple(axis, axis, axis, axis), (shape) => {
        const count = shape.reduce((product, size) => product * size, 1);
        const big = BigInt64Array.from({ length: count }, (_, i) => BigInt(i));
        const there = nchwToNhwc(big, shape);
        expect(nhwcToNchw(there.data, there.shape)).toEqual({ data: big, shape });
        const bytes = Uint8Array.from({ length: count }, (_, i) => i);
        const weights = oihwToOhwi(bytes, shape);
        expect(ohwiToOihw(weights.data, weights.shape)).toEqual({ data: bytes, shape });
      }),
    );
  });

  it('leaves what it is given alone', () => {
    const source = Float32Array.of(1, 2, 3, 4);
    nchwToNhwc(source, [1, 2, 2, 1]);
    expect(source).toEqual(Float32Array.of(1, 2, 3, 4));
  });

  it.each([nchwToNhwc, nhwcToNchw, oihwToOhwi, ohwiToOihw])('%s refuses shapes that do not fit', (move) => {
    expect(() => move(new Float32Array(6), [1, 2, 3])).toThrow(ShapeError);
    expect(() => move(new Float32Array(6), [1, 2, 3, 2])).toThrow(ShapeError);
  });
});
