import type { Rng } from '../../tensor/rng.js';
import type { Box } from '../presentation.js';
import { Placement, place } from './camera.js';
import { Canvas, type Colour, ellipse, noise, smoothstep } from './canvas.js';
import type { View } from './drawn-face.js';

/*
 * Pictures of a face, held before a camera: `view` is what was photographed first. Each gives what the camera then sees, before `photograph`.
 */

export const syntheticSpecies = ['print', 'replay', 'cut-out'] as const;
export type SyntheticSpecies = (typeof syntheticSpecies)[number];

export function present(species: SyntheticSpecies, view: View, rng: Rng): View {
  switch (species) {
    case 'print':
      return printAttack(view, rng);
    case 'replay':
      return replayAttack(view, rng);
    case 'cut-out':
      return cutOutAttack(view, rng);
  }
}

/** A sheet with a white border, curled, before some wall. */
function printAttack(view: View, rng: Rng): View {
  const sheet = bordered(printed(view.canvas, rng), rng.uniform(0.02, 0.06), [246, 244, 238]);
  const placement = inHand(sheet.height, rng.uniform(0.84, 1.02), rng);
  return place({ canvas: curled(sheet, rng), box: view.box }, placement, wallOf(view.canvas, rng));
}

/** A display with a bezel, its pixels beating with those of the camera, and a lamp mirrored in its glass. */
function replayAttack(view: View, rng: Rng): View {
  const glow: Colour = [rng.uniform(0.92, 0.98), 1, rng.uniform(1.02, 1.12)];
  const gamma = rng.uniform(0.78, 1.2);
  const shown = view.canvas.copy().each((data, at) => {
    for (let channel = 0; channel < 3; channel++) {
      const value = Math.min(1, Math.max(0, (data[at + channel]! * glow[channel]!) / 255));
      // Displays stretch contrast; black glows a little.
      data[at + channel] = 10 + 255 * (value + 0.12 * (smoothstep(0, 1, value) - value)) ** gamma;
    }
  });
  const bezel = rng.uniform(0.03, 0.07);
  const framed = bordered(shown, bezel, [rng.uniform(8, 30), rng.uniform(8, 30), rng.uniform(8, 30)]);
  const placement = inHand(view.canvas.height, rng.uniform(0.86, 1.04), rng);
  const seen = place({ canvas: framed, box: view.box }, placement, wallOf(view.canvas, rng));
  moire(seen.canvas, (x, y) => placement.inside(x, y, bezel * view.canvas.width), rng);
  gloss(seen.canvas, (x, y) => placement.inside(x, y), rng);
  return seen;
}

/** A print cut out along the head, with holes for the eyes, before somebody whose own eyes are seen through them. */
function cutOutAttack(view: View, rng: Rng): View {
  const { left, top, width, height } = view.box;
  const paper = curled(printed(view.canvas, rng), rng);
  const [x, y] = [left + width / 2, top + height / 2];
  const outline = ellipse(x, y - 0.06 * height, 0.62 * width, 0.68 * height, 1.5);
  const eyes = [-1, 1].map((sign) => ellipse(x + sign * 0.21 * width, top + 0.38 * height, 0.13 * width, 0.065 * height, 1.2));
  const wall = wallOf(view.canvas, rng);
  // Whoever holds it stands a little aside.
  const [dx, dy] = [rng.uniform(-0.02, 0.02) * width, rng.uniform(-0.02, 0.02) * height];
  const through = new Float32Array(3);
  const shadow = ellipse(x + 2, y - 0.06 * height + 3, 0.62 * width, 0.68 * height, 10);
  const scene = new Canvas(view.canvas.height, view.canvas.width);
  scene.each((data, at, px, py) => {
    const sheet = outline(px, py);
    const hole = Math.max(...eyes.map((eye) => eye(px, py)));
    const dark = 1 - 0.35 * shadow(px, py);
    view.canvas.sample(px + dx, py + dy, through);
    for (let channel = 0; channel < 3; channel++) {
      const behind = wall.data[at + channel]! * dark;
      const front = paper.data[at + channel]! + hole * (0.8 * through[channel]! - paper.data[at + channel]!);
      data[at + channel] = behind + sheet * (front - behind);
    }
  });
  return place({ canvas: scene, box: view.box }, inHand(scene.height, rng.uniform(0.96, 1.05), rng), null);
}

/** Fewer colours, a cast, dots of three inks on screens of three angles, and the fibres of paper. */
function printed(canvas: Canvas, rng: Rng): Canvas {
  const period = rng.uniform(2.6, 4.2);
  const strength = rng.uniform(0.16, 0.4);
  const cast: Colour = [rng.uniform(0.94, 1.05), rng.uniform(0.94, 1.02), rng.uniform(0.84, 1)];
  const black = rng.uniform(14, 36);
  const angles = [15, 75, 45].map((degrees) => (degrees * Math.PI) / 180 + rng.uniform(-0.1, 0.1));
  const [fibres, blotches] = [noise(1.6, rng), noise(24, rng)];
  const turns = angles.map((angle) => [Math.cos(angle), Math.sin(angle)] as const);
  const speed = (2 * Math.PI) / period;
  return canvas.copy().each((data, at, x, y) => {
    const mean = (data[at]! + data[at + 1]! + data[at + 2]!) / 3;
    const paper = 1 + 0.02 * fibres(x, y) + 0.015 * blotches(x, y);
    for (let channel = 0; channel < 3; channel++) {
      const dull = mean + 0.82 * (data[at + channel]! - mean);
      const ink = 1 - Math.min(1, Math.max(0, dull / 255));
      const [cos, sin] = turns[channel]!;
      const screen = 0.5 + 0.25 * (Math.cos(speed * (cos * x + sin * y)) + Math.cos(speed * (cos * y - sin * x)));
      // A dot is where there is more ink than the screen asks for; half of it is there whatever the screen says.
      const dots = smoothstep(-0.35, 0.35, ink - screen);
      const covered = ink + strength * (dots - ink);
      data[at + channel] = (black + (250 - black) * (1 - covered)) * cast[channel]! * paper;
    }
  });
}

/** Bent like a part of a cylinder: columns crowd at one side, where it is darker too; the middle, where the face is, stays where it was. */
function curled(canvas: Canvas, rng: Rng): Canvas {
  const bend = rng.uniform(-0.9, 0.9);
  const { width } = canvas;
  const out = new Canvas(canvas.height, width);
  return out.each((data, at, x, y) => {
    const t = (2 * x) / width - 1;
    canvas.sample((width / 2) * (1 + t + 0.25 * bend * t * t * (1 - t * t)), y, data, at);
    const shade = 1 - 0.16 * Math.abs(bend) * (0.5 - 0.5 * Math.sin(2 * bend * t + bend));
    for (let channel = 0; channel < 3; channel++) data[at + channel]! *= shade;
  });
}

/** Painted over the outermost part: what is shown keeps its place and size. */
function bordered(canvas: Canvas, share: number, colour: Colour): Canvas {
  const { height, width } = canvas;
  const edge = share * width;
  return canvas.copy().paint((x, y) => smoothstep(edge + 0.5, edge - 0.5, Math.min(x, width - x, y, height - y)), colour);
}

/** As somebody's hand holds it. */
function inHand(side: number, size: number, rng: Rng): Placement {
  return Placement.random(side, { size, turn: 0.09, tilt: 0.16, shift: 0.02 }, rng);
}

/** How much of a point of the scene is part of the display. */
type Inside = (x: number, y: number) => number;

/** A wall that is not the one in the picture. */
function wallOf({ height, width }: Canvas, rng: Rng): Canvas {
  const colour: Colour = [rng.uniform(40, 220), rng.uniform(40, 220), rng.uniform(40, 220)];
  const [rough, fine] = [noise(40, rng), noise(2, rng)];
  return new Canvas(height, width).paint(
    () => 1,
    (x, y) => {
      const factor = 1 + 0.12 * rough(x, y) + 0.03 * fine(x, y);
      return [colour[0] * factor, colour[1] * factor, colour[2] * factor];
    },
  );
}

/**
 * Two grids of pixels: the display's, stripes of red, green and blue, a little wider than the camera's pixels and turned a little; and the camera's,
 * which takes each colour at another place. Sampled at whole pixels the stripes come out as waves that are far longer than they are: moiré.
 */
function moire(canvas: Canvas, inside: Inside, rng: Rng): void {
  const period = rng.uniform(1.04, 1.3);
  const angle = rng.uniform(-0.06, 0.06);
  const strength = rng.uniform(0.06, 0.22);
  const speed = (2 * Math.PI) / period;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  // Where in a group of four the camera has its red, green and blue (Bayer).
  const places = [
    [0.25, 0.25],
    [0, 0.25],
    [-0.25, -0.25],
  ] as const;
  canvas.each((data, at, x, y) => {
    const shown = inside(x, y);
    for (let channel = 0; channel < 3; channel++) {
      const [px, py] = [x + places[channel]![0], y + places[channel]![1]];
      const stripes = Math.cos(speed * (cos * px + sin * py) + (2 * Math.PI * channel) / 3);
      const rows = Math.cos(speed * (cos * py - sin * px));
      data[at + channel]! *= 1 + shown * strength * (0.7 * stripes + 0.3 * rows);
    }
  });
}

function gloss(canvas: Canvas, inside: Inside, rng: Rng): void {
  const { height, width } = canvas;
  const lamp: Box = {
    left: rng.uniform(0, width),
    top: rng.uniform(0, height),
    width: rng.uniform(0.06, 0.2) * width,
    height: rng.uniform(0.1, 0.35) * height,
  };
  const angle = rng.uniform(-0.6, 0.6);
  const strength = rng.uniform(25, 95);
  const haze = rng.uniform(0, 14);
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  canvas.each((data, at, x, y) => {
    const [dx, dy] = [x - lamp.left, y - lamp.top];
    const [u, v] = [(cos * dx + sin * dy) / lamp.width, (cos * dy - sin * dx) / lamp.height];
    const added = inside(x, y) * (haze + strength * Math.exp(-0.5 * (u * u + v * v)));
    for (let channel = 0; channel < 3; channel++) data[at + channel]! += added;
  });
}
