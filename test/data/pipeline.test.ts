import { describe, expect, it } from 'vitest';
import { type ImageShape, Pipeline } from '../../src/data/pipeline.js';
import { parseTransforms, type TransformInput } from '../../src/data/transforms.js';
import { ConfigError } from '../../src/errors.js';
import { Rng } from '../../src/tensor/rng.js';

/** Bytes in, bytes out (floats times 255): the exact values of everything but `normalize`. */
function run(transforms: TransformInput[], shape: ImageShape, pixels: ArrayLike<number>, rng = new Rng(1)): number[] {
  return floats(transforms, shape, pixels, rng).map((value) => Math.round(value * 255 * 1e4) / 1e4);
}

function floats(transforms: TransformInput[], shape: ImageShape, pixels: ArrayLike<number>, rng = new Rng(1)): number[] {
  const pipeline = new Pipeline(parseTransforms(transforms), shape);
  const [height, width, channels] = pipeline.shape;
  const out = new Float32Array(height * width * channels);
  pipeline.input.set(pixels);
  pipeline.run(rng, out);
  return [...out];
}

const counting = (count: number) => Array.from({ length: count }, (_, i) => i + 1);

describe('bytes to floats', () => {
  it('scales to 0 to 1 without normalize', () => {
    expect(floats([], [1, 3, 1], [0, 51, 255])).toEqual([0, Math.fround(0.2), 1]);
  });

  it('normalises each channel, or all alike', () => {
    const each = floats([{ name: 'normalize', mean: [0, 0.5, 1], std: [1, 0.5, 0.25] }], [1, 2, 3], [255, 255, 255, 0, 0, 0]);
    expect(each).toEqual([1, 1, 0, 0, -1, -4]);
    expect(floats([{ name: 'normalize', mean: [0.5], std: [0.5] }], [1, 1, 3], [0, 255, 0])).toEqual([-1, 1, -1]);
    expect(floats([{ name: 'normalize', mean: [0.5, 0], std: [0.5] }], [1, 1, 2], [0, 255])).toEqual([-1, 2]);
  });
});

describe('flip', () => {
  it('swaps left and right, channels kept', () => {
    const flipped = run([{ name: 'flip', probability: 1 }], [2, 3, 2], counting(12));
    expect(flipped).toEqual([5, 6, 3, 4, 1, 2, 11, 12, 9, 10, 7, 8]);
    expect(run([{ name: 'flip', probability: 0 }], [2, 3, 2], counting(12))).toEqual(counting(12));
  });

  it('flips as often as it should', () => {
    const rng = new Rng(3);
    let flips = 0;
    for (let i = 0; i < 4000; i++) flips += run([{ name: 'flip', probability: 0.3 }], [1, 2, 1], [1, 2], rng)[0] === 2 ? 1 : 0;
    expect(flips / 4000).toBeCloseTo(0.3, 1);
  });
});

describe('crop', () => {
  it('shows every window of the padded image, equally often, and nothing else', () => {
    const rng = new Rng(5);
    const seen = new Map<string, number>();
    for (let i = 0; i < 4500; i++) {
      const key = run([{ name: 'crop', padding: 1, fill: 9 }], [2, 2, 1], [1, 2, 3, 4], rng).join();
      seen.set(key, (seen.get(key) ?? 0) + 1);
    }
    const expected = ['9,9,9,1', '9,9,1,2', '9,9,2,9', '9,1,9,3', '1,2,3,4', '2,9,4,9', '9,3,9,9', '3,4,9,9', '4,9,9,9'];
    expect([...seen.keys()].sort()).toEqual(expected.sort());
    for (const count of seen.values()) expect(Math.abs(count - 500)).toBeLessThan(120);
  });

  it('cuts a smaller size, and survives padding wider than the image', () => {
    const rng = new Rng(2);
    const cuts = new Set(
      Array.from({ length: 100 }, () => run([{ name: 'crop', size: [1, 2] }], [2, 3, 1], counting(6), rng).join()),
    );
    expect([...cuts].sort()).toEqual(['1,2', '2,3', '4,5', '5,6']);
    for (let i = 0; i < 50; i++) {
      const sum = run([{ name: 'crop', padding: 5 }], [1, 2, 1], [1, 2], rng).reduce((a, b) => a + b, 0);
      expect([0, 1, 2, 3]).toContain(sum);
    }
  });
});

describe('resize', () => {
  it('takes means when it shrinks and interpolates when it grows', () => {
    // Under a triangle of half-width 2 around 1: weights 1, 3, 3, 1 of 8, cut off at the border.
    expect(run([{ name: 'resize', size: [1, 2] }], [1, 4, 1], [0, 80, 160, 240])).toEqual([
      Math.round((3 * 80 + 160) / 7),
      Math.round((80 + 3 * 160 + 3 * 240) / 7),
    ]);
    expect(run([{ name: 'resize', size: [1, 4] }], [1, 2, 1], [0, 100])).toEqual([0, 25, 75, 100]);
    expect(run([{ name: 'resize', size: [4, 1] }], [2, 1, 1], [0, 100])).toEqual([0, 25, 75, 100]);
  });

  it('keeps constants, channels and the aspect', () => {
    const pixels = Array.from({ length: 6 * 4 * 3 }, (_, i) => [10, 100, 200][i % 3]!);
    const resized = new Pipeline(parseTransforms([{ name: 'resize', size: 5 }]), [6, 4, 3]);
    expect(resized.shape).toEqual([8, 5, 3]);
    const values = run([{ name: 'resize', size: 5 }], [6, 4, 3], pixels);
    expect(values).toEqual(Array.from({ length: 120 }, (_, i) => [10, 100, 200][i % 3]));
  });
});

describe('random-resized-crop', () => {
  it('keeps constants and shows windows within the image', () => {
    const rng = new Rng(1);
    const means: number[] = [];
    const gradient = Array.from({ length: 256 }, (_, i) => (i % 16) * 10);
    for (let i = 0; i < 500; i++) {
      const values = run([{ name: 'random-resized-crop', size: [4, 6] }], [16, 16, 1], gradient, rng);
      expect(values.length).toBe(24);
      expect(Math.min(...values)).toBeGreaterThanOrEqual(0);
      expect(Math.max(...values)).toBeLessThanOrEqual(150);
      means.push(values.reduce((a, b) => a + b, 0) / 24);
    }
    expect(means.reduce((a, b) => a + b, 0) / 500).toBeCloseTo(75, -1);
    expect(Math.max(...means) - Math.min(...means)).toBeGreaterThan(50);
  });

  it('takes the middle when no window of that aspect fits', () => {
    const wide = run([{ name: 'random-resized-crop', size: 1, scale: [1, 1], ratio: [1, 1] }], [1, 3, 1], [10, 20, 30]);
    expect(wide).toEqual([20]);
    const whole = run([{ name: 'random-resized-crop', size: [1, 3], scale: [1, 1], ratio: [3, 3] }], [1, 3, 1], [10, 20, 30]);
    expect(whole).toEqual([10, 20, 30]);
  });
});

describe('center-crop', () => {
  it('takes the middle', () => {
    expect(run([{ name: 'center-crop', size: 2 }], [4, 4, 1], counting(16))).toEqual([6, 7, 10, 11]);
    expect(run([{ name: 'center-crop', size: [1, 3] }], [2, 3, 1], counting(6))).toEqual([1, 2, 3]);
  });
});

describe('face-scale', () => {
  it('shows what a cut at that scale would have, as a centre crop and a resize do', () => {
    const pixels = Array.from({ length: 28 * 28 * 3 }, (_, i) => (37 * i + (i >> 3)) % 256);
    // 28 * 1.3 / 1.4
    const direct = run([{ name: 'face-scale', stored: 1.4, scales: [1.3], size: 10 }], [28, 28, 3], pixels);
    expect(direct).toEqual(
      run(
        [
          { name: 'center-crop', size: 26 },
          { name: 'resize', size: [10, 10] },
        ],
        [28, 28, 3],
        pixels,
      ),
    );
  });

  it('picks each scale as often', () => {
    const rng = new Rng(3);
    // One bright row on the border, seen at the stored scale alone.
    const pixels = Array.from({ length: 100 }, (_, i) => (i < 10 ? 200 : 0));
    let seen = 0;
    for (let i = 0; i < 3000; i++) {
      const values = run([{ name: 'face-scale', stored: 2, scales: [1, 1.2, 2], size: 10 }], [10, 10, 1], pixels, rng);
      seen += values[0]! > 0 ? 1 : 0;
    }
    expect(seen / 3000).toBeCloseTo(1 / 3, 1);
  });
});

describe('channel-shift', () => {
  it('adds one number to each channel, clamped to bytes', () => {
    const rng = new Rng(2);
    const shifts = new Set<number>();
    for (let i = 0; i < 300; i++) {
      const [a, b, c, d] = run([{ name: 'channel-shift', range: [-3, 2] }], [1, 2, 2], [100, 254, 120, 0], rng) as number[];
      expect(c! - a!).toBe(20);
      expect(b! - 254).toBeLessThanOrEqual(1);
      expect(d).toBe(Math.max(0, b === 255 ? d! : b! - 254));
      shifts.add(a! - 100);
    }
    expect([...shifts].sort((a, b) => a - b)).toEqual([-3, -2, -1, 0, 1, 2]);
  });
});

describe('gamma', () => {
  it('raises values of 0 to 1 to a power', () => {
    expect(run([{ name: 'gamma', range: [2, 2] }], [1, 4, 1], [0, 51, 128, 255])).toEqual([0, 10, 64, 255]);
    expect(run([{ name: 'gamma', range: [1, 1] }], [1, 3, 1], [7, 100, 201])).toEqual([7, 100, 201]);
  });
});

describe('color-jitter', () => {
  const jitters = (options: object, pixels: number[], shape: ImageShape) => {
    const rng = new Rng(1);
    return Array.from({ length: 400 }, () => run([{ name: 'color-jitter', ...options }], shape, pixels, rng));
  };

  it('scales brightness within its range, and clamps', () => {
    const values = jitters({ brightness: 0.5 }, [100, 250], [1, 2, 1]);
    expect(Math.min(...values.map(([first]) => first!))).toBeGreaterThanOrEqual(50);
    expect(Math.max(...values.map(([first]) => first!))).toBeLessThanOrEqual(150);
    expect(Math.max(...values.map(([, second]) => second!))).toBe(255);
  });

  it('changes contrast around the mean luma, and saturation around each luma', () => {
    for (const [low, high] of jitters({ contrast: 0.5 }, [50, 150], [1, 2, 1]))
      expect(Math.abs(low! + high! - 200)).toBeLessThanOrEqual(1);
    for (const [red, green, blue] of jitters({ saturation: 0.5 }, [120, 100, 90], [1, 1, 3])) {
      const luma = 0.299 * red! + 0.587 * green! + 0.114 * blue!;
      expect(Math.abs(luma - (0.299 * 120 + 58.7 + 0.114 * 90))).toBeLessThan(1);
      expect(red! >= green! && green! >= blue!).toBe(true);
    }
  });

  it('leaves the image alone at strength 0', () => {
    expect(jitters({}, [7, 8, 9], [1, 1, 3])[0]).toEqual([7, 8, 9]);
  });
});

describe('erasing and cutout', () => {
  it('erases rectangles of the right area', () => {
    const rng = new Rng(4);
    let erased = 0;
    for (let i = 0; i < 500; i++) {
      const zeros = run([{ name: 'erasing', probability: 1, area: [0.1, 0.3] }], [20, 20, 1], new Array(400).fill(9), rng).filter(
        (v) => v === 0,
      ).length;
      expect(zeros).toBeGreaterThan(400 * 0.07);
      expect(zeros).toBeLessThan(400 * 0.36);
      erased += zeros;
    }
    expect(erased / 500 / 400).toBeCloseTo(0.2, 1);
    expect(run([{ name: 'erasing', probability: 0 }], [4, 4, 1], counting(16))).toEqual(counting(16));
  });

  it('cuts a square out, less at the borders', () => {
    const rng = new Rng(4);
    const counts = new Set<number>();
    for (let i = 0; i < 500; i++) {
      counts.add(run([{ name: 'cutout', size: 2 }], [4, 4, 1], counting(16), rng).filter((v) => v === 0).length);
    }
    // Centred on pixel 0, a square of 2 has one row inside; on the others, both.
    expect([...counts].sort((a, b) => a - b)).toEqual([1, 2, 4]);
  });

  it('cuts squares of any side in a range, and erases several rectangles', () => {
    const rng = new Rng(4);
    const sides = new Set<number>();
    const zeros = (transform: TransformInput) =>
      run([transform], [30, 30, 1], new Array(900).fill(9), rng).filter((v) => v === 0).length;
    for (let i = 0; i < 400; i++) sides.add(Math.sqrt(zeros({ name: 'cutout', size: 3, least: 1 })));
    // Others than whole numbers are cut off by a border.
    expect([...sides].filter(Number.isInteger).sort()).toEqual([1, 2, 3]);
    const area: [number, number] = [0.01, 0.01];
    const ratio: [number, number] = [1, 1];
    const counts = new Set<number>();
    for (let i = 0; i < 200; i++) counts.add(zeros({ name: 'erasing', probability: 1, patches: [1, 2], area, ratio }));
    expect(counts.has(9)).toBe(true);
    expect(Math.max(...counts)).toBe(18);
  });

  it('sets what is normalised to 0, which is the mean', () => {
    const values = floats(
      [
        { name: 'normalize', mean: [0.2], std: [0.5] },
        { name: 'cutout', size: 9 },
      ],
      [3, 3, 1],
      new Array(9).fill(255),
    );
    expect(values).toEqual(new Array(9).fill(0));
  });
});

describe('Pipeline', () => {
  it('gives the same image for the same stream, whatever came before', () => {
    const transforms = parseTransforms([
      { name: 'crop', padding: 2 },
      { name: 'flip' },
      { name: 'color-jitter', brightness: 0.2, contrast: 0.2, saturation: 0.2 },
      { name: 'random-resized-crop', size: 6 },
      { name: 'normalize', mean: [0.4], std: [0.2] },
      { name: 'erasing' },
      { name: 'cutout', size: 3 },
    ]);
    const shared = new Pipeline(transforms, [8, 8, 3]);
    for (let record = 0; record < 20; record++) {
      const [a, b] = [new Float32Array(108), new Float32Array(108)];
      const fresh = new Pipeline(transforms, [8, 8, 3]);
      for (const [pipeline, out] of [
        [shared, a],
        [fresh, b],
      ] as const) {
        pipeline.input.set(counting(192).map((i) => (i * record) % 256));
        pipeline.run(Rng.for(1, 2, record), out);
      }
      expect(a).toEqual(b);
    }
  });

  it.each<[TransformInput[], ImageShape, string]>([
    [[{ name: 'normalize', mean: [0, 0], std: [1] }], [2, 2, 3], 'transforms.0.mean'],
    [[{ name: 'normalize', mean: [0], std: [1] }, { name: 'flip' }], [2, 2, 3], 'transforms.1'],
    [[{ name: 'flip' }, { name: 'crop', size: 9 }], [8, 8, 3], 'transforms.1.size'],
    [[{ name: 'center-crop', size: 9 }], [8, 8, 3], 'transforms.0.size'],
    [[{ name: 'color-jitter', saturation: 0.1 }], [8, 8, 1], 'transforms.0.saturation'],
  ])('refuses %j on images of %j', (transforms, shape, key) => {
    try {
      new Pipeline(parseTransforms(transforms), shape);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(ConfigError);
      expect((error as ConfigError).key).toBe(key);
    }
  });
});
