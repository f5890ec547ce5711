import { createHash } from 'node:crypto';
import path from 'node:path';
import { kindOf } from '../data/files.js';
import { imageExtensions, readPicture } from '../data/images.js';
import { DataError } from '../errors.js';
import type { Raster } from '../images/raster.js';
import type { Window } from '../images/resample.js';
import { surestFace } from './boxes/surest-face.js';
import { acquire, Cropper, cropWindow, type Failure } from './crop.js';
import { depthSize, dome } from './depth.js';
import { parseFrameChoice } from './frames/choice.js';
import { type Frame, framesInFolder, readFrames } from './frames/read.js';
import type { Plan } from './plan.js';
import type { Box, Doubt, FrameBoxes, Presentation } from './presentation.js';

/** What became of a frame. */
export interface ProcessedFrame {
  readonly frame: number;
  readonly digest: string;
  readonly outcome: { readonly failure: Failure } | { readonly box: Box; readonly image: Uint8Array; readonly depth: Uint8Array };
}

export interface Processed {
  readonly frames: readonly ProcessedFrame[];
  readonly doubts: readonly Doubt[];
}

/** Frames of one presentation: they are in memory together. */
const mostFrames = 2048;

/** Turns presentations into crops and depth maps; keeps its memory from one to the next. */
export class Processor {
  private readonly cropper = new Cropper();

  constructor(private readonly plan: Plan) {}

  /**
   * @throws DataError when the presentation cannot be read, or a depth map is missing or of another size than its picture, or the detector fails
   */
  async process(presentation: Presentation): Promise<Processed> {
    const { plan } = this;
    const { id, media } = presentation;
    const doubts: Doubt[] = [];
    const warn = (reason: string, message: string) => doubts.push({ severity: 'warning', reason, about: id, message });
    const boxes = plan.detect ? null : await plan.boxesOf(presentation);
    const depth = await this.depthOf(presentation);
    const frames: ProcessedFrame[] = [];
    let damage: string | null = null;
    let overhanging = 0;
    for await (const frame of readFrames(media, parseFrameChoice(plan.settings.frames), (complaint) => {
      damage ??= complaint;
    })) {
      if (frames.length === mostFrames) {
        const detail = `more than ${mostFrames} frames are chosen. Take fewer: --frames every:K or evenly:N.`;
        throw new DataError(media.path, null, 'too-many-frames', detail);
      }
      const { number, picture } = frame;
      const digest = digestOf(picture);
      const acquired = acquire(await this.boxOf(presentation, frame, boxes), picture);
      if ('failure' in acquired) {
        frames.push({ frame: number, digest, outcome: acquired });
        continue;
      }
      const { box, overhangs } = acquired;
      if (overhangs) overhanging++;
      const window = cropWindow(box, plan.settings);
      const { size, fill } = plan.settings;
      const image = this.cropper.crop(picture, 3, window, size, fill);
      frames.push({ frame: number, digest, outcome: { box, image, depth: await depth(frame, box, window) } });
    }
    if (damage !== null) {
      if (!plan.options.keepDamaged) {
        const detail = `it is damaged (${damage}); ${frames.length} frames came all the same. --keep-damaged takes these.`;
        throw new DataError(media.path, null, 'damaged', detail);
      }
      warn('damaged', `it is damaged (${damage}): the ${frames.length} frames that came were taken.`);
    }
    if (overhanging > 0) warn('box-overhangs', `${overhanging} of its ${frames.length} boxes reach beyond the picture.`);
    const failed = frames.filter(({ outcome }) => 'failure' in outcome).length;
    if (failed === frames.length) warn('no-face', `none of its ${frames.length} frames has a box: it is a failure to acquire.`);
    return { frames, doubts };
  }

  private async boxOf({ media }: Presentation, { number, picture, box }: Frame, boxes: FrameBoxes | null): Promise<Box | null> {
    if (this.plan.detect) return surestFace(this.plan.detect, picture, media.path, number);
    return boxes?.get(number) ?? (this.plan.settings.boxes.from === 'set' ? box : null);
  }

  /** How the depth map of each of the presentation's frames comes about. */
  private async depthOf(presentation: Presentation): Promise<(frame: Frame, box: Box, window: Window) => Promise<Uint8Array>> {
    const { settings } = this.plan;
    const side = depthSize(settings.size);
    if (presentation.label === 'attack') return async () => new Uint8Array(side * side);
    switch (settings.depth) {
      case 'dome':
        return async (_, box, window) => dome(box, window, side);
      case 'ones':
        return async () => new Uint8Array(side * side).fill(255);
      case 'files': {
        const fileOf = await depthFiles(presentation, this.plan.options.depthFolder);
        return async ({ number, picture }, _, window) => {
          const file = fileOf(number);
          const map = await readPicture(file);
          if (map.width !== picture.width || map.height !== picture.height) {
            const detail = `it is ${map.width} x ${map.height}, its picture ${picture.width} x ${picture.height}: needs the same size.`;
            throw new DataError(file, null, 'depth-size', detail);
          }
          // What is beyond the picture is no part of the face.
          return this.cropper.crop(map, 1, window, side, 'black');
        };
      }
    }
  }
}

function digestOf({ data, width, height }: Raster): string {
  return createHash('sha256').update(`${width}x${height}\n`).update(data).digest('hex').slice(0, 32);
}

async function depthFiles({ id, depth }: Presentation, folder: string | undefined): Promise<(frame: number) => string> {
  const place = folder === undefined ? depth : await find(path.join(folder, id));
  const absent = (why: string) => new DataError(place ?? id, null, 'missing-depth', why);
  if (place === null) {
    throw absent(`no depth map is known for ${id}. --depth-folder names a folder of them by id, or use --depth dome.`);
  }
  const kind = await kindOf(place);
  if (kind === null) throw absent('there is no such depth map.');
  if (kind === 'file') return () => place;
  const files = new Map((await framesInFolder(place)).map(({ file, number }) => [number, file]));
  return (frame) => {
    const file = files.get(frame);
    if (file === undefined) throw absent(`there is no depth map of frame ${frame} in it.`);
    return file;
  };
}

/** A folder, or a picture of any kind. */
async function find(stem: string): Promise<string> {
  for (const extension of imageExtensions) {
    if ((await kindOf(stem + extension)) === 'file') return stem + extension;
  }
  return stem;
}
