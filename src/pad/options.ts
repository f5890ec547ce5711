import { createHash } from 'node:crypto';
import { readBytes } from '../data/files.js';
import { ConfigError } from '../errors.js';
import { isCropScale } from '../images/face-crop.js';
import { expectOneSource } from './boxes/detector.js';
import type { CropOptions } from './crop.js';
import type { DepthKind } from './depth.js';
import { formatFrameChoice, parseFrameChoice } from './frames/choice.js';
import type { PreparedSettings } from './prepared/format.js';
import { settingsSchema } from './prepared/format.js';

export interface PrepareOptions extends Partial<CropOptions> {
  /** One of the names of `datasetReaders`. */
  readonly dataset: string;
  /** Folder of the set; for `manifest` the CSV file, or the folder that holds manifest.csv. */
  readonly root: string;
  /** `all`, `every:K` or `evenly:N` (default `evenly:8`). */
  readonly frames?: string;
  /** CSV file of boxes, in place of the set's own. */
  readonly boxes?: string;
  /** Module of a face detector, in place of the set's own boxes. */
  readonly detector?: string;
  /** Depth of bona fide faces (default `dome`). */
  readonly depth?: DepthKind;
  /** For `depth: 'files'`: folder that holds for each presentation, by its id, a depth map or a folder of them; otherwise the set says. */
  readonly depthFolder?: string;
  /** Decides who is held out for dev where a set has no such split (default 0). */
  readonly seed?: number;
  /** Leave out presentations that cannot be read, and list them (default false: they end the work). */
  readonly skipBad?: boolean;
  /** Take the frames that come of damaged videos (default false: these are presentations that cannot be read). */
  readonly keepDamaged?: boolean;
  /** Let the same picture be in several splits (default false). */
  readonly allowDuplicates?: boolean;
  readonly onProgress?: (progress: PrepareProgress) => void;
  readonly signal?: AbortSignal;
}

export interface PrepareProgress {
  /** Presentations. */
  readonly done: number;
  readonly total: number;
  readonly frames: number;
}

/**
 * The settings that the options mean, every default filled in.
 * @throws ConfigError with the option that is wrong; DataError when the file of boxes or the detector cannot be read
 */
export async function settingsOf(options: PrepareOptions): Promise<PreparedSettings> {
  const { boxes, detector } = options;
  expectOneSource(options);
  if (options.depthFolder !== undefined && options.depth !== 'files') {
    throw new ConfigError('depthFolder', `its depth maps are read with --depth files only, not with ${options.depth ?? 'dome'}.`);
  }
  const source = boxes ?? detector;
  const parsed = settingsSchema.safeParse({
    dataset: options.dataset,
    seed: options.seed ?? 0,
    frames: formatFrameChoice(parseFrameChoice(options.frames ?? 'evenly:8')),
    boxes: {
      from: boxes !== undefined ? 'file' : detector !== undefined ? 'detector' : 'set',
      sha256:
        source === undefined
          ? null
          : createHash('sha256')
              .update(await readBytes(source))
              .digest('hex'),
    },
    scale: options.scale ?? 1.4,
    aspect: options.aspect ?? 'keep',
    fill: options.fill ?? 'edge',
    size: options.size ?? 256,
    depth: options.depth ?? 'dome',
  });
  if (parsed.success) {
    const { scale } = parsed.data;
    if (isCropScale(scale)) return parsed.data;
    throw new ConfigError('scale', `got ${scale}, needs a number from 0.5 to 4: how many times the box's side is the crop's.`);
  }
  const issue = parsed.error.issues[0]!;
  const key = issue.path.join('.');
  const advice = key === 'size' ? ' Needs a multiple of 8 from 8 to 1024: the depth map is an eighth of it.' : '';
  throw new ConfigError(key, `${issue.message}.${advice}`, { cause: parsed.error });
}
