import fs from 'node:fs';
import path from 'node:path';
import sharp from 'sharp';
import type { Label, Presentation, Split } from '../../src/pad/presentation.js';
import { drawFace } from '../../src/pad/synthesize/drawn-face.js';

export { expectDataError, tempFolder, write } from '../data/helpers.js';

/** A drawn face as a PNG file, and where the face is. */
export async function drawnPng(
  person: number,
  take = 0,
  side = 64,
): Promise<{ png: Buffer; box: [number, number, number, number] }> {
  const { canvas, box } = drawFace(side, 7, person, take);
  const { data, width, height } = canvas.toRaster();
  const png = await sharp(data, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
  return { png, box: [box.left, box.top, box.width, box.height].map(Math.round) as [number, number, number, number] };
}

/** Makes empty files: readers of layouts look at names only. */
export function touch(folder: string, names: readonly string[]): string {
  for (const name of names) {
    const file = path.join(folder, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, '');
  }
  return folder;
}

/** Folders of frames in place of videos: `frames` drawn faces each; `boxes` hears of them, to write them as the set does. */
export async function drawVideos(
  root: string,
  stems: readonly string[],
  boxes: (stem: string, frames: readonly (readonly [number, number, number, number])[]) => void = () => {},
  frames = 3,
): Promise<string> {
  for (const [person, stem] of stems.entries()) {
    fs.mkdirSync(path.join(root, stem), { recursive: true });
    const found: [number, number, number, number][] = [];
    for (let frame = 0; frame < frames; frame++) {
      const { png, box } = await drawnPng(person, frame);
      fs.writeFileSync(path.join(root, stem, `${String(frame).padStart(3, '0')}.png`), png);
      found.push(box);
    }
    boxes(stem, found);
  }
  return root;
}

/** How many presentations a protocol has in each split: all, and bona fide ones. */
export function composition(
  presentations: readonly Presentation[],
  protocol: string,
): Record<Split, readonly [all: number, bonaFide: number]> {
  const of = (split: Split): [number, number] => {
    const own = presentations.filter(({ splits }) => splits[protocol] === split);
    return [own.length, own.filter(({ label }) => label === ('bona-fide' satisfies Label)).length];
  };
  return { train: of('train'), dev: of('dev'), test: of('test') };
}
