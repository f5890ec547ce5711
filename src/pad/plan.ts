import path from 'node:path';
import { ConfigError } from '../errors.js';
import { readBoxesCsv } from './boxes/boxes-csv.js';
import { loadDetector } from './boxes/detector.js';
import type { FaceDetector } from './boxes/surest-face.js';
import { datasetReader } from './datasets/index.js';
import type { DatasetReader } from './datasets/reader.js';
import { ffmpegVersion } from './frames/ffmpeg.js';
import { type PrepareOptions, settingsOf } from './options.js';
import type { PreparedSettings } from './prepared/format.js';
import type { Dataset, Doubt, FrameBoxes, Presentation } from './presentation.js';

/** All that is known before the first picture is decoded. */
export interface Plan {
  readonly reader: DatasetReader;
  readonly dataset: Dataset;
  readonly settings: PreparedSettings;
  readonly options: PrepareOptions;
  /** Null where no video is among the presentations. */
  readonly ffmpeg: string | null;
  readonly detect: FaceDetector | null;
  /** Null where the presentation has none. */
  readonly boxesOf: (presentation: Presentation) => Promise<FrameBoxes | null>;
  /** Of the reader, and of names and splits. */
  readonly doubts: readonly Doubt[];
}

/**
 * Reads the layout of a set and everything that goes with it.
 * @throws ConfigError for options that are wrong, or when nothing gives the boxes; DataError as the readers do; UnsupportedError when there are
 *   videos and no ffmpeg
 */
export async function planPreparation(options: PrepareOptions): Promise<Plan> {
  const reader = datasetReader(options.dataset);
  const settings = await settingsOf(options);
  if (settings.boxes.from === 'set' && !reader.hasBoxes) {
    const why = `${reader.title} comes without boxes: say where the faces are by --boxes FILE, or have them found by --detector MODULE.`;
    throw new ConfigError('boxes', why);
  }
  const dataset = await reader.read(options.root, { seed: settings.seed });
  const { presentations } = dataset;
  if (presentations.length === 0) throw new ConfigError('root', `${options.root} holds no presentation of ${reader.title}.`);
  const ffmpeg = presentations.some(({ media }) => media.kind === 'video') ? await ffmpegVersion() : null;
  const csv = options.boxes === undefined ? null : await readBoxesCsv(options.boxes, presentations);
  const detect = options.detector === undefined ? null : await loadDetector(options.detector);
  return {
    reader,
    dataset,
    settings,
    options,
    ffmpeg,
    detect,
    boxesOf: async (presentation) => (csv ? csv(presentation.id) : ((await presentation.boxes?.()) ?? null)),
    doubts: [...dataset.doubts, ...missing(dataset, options.skipBad ?? false), ...subjectsInSeveralSplits(dataset)],
  };
}

function missing({ presentations }: Dataset, skipBad: boolean): Doubt[] {
  return presentations
    .filter(({ media }) => media.kind === 'missing')
    .map(({ id, media }) => ({
      severity: skipBad ? 'warning' : 'error',
      reason: 'missing',
      about: id,
      message: `there is no ${path.resolve(media.path)}.`,
    }));
}

/** Nobody is to be judged by the faces that were learnt from. */
function subjectsInSeveralSplits({ protocols, presentations }: Dataset): Doubt[] {
  return protocols.flatMap(({ name }) => {
    const splitsOf = new Map<string, Set<string>>();
    for (const { subject, splits } of presentations) {
      const split = splits[name];
      if (subject !== null && split) splitsOf.set(subject, (splitsOf.get(subject) ?? new Set()).add(split));
    }
    return [...splitsOf]
      .filter(([, own]) => own.size > 1)
      .map(([subject, own]) => ({
        severity: 'error' as const,
        reason: 'subject-in-several-splits',
        about: subject,
        message: `subject ${subject} is in ${[...own].sort().join(' and ')} of protocol ${name}.`,
      }));
  });
}
