import type { Rng } from '../../tensor/rng.js';
import type { Box } from '../presentation.js';
import { Canvas } from './canvas.js';
import type { View } from './drawn-face.js';

/**
 * A flat thing before the camera: where each point of the scene comes from in it, as a turned, shifted, scaled rectangle with perspective.
 *   (u, v) = (a x' + b y', c x' + d y') / (1 + p x' + q y') + centre,  x', y' from the middle of the scene.
 */
export class Placement {
  private constructor(
    private readonly side: number,
    private readonly matrix: readonly [a: number, b: number, c: number, d: number],
    private readonly perspective: readonly [p: number, q: number],
    private readonly shift: readonly [x: number, y: number],
  ) {}

  /**
   * @param size of the thing in the scene, as a share of its own size
   * @param tilt largest perspective: the change of size across the scene
   */
  static random(
    side: number,
    { size, turn, tilt, shift }: { size: number; turn: number; tilt: number; shift: number },
    rng: Rng,
  ): Placement {
    const angle = rng.uniform(-turn, turn);
    const [cos, sin] = [Math.cos(angle) / size, Math.sin(angle) / size];
    return new Placement(
      side,
      [cos, sin, -sin, cos],
      [rng.uniform(-tilt, tilt) / side, rng.uniform(-tilt, tilt) / side],
      [rng.uniform(-shift, shift) * side, rng.uniform(-shift, shift) * side],
    );
  }

  /** The point of the thing that is seen at (x, y) of the scene. */
  toThing(x: number, y: number): readonly [u: number, v: number] {
    const [a, b, c, d] = this.matrix;
    const [p, q] = this.perspective;
    const [dx, dy] = [x - this.side / 2 - this.shift[0], y - this.side / 2 - this.shift[1]];
    const divisor = 1 + p * dx + q * dy;
    return [this.side / 2 + (a * dx + b * dy) / divisor, this.side / 2 + (c * dx + d * dy) / divisor];
  }

  /** Where a point of the thing is seen: the equations above, solved for x' and y'. */
  toScene(u: number, v: number): readonly [x: number, y: number] {
    const [a, b, c, d] = this.matrix;
    const [p, q] = this.perspective;
    const [du, dv] = [u - this.side / 2, v - this.side / 2];
    const [m11, m12, m21, m22] = [a - du * p, b - du * q, c - dv * p, d - dv * q];
    const determinant = m11 * m22 - m12 * m21;
    const [dx, dy] = [(m22 * du - m12 * dv) / determinant, (m11 * dv - m21 * du) / determinant];
    return [this.side / 2 + this.shift[0] + dx, this.side / 2 + this.shift[1] + dy];
  }

  /** 1 where the thing is seen, 0 beyond it, with an edge of a pixel; `border` pixels of the thing are not counted. */
  inside(x: number, y: number, border = 0): number {
    const [u, v] = this.toThing(x, y);
    return Math.min(1, Math.max(0, 0.5 + Math.min(u, this.side - u, v, this.side - v) - border));
  }

  /** The upright box about where the box of the thing is seen. */
  box({ left, top, width, height }: Box): Box {
    const corners = [0, 1].flatMap((i) => [0, 1].map((j) => this.toScene(left + i * width, top + j * height)));
    const [xs, ys] = [corners.map(([x]) => x), corners.map(([, y]) => y)];
    const [x, y] = [Math.min(...xs), Math.min(...ys)];
    return { left: x, top: y, width: Math.max(...xs) - x, height: Math.max(...ys) - y };
  }
}

/** The thing as it is seen, over what is behind it where it ends. `behind` null: its outermost pixels go on. */
export function place({ canvas, box }: View, placement: Placement, behind: Canvas | null): View {
  const { height, width } = canvas;
  const scene = new Canvas(height, width);
  scene.each((data, at, x, y) => {
    const [u, v] = placement.toThing(x, y);
    canvas.sample(u, v, data, at);
    if (!behind) return;
    const inside = placement.inside(x, y);
    if (inside === 1) return;
    for (let channel = 0; channel < 3; channel++) {
      const back = behind.data[at + channel]!;
      data[at + channel] = back + inside * (data[at + channel]! - back);
    }
  });
  return { canvas: scene, box: placement.box(box) };
}

/** What every picture goes through, of a face or of a picture of one: lens, exposure, white balance, falling off to the corners, noise. */
export function photograph(canvas: Canvas, rng: Rng): Canvas {
  const { height, width } = canvas;
  const exponent = Math.exp(rng.uniform(-0.18, 0.18));
  const balance = [rng.uniform(0.95, 1.05), 1, rng.uniform(0.95, 1.05)];
  const corners = rng.uniform(0, 0.18);
  const grain = rng.uniform(1, 3);
  const taken = canvas.copy().blur(rng.uniform(0.4, 0.75));
  return taken.each((data, at, x, y) => {
    const [dx, dy] = [(2 * x) / width - 1, (2 * y) / height - 1];
    const fall = 1 - corners * 0.5 * (dx * dx + dy * dy);
    for (let channel = 0; channel < 3; channel++) {
      const value = Math.min(1, Math.max(0, (data[at + channel]! * balance[channel]! * fall) / 255));
      data[at + channel] = 255 * value ** exponent + grain * rng.normal();
    }
  });
}
