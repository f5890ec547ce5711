import fs from 'node:fs';
import path from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { parseCsv } from '../../src/data/csv.js';
import { readPicture } from '../../src/data/images.js';
import { ConfigError } from '../../src/errors.js';
import { inspectDataset } from '../../src/pad/inspect.js';
import { present, syntheticSpecies } from '../../src/pad/synthesize/attacks.js';
import { Placement, photograph, place } from '../../src/pad/synthesize/camera.js';
import { Canvas } from '../../src/pad/synthesize/canvas.js';
import { drawFace, type View } from '../../src/pad/synthesize/drawn-face.js';
import { type SynthesizeOptions, synthesize, syntheticWarning } from '../../src/pad/synthesize/synthesize.js';
import { Rng } from '../../src/tensor/rng.js';
import { drawnPng, expectDataError, tempFolder, write } from './helpers.js';

const make = async (options: Partial<SynthesizeOptions>) =>
  (await synthesize({ out: path.join(tempFolder(), 'synthetic'), size: 64, ...options }))!;

function filesOf(folder: string): Map<string, string> {
  const names = fs.readdirSync(folder, { recursive: true }) as string[];
  const files = names.filter((name) => fs.statSync(path.join(folder, name)).isFile()).sort();
  return new Map(files.map((name) => [name, fs.readFileSync(path.join(folder, name)).toString('latin1')]));
}

describe('synthesize', () => {
  it('makes pictures of drawn faces that prepare reads without a doubt of an error', async () => {
    const result = await make({ drawn: 10, takes: 2 });
    expect(result).toMatchObject({
      subjects: 10,
      pictures: { train: 48, dev: 16, test: 16 },
      boxes: 'drawn',
      warning: syntheticWarning,
    });
    expect(fs.readFileSync(path.join(result.folder, 'README.txt'), 'utf8')).toContain('say nothing about attacks');
    const inspection = await inspectDataset({ dataset: 'manifest', root: result.folder, size: 32 });
    expect(inspection.doubts.filter(({ severity }) => severity === 'error')).toEqual([]);
    expect(inspection.splits.find(({ split }) => split === 'train')).toMatchObject({
      presentations: 48,
      bonaFide: 12,
      species: { 'cut-out': 12, print: 12, replay: 12 },
      subjects: 6,
      failures: 0,
    });
  });

  it('gives the same bytes for the same seed, other pictures for another', async () => {
    const [first, again, other] = [await make({ drawn: 3 }), await make({ drawn: 3 }), await make({ drawn: 3, seed: 1 })];
    expect(filesOf(again.folder)).toEqual(filesOf(first.folder));
    const pictures = (folder: string) => [...filesOf(folder)].filter(([name]) => name.endsWith('.png')).map(([, bytes]) => bytes);
    const before = new Set(pictures(first.folder));
    expect(pictures(other.folder).some((bytes) => before.has(bytes))).toBe(false);
  });

  it('takes photographs: people are folders or files, the face is in the middle unless a file of boxes says where', async () => {
    const { png } = await drawnPng(1, 0, 100);
    const faces = write(tempFolder(), {
      'anna/1.png': png,
      'anna/2.png': png,
      'ben.png': png,
      'cleo.jpg': await sharp(png).jpeg().toBuffer(),
    });
    const middle = await make({ faces });
    expect(middle).toMatchObject({ subjects: 3, boxes: 'middle', withoutFace: 0 });
    const rows = parseCsv('m', fs.readFileSync(middle.manifest, 'utf8')).slice(1);
    expect(rows).toHaveLength(16);
    expect(new Set(rows.map(({ cells }) => cells[4]))).toEqual(new Set(['anna', 'ben', 'cleo']));
    const boxes = path.join(
      write(tempFolder(), { 'b.csv': 'file,left,top,width,height\nanna/1.png,30,30,40,40\nben.png,30,30,40,40\n' }),
      'b.csv',
    );
    expect(await make({ faces, boxes })).toMatchObject({ boxes: 'file', withoutFace: 2 });
  });

  it('writes everything or nothing', async () => {
    const controller = new AbortController();
    const out = path.join(tempFolder(), 'synthetic');
    const onProgress = (done: number) => done === 2 && controller.abort();
    expect(await synthesize({ drawn: 4, size: 64, out, signal: controller.signal, onProgress })).toBeNull();
    expect(fs.readdirSync(path.dirname(out))).toEqual([]);
    await make({ drawn: 3, out });
    expect(fs.readdirSync(path.dirname(out))).toEqual(['synthetic']);
    await expect(make({ drawn: 3, out })).rejects.toThrow('is there already');
  });

  it('says what is wrong', async () => {
    await expectDataError(make({ faces: '/nowhere' }), { reason: 'not-found' });
    await expectDataError(make({ faces: write(tempFolder(), { 'notes.txt': 'x' }) }), { reason: 'empty' });
    const file = path.join(write(tempFolder(), { 'a.txt': 'x' }), 'a.txt');
    await expectDataError(make({ faces: file }), { reason: 'unrecognised' });
    await expect(make({})).rejects.toThrow(ConfigError);
    await expect(make({ drawn: 3, faces: '/nowhere' })).rejects.toThrow(ConfigError);
    await expect(make({ drawn: 2 })).rejects.toThrow('at least 3');
    await expect(make({ drawn: 3, boxes: 'b.csv' })).rejects.toThrow('--faces only');
    await expect(make({ faces: '/nowhere', takes: 2 })).rejects.toThrow('--drawn only');
    const faces = write(tempFolder(), { 'a.png': 'x', 'b.png': 'x', 'c.png': 'x' });
    await expectDataError(make({ faces }), { reason: 'undecodable' });
    const blind = path.join(write(tempFolder(), { 'd.mjs': 'export default () => [];' }), 'd.mjs');
    const seen = write(tempFolder(), {
      'a.png': (await drawnPng(1)).png,
      'b.png': (await drawnPng(2)).png,
      'c.png': (await drawnPng(3)).png,
    });
    await expectDataError(make({ faces: seen, detector: blind }), { reason: 'no-faces', file: seen });
  });
});

describe('a placement', () => {
  it('leads to the scene and back, and moves the box with the face', () => {
    for (let seed = 0; seed < 20; seed++) {
      const placement = Placement.random(100, { size: 0.9, turn: 0.2, tilt: 0.3, shift: 0.1 }, new Rng(seed));
      const [u, v] = placement.toThing(...placement.toScene(30, 70));
      expect(u).toBeCloseTo(30, 6);
      expect(v).toBeCloseTo(70, 6);
    }
    // A white square on black is where its box is.
    const canvas = new Canvas(100, 100).paint((x, y) => Number(x > 30 && x < 60 && y > 40 && y < 80), [255, 255, 255]);
    const placement = Placement.random(100, { size: 0.8, turn: 0.1, tilt: 0.2, shift: 0.1 }, new Rng(3));
    const seen = place({ canvas, box: { left: 30, top: 40, width: 30, height: 40 } }, placement, null);
    let [left, top, right, bottom] = [100, 100, 0, 0];
    seen.canvas.each((data, at, x, y) => {
      if (data[at]! < 128) return;
      [left, top, right, bottom] = [Math.min(left, x), Math.min(top, y), Math.max(right, x), Math.max(bottom, y)];
    });
    expect(Math.abs(seen.box.left - left)).toBeLessThan(1.5);
    expect(Math.abs(seen.box.top - top)).toBeLessThan(1.5);
    expect(Math.abs(seen.box.left + seen.box.width - right)).toBeLessThan(1.5);
    expect(Math.abs(seen.box.top + seen.box.height - bottom)).toBeLessThan(1.5);
  });
});

describe('attacks', () => {
  const views = Array.from({ length: 10 }, (_, person) => drawFace(160, 3, person, 0));
  /** Mean of the pixels of the lower face, and how far each is from the mean of its neighbours. */
  const measure = ({ canvas, box: { left, top, width, height } }: View) => {
    const { data } = canvas;
    let [sum, bends, count] = [0, 0, 0];
    for (let y = Math.round(top + 0.6 * height); y < top + 0.75 * height; y++) {
      for (let x = Math.round(left + 0.3 * width); x < left + 0.7 * width; x++, count++) {
        const at = (y * canvas.width + x) * 3;
        sum += data[at]!;
        bends += Math.abs(data[at]! - (data[at - 3]! + data[at + 3]!) / 2);
      }
    }
    return { brightness: sum / count, texture: bends / count };
  };
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

  it.each(syntheticSpecies)('%s shows the face where its box is, with a texture that skin does not have', (species) => {
    const still = { size: 1, turn: 0.07, tilt: 0.05, shift: 0.02 };
    const live = views.map((view, i) => measure(place(view, Placement.random(160, still, new Rng(i)), null)));
    const seen = views.map((view, i) => present(species, view, new Rng(i)));
    for (const [i, { box }] of seen.entries()) {
      expect(measure(seen[i]!).brightness).toBeGreaterThan(0.5 * live[i]!.brightness);
      expect(box.width).toBeGreaterThan(0.6 * views[i]!.box.width);
    }
    const texture = mean(seen.map((view) => measure(view).texture));
    expect(texture).toBeGreaterThan(1.5 * mean(live.map((measured) => measured.texture)));
  });

  it('leave what was photographed as it was, and so does the camera', () => {
    const [view] = views;
    const before = Float32Array.from(view!.canvas.data);
    for (const species of syntheticSpecies) present(species, view!, new Rng(1));
    photograph(view!.canvas, new Rng(1));
    expect(view!.canvas.data).toEqual(before);
  });
});

describe('drawn faces', () => {
  it('differ from person to person more than from take to take in who they are', () => {
    const box = (person: number, take: number) => drawFace(100, 1, person, take).box;
    expect(box(1, 0).width).toBeCloseTo(box(1, 1).width, 6);
    expect(box(1, 0).width).not.toBeCloseTo(box(2, 0).width, 6);
    expect(drawFace(100, 1, 1, 0).canvas.data).not.toEqual(drawFace(100, 1, 1, 1).canvas.data);
    expect(drawFace(100, 1, 1, 0).canvas.data).toEqual(drawFace(100, 1, 1, 0).canvas.data);
  });

  it('have their eyes, dark in the middle, in the upper half of the box', async () => {
    const { png, box } = await drawnPng(4, 0, 128);
    const file = path.join(write(tempFolder(), { 'a.png': png }), 'a.png');
    const { data, width } = await readPicture(file);
    const [left, top, across, down] = box;
    let darkest = 255;
    for (let y = Math.round(top + 0.25 * down); y < top + 0.55 * down; y++) {
      for (let x = Math.round(left + 0.15 * across); x < left + 0.45 * across; x++)
        darkest = Math.min(darkest, data[(y * width + x) * 3]!);
    }
    expect(darkest).toBeLessThan(60);
  });
});
