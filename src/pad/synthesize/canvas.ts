import type { Raster } from '../../images/raster.js';
import type { Rng } from '../../tensor/rng.js';

/** Red, green, blue, from 0 to 255; between and beyond while a picture is being made. */
export type Colour = readonly [red: number, green: number, blue: number];

/** A picture in the making: height x width x 3 values, channels innermost. */
export class Canvas {
  readonly data: Float32Array;

  constructor(
    readonly height: number,
    readonly width: number,
  ) {
    this.data = new Float32Array(height * width * 3);
  }

  static from({ data, height, width }: Raster): Canvas {
    const canvas = new Canvas(height, width);
    canvas.data.set(data);
    return canvas;
  }

  copy(): Canvas {
    const canvas = new Canvas(this.height, this.width);
    canvas.data.set(this.data);
    return canvas;
  }

  /** Rounded to bytes. */
  toRaster(): Raster {
    const data = Uint8Array.from(this.data, (value) => Math.min(255, Math.max(0, Math.round(value))));
    return { data, height: this.height, width: this.width, values: 3 };
  }

  /** Changes every pixel, whose three values begin at `at`; `x` and `y` are those of its middle. */
  each(change: (data: Float32Array, at: number, x: number, y: number) => void): this {
    const { data, height, width } = this;
    let at = 0;
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++, at += 3) change(data, at, column + 0.5, row + 0.5);
    }
    return this;
  }

  /** Lays a colour over every pixel by its coverage, from 0 to 1. */
  paint(coverage: (x: number, y: number) => number, colour: Colour | ((x: number, y: number) => Colour)): this {
    return this.each((data, at, x, y) => {
      const share = coverage(x, y);
      if (share <= 0) return;
      const laid = typeof colour === 'function' ? colour(x, y) : colour;
      for (let channel = 0; channel < 3; channel++) data[at + channel]! += share * (laid[channel]! - data[at + channel]!);
    });
  }

  /** Bilinear between the pixels' middles, into three values of `out`; the outermost pixels go on for ever. */
  sample(x: number, y: number, out: Float32Array, at = 0): void {
    const { data, height, width } = this;
    const [across, down] = [Math.min(width - 1, Math.max(0, x - 0.5)), Math.min(height - 1, Math.max(0, y - 0.5))];
    const [column, row] = [Math.floor(across), Math.floor(down)];
    const [right, below] = [Math.min(width - 1, column + 1), Math.min(height - 1, row + 1)];
    const [u, v] = [across - column, down - row];
    const [a, b] = [(row * width + column) * 3, (row * width + right) * 3];
    const [c, d] = [(below * width + column) * 3, (below * width + right) * 3];
    for (let channel = 0; channel < 3; channel++) {
      out[at + channel] =
        (1 - v) * ((1 - u) * data[a + channel]! + u * data[b + channel]!) +
        v * ((1 - u) * data[c + channel]! + u * data[d + channel]!);
    }
  }

  /** Convolved with a Gaussian of standard deviation `sigma` pixels. */
  blur(sigma: number): this {
    const reach = Math.ceil(3 * sigma);
    const weights = Array.from({ length: 2 * reach + 1 }, (_, i) => Math.exp(-0.5 * ((i - reach) / sigma) ** 2));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    const { data, height, width } = this;
    const pass = (count: number, stride: number, lines: number, lineStride: number) => {
      const line = new Float32Array(count);
      for (let i = 0; i < lines; i++) {
        for (let channel = 0; channel < 3; channel++) {
          const start = i * lineStride * 3 + channel;
          for (let j = 0; j < count; j++) line[j] = data[start + j * stride * 3]!;
          for (let j = 0; j < count; j++) {
            let sum = 0;
            for (let tap = -reach; tap <= reach; tap++)
              sum += weights[tap + reach]! * line[Math.min(count - 1, Math.max(0, j + tap))]!;
            data[start + j * stride * 3] = sum / total;
          }
        }
      }
    };
    pass(width, 1, height, width);
    pass(height, width, width, 1);
    return this;
  }
}

/** From 0 at `from` to 1 at `to`, smoothly. */
export function smoothstep(from: number, to: number, x: number): number {
  const t = Math.min(1, Math.max(0, (x - from) / (to - from)));
  return t * t * (3 - 2 * t);
}

/** Coverage of an ellipse, its edge `soft` pixels wide. */
export function ellipse(x: number, y: number, across: number, down: number, soft = 1.5): (px: number, py: number) => number {
  const shorter = Math.min(across, down);
  return (px, py) => {
    const [dx, dy] = [(px - x) / across, (py - y) / down];
    if (dx > 2 || dx < -2 || dy > 2 || dy < -2) return 0;
    return smoothstep(-soft / 2, soft / 2, (1 - Math.sqrt(dx * dx + dy * dy)) * shorter);
  };
}

/** Smooth noise between -1 and 1 that changes over `scale` pixels, from a lattice of random values. */
export function noise(scale: number, rng: Rng): (x: number, y: number) => number {
  const side = 64;
  const lattice = Float32Array.from({ length: side * side }, () => rng.uniform(-1, 1));
  const value = (column: number, row: number) =>
    lattice[(((row % side) + side) % side) * side + (((column % side) + side) % side)]!;
  return (x, y) => {
    const [column, row] = [Math.floor(x / scale), Math.floor(y / scale)];
    const [u, v] = [smoothstep(0, 1, x / scale - column), smoothstep(0, 1, y / scale - row)];
    const top = value(column, row) + u * (value(column + 1, row) - value(column, row));
    const bottom = value(column, row + 1) + u * (value(column + 1, row + 1) - value(column, row + 1));
    return top + v * (bottom - top);
  };
}
