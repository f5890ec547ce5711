import { Rng } from '../../tensor/rng.js';
import type { Box } from '../presentation.js';
import { Canvas, type Colour, ellipse, noise, smoothstep } from './canvas.js';

/*
 * Drawn faces: not photographs of anybody, and not meant to look like any. They let everything be tried where there are no pictures.
 */

/** A face before the camera, and where it is. */
export interface View {
  readonly canvas: Canvas;
  readonly box: Box;
}

const skins: readonly Colour[] = [
  [244, 208, 182],
  [232, 184, 150],
  [214, 160, 122],
  [176, 122, 86],
  [134, 88, 60],
  [96, 62, 44],
];
const hairs: readonly Colour[] = [
  [34, 28, 26],
  [62, 42, 30],
  [110, 74, 42],
  [178, 138, 78],
  [150, 72, 40],
  [172, 170, 166],
];
const irises: readonly Colour[] = [
  [76, 50, 32],
  [96, 84, 48],
  [70, 110, 90],
  [80, 116, 150],
];

/**
 * The face of person number `person` in take number `take`, drawn into a square of `side` pixels. The person decides shape, skin and hair; the take,
 * background, light, pose and expression. The same numbers give the same picture.
 */
export function drawFace(side: number, seed: number, person: number, take: number): View {
  const who = Rng.for(seed, 1, person);
  const how = Rng.for(seed, 2, person, take);
  const unit = side / 100;
  const head = {
    x: 50 + how.uniform(-4, 4),
    y: 50 + how.uniform(-3, 3),
    across: who.uniform(18, 21.5),
    down: who.uniform(24, 28),
  };
  const skin = vary(pick(skins, who), 8, who);
  const hair = vary(pick(hairs, who), 8, who);
  const iris = pick(irises, who);
  const canvas = new Canvas(side, side);
  /** Ellipse and its colour in hundredths of the side, relative to the head. */
  const oval = (x: number, y: number, across: number, down: number, colour: Colour, soft = 0.5) =>
    canvas.paint(ellipse((head.x + x) * unit, (head.y + y) * unit, across * unit, down * unit, Math.max(1, soft * unit)), colour);

  background(canvas, how);
  const clothes: Colour = [how.uniform(30, 210), how.uniform(30, 210), how.uniform(30, 210)];
  oval(0, head.down + 30, 34, 24, clothes, 1);
  oval(0, head.down + 2, 9, 14, shade(skin, 0.82));
  const hairLength = who.uniform(-8, 22);
  const hairWidth = head.across + who.uniform(1.5, 5);
  oval(0, -4 + hairLength / 2, hairWidth, head.down + 2 + hairLength / 3, hair, 1.2);
  for (const sign of [-1, 1]) oval(sign * head.across, 1, 3, 5.5, shade(skin, 0.88));
  oval(0, 0, head.across, head.down, skin);
  // The jaw is narrower than the skull is.
  oval(0, head.down * 0.45, head.across * 0.86, head.down * 0.56, skin, 1);
  fringe(canvas, head, unit, hair, who);

  const [eyeX, eyeY] = [head.across * 0.44, -head.down * 0.12];
  const [open, gaze] = [how.uniform(0.8, 1.15), how.uniform(-0.6, 0.6)];
  const eye = { across: who.uniform(3.4, 4.2), down: who.uniform(1.7, 2.3) * open };
  for (const sign of [-1, 1]) {
    const x = sign * eyeX;
    oval(x, eyeY - 0.3, eye.across + 1.1, eye.down + 1.3, shade(skin, 0.84), 1.6);
    oval(x, eyeY, eye.across, eye.down, [238, 234, 230]);
    oval(x + gaze, eyeY, 1.75, Math.min(1.75, eye.down), iris);
    oval(x + gaze, eyeY, 0.85, Math.min(0.85, eye.down), [14, 12, 12]);
    oval(x + gaze + 0.6, eyeY - 0.6, 0.42, 0.42, [250, 250, 250]);
    oval(x, eyeY - 4.6 - who.uniform(0, 0.6), eye.across + 0.9, 0.85, shade(hair, 0.8), 0.8);
  }
  const nose = head.down * 0.25;
  oval(1.1, nose * 0.45, 1.6, nose * 0.7, shade(skin, 0.92), 2.4);
  oval(0, nose, who.uniform(2.4, 3.4), 1.5, shade(skin, 0.86), 1.6);
  oval(-0.5, nose - 1, 1.1, 1.1, shade(skin, 1.08), 1.4);
  for (const sign of [-1, 1]) oval(sign * 1.5, nose + 0.7, 0.65, 0.42, shade(skin, 0.55), 0.6);
  const mouth = { y: head.down * 0.5, across: who.uniform(5.2, 7) * how.uniform(0.92, 1.1) };
  const lips: Colour = [skin[0] * 0.82, skin[1] * 0.6, skin[2] * 0.6];
  oval(0, mouth.y, mouth.across, who.uniform(1.3, 2), lips, 0.8);
  oval(0, mouth.y, mouth.across * 0.94, 0.35 + 0.5 * how.uniform(0, 1), shade(lips, 0.55), 0.5);
  if (who.uniform() < 0.3) glasses(canvas, head, unit, eyeX, eyeY);

  light(canvas, head, unit, how);
  texture(canvas, skin, how);
  const [across, down] = [head.across + 1, head.down + 1];
  return {
    canvas,
    box: {
      left: (head.x - across) * unit,
      top: (head.y - down * 0.8) * unit,
      width: 2 * across * unit,
      height: 1.8 * down * unit,
    },
  };
}

interface Head {
  readonly x: number;
  readonly y: number;
  readonly across: number;
  readonly down: number;
}

/** A wall with a gradient, and some soft things before it. */
function background(canvas: Canvas, rng: Rng): void {
  const { height, width } = canvas;
  const top: Colour = [rng.uniform(60, 230), rng.uniform(60, 230), rng.uniform(60, 230)];
  const bottom = vary(top, 50, rng);
  canvas.paint(
    () => 1,
    (_, y) => mix(top, bottom, y / height),
  );
  for (let i = rng.integer(5); i > 0; i--) {
    const shape = ellipse(
      rng.uniform(0, width),
      rng.uniform(0, height),
      rng.uniform(0.05, 0.3) * width,
      rng.uniform(0.05, 0.3) * height,
      8,
    );
    canvas.paint((x, y) => 0.7 * shape(x, y), vary(top, 80, rng));
  }
}

function fringe(canvas: Canvas, head: Head, unit: number, hair: Colour, rng: Rng): void {
  const line = rng.uniform(-0.72, -0.5);
  const slope = rng.uniform(-0.35, 0.35);
  const wave = noise(2.2 * unit, rng);
  const skull = ellipse(head.x * unit, head.y * unit, (head.across + 0.8) * unit, (head.down + 0.8) * unit, unit);
  canvas.paint(
    (x, y) => {
      const [dx, dy] = [(x / unit - head.x) / head.across, (y / unit - head.y) / head.down];
      return skull(x, y) * smoothstep(0.04, -0.04, dy - line - slope * dx + 0.18 * dx * dx - 0.05 * wave(x, y));
    },
    (x, y) => shade(hair, 1 + 0.12 * wave(3 * x, 0.4 * y)),
  );
}

function glasses(canvas: Canvas, head: Head, unit: number, eyeX: number, eyeY: number): void {
  const frame: Colour = [36, 32, 34];
  const ring = (x: number) => {
    const [outer, inner] = [6.2, 5.5].map((size) =>
      ellipse(x * unit, (head.y + eyeY + 0.4) * unit, size * unit, size * 0.78 * unit, 1.2),
    );
    return (px: number, py: number) => outer!(px, py) * (1 - inner!(px, py));
  };
  for (const sign of [-1, 1]) canvas.paint(ring(head.x + sign * eyeX), frame);
  canvas.paint(ellipse(head.x * unit, (head.y + eyeY) * unit, 2.6 * unit, 0.4 * unit), frame);
}

/** From one side, falling off across the head, which is round; and brighter or darker as a whole. */
function light(canvas: Canvas, head: Head, unit: number, rng: Rng): void {
  const direction = rng.uniform(-Math.PI, 0);
  const strength = rng.uniform(0.12, 0.4);
  const level = rng.uniform(0.85, 1.1);
  const warmth = rng.uniform(-0.06, 0.06);
  const [lx, ly] = [Math.cos(direction), Math.sin(direction)];
  canvas.each((data, at, x, y) => {
    const [dx, dy] = [(x / unit - head.x) / (1.4 * head.across), (y / unit - head.y) / (1.4 * head.down)];
    const factor = level * (1 + strength * Math.max(-1, Math.min(1, dx * lx + dy * ly)) - 0.12 * Math.min(1, dx * dx + dy * dy));
    data[at]! *= factor * (1 + warmth);
    data[at + 1]! *= factor;
    data[at + 2]! *= factor * (1 - warmth);
  });
}

/** Pores and blotches: what is fine in a live face, and gets lost in a picture of it. */
function texture(canvas: Canvas, skin: Colour, rng: Rng): void {
  const [fine, coarse] = [noise(1.3, rng), noise(9, rng)];
  const depth = 0.02 + 0.00012 * (skin[0] + skin[1] + skin[2]) * rng.uniform(0.3, 0.6);
  canvas.each((data, at, x, y) => {
    const factor = 1 + depth * fine(x, y) + 0.02 * coarse(x, y);
    for (let channel = 0; channel < 3; channel++) data[at + channel]! *= factor;
  });
}

function pick<T>(from: readonly T[], rng: Rng): T {
  return from[rng.integer(from.length)]!;
}

function vary([red, green, blue]: Colour, by: number, rng: Rng): Colour {
  return [red + rng.uniform(-by, by), green + rng.uniform(-by, by), blue + rng.uniform(-by, by)];
}

function shade([red, green, blue]: Colour, factor: number): Colour {
  return [red * factor, green * factor, blue * factor];
}

function mix(a: Colour, b: Colour, t: number): Colour {
  return [a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1]), a[2] + t * (b[2] - a[2])];
}
