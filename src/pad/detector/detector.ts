import { ConfigError, UnsupportedError } from '../../errors.js';
import type { Decision } from '../../formats/packed/decision.js';
import type { Raster } from '../../images/raster.js';
import { depthScores } from '../../metrics/depth-score.js';
import type { LoadOptions, RuntimeFacts, RuntimeModel } from '../../runtime/model.js';
import { type Image, RasterReader } from '../../runtime/rasters.js';
import type { ModelSource } from '../../runtime/source.js';
import { type FaceDetector, isBox, surestFace } from '../boxes/surest-face.js';
import { acquire, type CropOptions, Cropper, cropWindow, faceSide } from '../crop.js';
import type { Box } from '../presentation.js';
import { decideSequence, type SequenceAssessment } from './sequence.js';

export interface DetectorOptions extends LoadOptions {
  /** A packed depth network's bytes or address: `gossamer pad calibrate` wrote it, or `gossamer freeze`, which gives no threshold. */
  readonly model: ModelSource;
  /** Asked for the face in images that come without a box. */
  readonly faceDetector?: FaceDetector;
}

/** The answer of a depth network: rows from the top, higher is nearer. */
export interface DepthMap {
  readonly data: Float32Array;
  readonly height: number;
  readonly width: number;
}

/** A face that was scored. */
interface Scored {
  /** Mean of the map: higher is more bona fide. */
  readonly score: number;
  readonly depthMap: DepthMap;
  readonly box: Box;
}

/** What is said of one image. */
export type Assessment =
  | (Scored & { readonly decision: 'live' | 'attack'; readonly threshold: number })
  /** The model's file has no threshold, and none is assumed. */
  | (Scored & { readonly decision: 'uncalibrated'; readonly threshold: null })
  | NotScored;

/** No answer, which is no low score: there is no face, less than half of its box lies in the image, or no face as small was there when the threshold was chosen. */
export interface NotScored {
  readonly decision: 'no-face' | 'face-outside' | 'face-too-small';
  readonly score: null;
  readonly threshold: number | null;
  readonly depthMap: null;
  /** Null for no face. */
  readonly box: Box | null;
}

/** An image with the box of its face. */
export interface BoxedImage {
  readonly image: Image;
  readonly box?: Box;
}

export interface SequenceOptions {
  /** How many frames must have a score for a decision; half of them, rounded up, unless given. */
  readonly needed?: number;
}

export interface DetectorFacts {
  readonly model: RuntimeFacts;
  /** How faces are cut out. */
  readonly crop: CropOptions;
  /** The threshold with its evidence; null where the model's file has none. */
  readonly decision: Decision | null;
}

/** A loaded model that tells live faces from pictures of them. */
export interface Detector {
  /**
   * Scores the face in an image (its box, or what the face detector finds) and compares with the threshold of the model's file. The image is not
   * to change before the answer.
   * @throws ConfigError (`faceDetector`) with neither a box nor a face detector, (`box`) for a box that is none; DataError when the face detector
   *   fails; ShapeError, DTypeError, ConfigError or UnsupportedError for what is no image in colour; LifetimeError once it is disposed of
   */
  assess(image: Image, box?: Box): Promise<Assessment>;
  /**
   * Several images of one presentation: the mean of their scores decides. Throws as `assess`.
   * @throws ConfigError (`frames`) for none, (`needed`) for a number of frames that there are not
   */
  assessSequence(frames: readonly (Image | BoxedImage)[], options?: SequenceOptions): Promise<SequenceAssessment>;
  readonly facts: DetectorFacts;
  /** Gives its memory back. Calls that wait for their turn fail with a LifetimeError. */
  dispose(): void;
}

const NEEDED =
  'an image in colour ({ data, width, height } of 3 or 4 values a pixel, ImageData; in a browser ImageBitmap, canvas, VideoFrame)';

/**
 * @param load how packed models are loaded where this runs
 * @throws what `load` does; UnsupportedError for a model that answers with something else than depth maps of faces
 */
export async function createDetectorBy(
  load: (source: ModelSource, options: LoadOptions) => Promise<RuntimeModel>,
  { model: source, faceDetector, ...options }: DetectorOptions,
): Promise<Detector> {
  const model = await load(source, options);
  try {
    return detectorOf(model, cropOf(model.facts), faceDetector ?? null);
  } catch (error) {
    model.dispose();
    throw error;
  }
}

function cropOf({ contract, output }: RuntimeFacts): CropOptions {
  const { task, faces, source } = contract;
  const what = 'telling live faces from attacks with this model';
  if (task !== 'depth-map') throw new UnsupportedError(what, `its task is ${task}, not depth-map.`);
  if (output.length !== 2)
    throw new UnsupportedError(what, `it answers [${output.join(', ')}], not with [height, width], a map.`);
  if (!faces)
    throw new UnsupportedError(what, 'its file does not say how faces are cut. Train it on prepared faces, and freeze it.');
  return { ...faces, size: source.size[0] };
}

function detectorOf(model: RuntimeModel, crop: CropOptions, detect: FaceDetector | null): Detector {
  const reader = new RasterReader({ operation: 'assess', channels: 'rgb', values: 3, needed: NEEDED });
  const cropper = new Cropper();
  const [height, width] = model.facts.output as [number, number];
  const decided = model.facts.contract.decision ?? null;
  const threshold = decided?.threshold ?? null;

  const faceIn = (picture: Raster, box: Box | undefined): Promise<Box | null> => {
    if (box !== undefined) {
      if (!isBox(box)) throw new ConfigError('box', `got ${JSON.stringify(box)}, needs { left, top, width, height } in pixels`);
      return Promise.resolve(box);
    }
    if (detect) return surestFace(detect, picture, 'image', null);
    throw new ConfigError('faceDetector', 'where is the face? Give its box to assess, or a face detector to createDetector.');
  };

  const assess = async (image: Image, given?: Box): Promise<Assessment> => {
    const picture = inColour(reader.read(image));
    const found = await faceIn(picture, given);
    const unscored = (decision: NotScored['decision']): NotScored => ({
      decision,
      score: null,
      threshold,
      depthMap: null,
      box: found,
    });
    const acquired = acquire(found, picture);
    if ('failure' in acquired) return unscored(acquired.failure === 'no-box' ? 'no-face' : 'face-outside');
    const { box } = acquired;
    if (decided && faceSide(box) < decided.smallestFace) return unscored('face-too-small');
    const data = cropper.crop(picture, 3, cropWindow(box, crop), crop.size, crop.fill);
    const answer = await model.run({ data, height: crop.size, width: crop.size }, { transfer: [data.buffer] });
    const [score] = depthScores(answer.data, 1) as [number];
    const scored: Scored = { score, depthMap: { data: answer.data, height, width }, box };
    if (threshold === null) return { decision: 'uncalibrated', threshold, ...scored };
    return { decision: score >= threshold ? 'live' : 'attack', threshold, ...scored };
  };

  return {
    assess,
    async assessSequence(frames, { needed = Math.ceil(frames.length / 2) } = {}) {
      if (frames.length === 0) throw new ConfigError('frames', 'got none, needs at least one image');
      if (!Number.isInteger(needed) || needed < 1 || needed > frames.length) {
        throw new ConfigError('needed', `got ${needed}, needs a whole number from 1 to the ${frames.length} frames`);
      }
      const assessments: Assessment[] = [];
      for (const frame of frames) {
        const { image, box } = isBoxed(frame) ? frame : { image: frame, box: undefined };
        assessments.push(await assess(image, box));
      }
      return decideSequence(assessments, threshold, needed);
    },
    get facts() {
      return { model: model.facts, crop, decision: decided };
    },
    dispose: () => model.dispose(),
  };
}

function isBoxed(frame: Image | BoxedImage): frame is BoxedImage {
  return typeof frame === 'object' && frame !== null && 'image' in frame;
}

/** Red, green, blue and nothing else, as preparing data shows pictures to a face detector. */
function inColour({ data, height, width, values }: Raster): Raster {
  if (values === 3) return { data, height, width, values };
  const colours = new Uint8Array(height * width * 3);
  for (let from = 0, to = 0; to < colours.length; from += values) {
    colours[to++] = data[from]!;
    colours[to++] = data[from + 1]!;
    colours[to++] = data[from + 2]!;
  }
  return { data: colours, height, width, values: 3 };
}
