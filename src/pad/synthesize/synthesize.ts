import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { csvLine } from '../../data/csv.js';
import { writePicture } from '../../data/picture.js';
import { ConfigError, DataError } from '../../errors.js';
import { notWritable } from '../../formats/file.js';
import type { Raster } from '../../images/raster.js';
import { Rng } from '../../tensor/rng.js';
import { expectOneSource, loadDetector } from '../boxes/detector.js';
import { type Label, type Split, splits } from '../presentation.js';
import { present, syntheticSpecies } from './attacks.js';
import { Placement, photograph, place } from './camera.js';
import { contactSheet } from './contact-sheet.js';
import type { View } from './drawn-face.js';
import { drawnPeople, type Person, photographedPeople } from './faces.js';

export interface SynthesizeOptions {
  /** Folder of face photographs; or else `drawn`. */
  readonly faces?: string;
  /** How many people to draw. */
  readonly drawn?: number;
  /** Pictures of each drawn person (default 1). */
  readonly takes?: number;
  /** Folder that is made; it must not be there, or be empty. */
  readonly out: string;
  /** Height and width of the pictures (default 320). */
  readonly size?: number;
  /** Decides everything (default 0). */
  readonly seed?: number;
  /** Where the faces are in the photographs: a CSV file or a detector's module; by default in their middle. */
  readonly boxes?: string;
  readonly detector?: string;
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

export interface SynthesizeResult {
  readonly folder: string;
  readonly manifest: string;
  readonly contactSheet: string;
  readonly subjects: number;
  readonly pictures: Readonly<Record<Split, number>>;
  /** Where the boxes come from. */
  readonly boxes: 'drawn' | 'file' | 'detector' | 'middle';
  /** Photographs without a face: nothing was made of them. */
  readonly withoutFace: number;
  readonly warning: string;
}

export const syntheticWarning =
  'Made-up attacks: results on them say nothing about attacks that somebody carries out. They are for trying the tools, never for choosing a model.';

/** Shares of the people; dev and test get at least one each. */
const shares = { dev: 0.2, test: 0.2 };

/** Nobody's picture goes into two splits, so it takes one person for each. */
const leastPeople = splits.length;

/**
 * Makes of each face one bona fide picture and one attack of each species, and a manifest of them for `prepareDataset`. The folder appears when all
 * is in it. The same faces, options and seed give the same bytes.
 * @throws ConfigError for options that are wrong, a folder that is not free, or too few faces; DataError for photographs that cannot be read;
 *   FormatError with reason `not-writable`
 * @returns null when `signal` ended it: nothing is left
 */
export async function synthesize(options: SynthesizeOptions): Promise<SynthesizeResult | null> {
  const { out, seed = 0 } = options;
  const people = await peopleOf(options);
  if (people.length < leastPeople) {
    throw new ConfigError(
      'faces',
      `got faces of ${people.length}, needs at least ${leastPeople}: one for each of ${splits.join(', ')}.`,
    );
  }
  expectFree(out);
  const folder = path.join(
    path.dirname(path.resolve(out)),
    `.${path.basename(path.resolve(out))}.${randomBytes(6).toString('hex')}.partial`,
  );
  try {
    fs.mkdirSync(folder, { recursive: true });
    const made = await makeAll(people, folder, seed, options);
    if (!made) return null;
    const sheet = contactSheet(made.firsts, 1 + syntheticSpecies.length);
    await writePicture(path.join(folder, 'contact-sheet.png'), sheet);
    fs.writeFileSync(path.join(folder, 'README.txt'), `${syntheticWarning}\n`);
    fs.writeFileSync(path.join(folder, 'manifest.csv'), made.rows.map(csvLine).join(''));
    if (fs.existsSync(out)) fs.rmdirSync(out);
    fs.renameSync(folder, out);
    return {
      folder: out,
      manifest: path.join(out, 'manifest.csv'),
      contactSheet: path.join(out, 'contact-sheet.png'),
      subjects: people.length,
      pictures: made.pictures,
      boxes: boxesFrom(options),
      withoutFace: made.withoutFace,
      warning: syntheticWarning,
    };
  } catch (error) {
    if (error instanceof Error && 'syscall' in error) throw notWritable(out, error);
    throw error;
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

async function peopleOf(options: SynthesizeOptions): Promise<Person[]> {
  const { faces, drawn, takes, size = 320, seed = 0, boxes, detector } = options;
  if ((faces === undefined) === (drawn === undefined)) {
    throw new ConfigError('faces', 'give a folder of photographs (--faces) or a number of faces to draw (--drawn).');
  }
  expectOneSource(options);
  if (drawn !== undefined) {
    if ((boxes ?? detector) === undefined) return drawnPeople(drawn, takes ?? 1, size, seed);
    throw new ConfigError('boxes', 'drawn faces know where they are: give --boxes or --detector with --faces only.');
  }
  if (takes !== undefined) throw new ConfigError('takes', 'photographs are taken as they are: give --takes with --drawn only.');
  const detect = detector === undefined ? undefined : await loadDetector(detector);
  return photographedPeople(faces!, { side: size, boxes, detect });
}

function boxesFrom({ drawn, boxes, detector }: SynthesizeOptions): SynthesizeResult['boxes'] {
  if (drawn !== undefined) return 'drawn';
  if (boxes !== undefined) return 'file';
  return detector === undefined ? 'middle' : 'detector';
}

function expectFree(out: string): void {
  if (!fs.existsSync(out)) return;
  if (fs.statSync(out).isDirectory() && fs.readdirSync(out).length === 0) return;
  throw new ConfigError('out', `${out} is there already. Write to another folder, or delete it first.`);
}

interface Made {
  readonly rows: readonly (readonly string[])[];
  readonly pictures: Record<Split, number>;
  readonly withoutFace: number;
  /** Pictures for the contact sheet: of the first faces, bona fide and each species. */
  readonly firsts: readonly Raster[];
}

const sheetRows = 6;

async function makeAll(
  people: readonly Person[],
  folder: string,
  seed: number,
  { faces, onProgress, signal }: SynthesizeOptions,
): Promise<Made | null> {
  const splitOf = splitPeople(people.length, seed);
  const rows: string[][] = [['file', 'split', 'label', 'species', 'subject', 'session', 'box']];
  const pictures: Record<Split, number> = { train: 0, dev: 0, test: 0 };
  const firsts: Raster[] = [];
  let withoutFace = 0;
  const total = people.reduce((sum, { takes }) => sum + takes.length, 0);
  let done = 0;
  for (const [person, { subject, takes }] of people.entries()) {
    const split = splitOf[person]!;
    for (const [take, make] of takes.entries()) {
      if (signal?.aborted) return null;
      const view = await make();
      onProgress?.(++done, total);
      if (!view) {
        withoutFace++;
        continue;
      }
      for (const [kind, species] of [null, ...syntheticSpecies].entries()) {
        const rng = Rng.for(seed, 3, person, take, kind);
        const seen = species ? present(species, view, rng) : before(view, rng);
        const picture = photograph(seen.canvas, rng).toRaster();
        const label: Label = species ? 'attack' : 'bona-fide';
        const name = `${split}/${species ?? label}/${fileName(subject)}-${person}-${take}.png`;
        await fs.promises.mkdir(path.join(folder, path.dirname(name)), { recursive: true });
        await writePicture(path.join(folder, name), picture);
        const { left, top, width, height } = seen.box;
        const box = [left, top, width, height].map((value) => value.toFixed(1)).join(' ');
        rows.push([name, split, label, species ?? '', subject, String(take), box]);
        pictures[split]++;
        if (firsts.length < sheetRows * (1 + syntheticSpecies.length)) firsts.push(picture);
      }
    }
  }
  if (withoutFace === total) throw new DataError(faces!, null, 'no-faces', 'not one of the photographs has a face.');
  return { rows, pictures, withoutFace, firsts };
}

/** A live face moves a little, too. */
function before(view: View, rng: Rng): View {
  const { height } = view.canvas;
  return place(view, Placement.random(height, { size: rng.uniform(0.95, 1.08), turn: 0.07, tilt: 0.05, shift: 0.02 }, rng), null);
}

function splitPeople(count: number, seed: number): Split[] {
  const order = Rng.for(seed, 4).shuffle(Array.from({ length: count }, (_, person) => person));
  const [dev, test] = [shares.dev, shares.test].map((share) => Math.max(1, Math.round(share * count))) as [number, number];
  const of: Split[] = new Array(count);
  for (const [i, person] of order.entries()) of[person] = i < dev ? 'dev' : i < dev + test ? 'test' : 'train';
  return of;
}

function fileName(subject: string): string {
  return subject.replace(/[^\w.-]+/g, '_');
}
