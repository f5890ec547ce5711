import { faceSide } from '../crop.js';
import type { PreparedPresentation } from '../prepared/format.js';
import { openPrepared } from '../prepared/open.js';
import type { Split } from '../presentation.js';
import { isScoreColumn } from '../scores/columns.js';
import type { DetectorScore } from '../scores/index.js';
import { PadSource } from '../source.js';
import { openScorer, type Scorer, type ScorerEngine } from './scorer.js';

export interface ScoreOptions extends ScorerEngine {
  /** File of a packed model, or of a depth network's checkpoint. */
  readonly model: string;
  /** Folder of prepared data. */
  readonly prepared: string;
  readonly split: Split;
  /** May be left out where there is one only. */
  readonly protocol?: string;
  /** What a score is of: a frame, or a video, as the mean of its frames. */
  readonly by?: 'frame' | 'video';
  readonly onProgress?: (done: number, total: number) => void;
}

export interface PreparedScores {
  /** In the order of presentations and frames. */
  readonly scores: readonly DetectorScore[];
  readonly by: 'frame' | 'video';
  readonly split: Split;
  readonly protocol: string;
  /** Frames that were looked at, and those of them that have no face. */
  readonly frames: number;
  readonly failures: number;
  readonly model: Pick<Scorer, 'kind' | 'digest'>;
}

/** Columns besides those that every score file has, and the attributes of the data: whose scores of what they are. */
export const scoringColumns = ['dataset', 'protocol', 'split', 'by', 'frames', 'face', 'model'] as const;
const peopleColumns = ['subject', 'session', 'device'] as const;

/** A frame with its score; NaN where there was no face to be scored. */
interface ScoredFrame {
  readonly presentation: PreparedPresentation;
  readonly frame: number;
  readonly score: number;
  /** Longer side of the face's box, in pixels of the picture. */
  readonly side: number;
}

/**
 * Scores one split of prepared data with a depth network.
 * @throws FormatError for files that are not what they should be; UnsupportedError for a network without depth maps; ConfigError for a split or
 *   protocol that is not there, or faces that were cut in another way than the network learnt
 */
export async function scorePrepared(options: ScoreOptions): Promise<PreparedScores> {
  const { model: file, prepared: folder, split, protocol, by = 'frame', onProgress, ...engine } = options;
  const prepared = await openPrepared(folder);
  const source = new PadSource(prepared, { split, ...(protocol !== undefined && { protocol }) });
  const scorer = await openScorer(file, engine);
  try {
    const answers = await scorer.score(source, onProgress);
    const frames = framesOf(source, answers);
    const rows = by === 'frame' ? frames.map((frame) => [frame]) : groupByPresentation(frames);
    const { kind, digest } = scorer;
    const common = { dataset: prepared.manifest.settings.dataset, protocol: source.protocol.name, split, by, model: digest };
    const attributes = attributeColumns(frames.map(({ presentation }) => presentation));
    return {
      scores: rows.map((row) => lineOf(row, common, attributes)),
      ...{ by, split, protocol: source.protocol.name, frames: frames.length, failures: source.failures.length },
      model: { kind, digest },
    };
  } finally {
    scorer.dispose();
  }
}

function framesOf(source: PadSource, answers: ArrayLike<number>): ScoredFrame[] {
  const scored = Array.from({ length: source.length }, (_, record) => ({
    presentation: source.presentation(record),
    frame: source.frame(record),
    score: answers[record]!,
    side: faceSide(source.box(record)),
  }));
  const failed = source.failures.map(({ presentation, frame }) => ({
    ...{ presentation, frame, score: Number.NaN, side: Number.NaN },
  }));
  return [...scored, ...failed].sort((a, b) => compare(a.presentation.id, b.presentation.id) || a.frame - b.frame);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function groupByPresentation(frames: readonly ScoredFrame[]): ScoredFrame[][] {
  const groups = new Map<string, ScoredFrame[]>();
  for (const frame of frames) {
    const group = groups.get(frame.presentation.id);
    if (group) group.push(frame);
    else groups.set(frame.presentation.id, [frame]);
  }
  return [...groups.values()];
}

type Common = Readonly<Record<'dataset' | 'protocol' | 'split' | 'by' | 'model', string>>;

/** The line of a frame, or of a video's frames: their mean over those that have a face. */
function lineOf(frames: readonly ScoredFrame[], common: Common, attributes: ReadonlyMap<string, string>): DetectorScore {
  const { presentation, frame } = frames[0]!;
  const { id, species, subject, session, device } = presentation;
  const answered = frames.filter(({ score }) => !Number.isNaN(score));
  const { dataset, protocol, split, by, model } = common;
  return {
    claimedId: subject ?? '',
    testLabel: id,
    attackType: species,
    sampleN: by === 'frame' ? String(frame) : '',
    score: answered.reduce((sum, { score }) => sum + score, 0) / answered.length,
    extra: {
      ...{ subject: subject ?? '', session: session ?? '', device: device ?? '' },
      ...Object.fromEntries([...attributes].map(([name, column]) => [column, presentation.attributes[name] ?? ''])),
      ...{ dataset, protocol, split, by },
      frames: String(answered.length),
      face: answered.length > 0 ? String(Math.min(...answered.map(({ side }) => side))) : '',
      model,
    },
  };
}

/** The column of each attribute: its own name, or `data.NAME` where a column of ours is called so. */
function attributeColumns(presentations: readonly PreparedPresentation[]): ReadonlyMap<string, string> {
  const names = new Set(presentations.flatMap(({ attributes }) => Object.keys(attributes)));
  const own: readonly string[] = [...peopleColumns, ...scoringColumns];
  const isTaken = (name: string) => own.includes(name.toLowerCase()) || isScoreColumn(name);
  return new Map([...names].sort().map((name) => [name, isTaken(name) ? `data.${name}` : name]));
}
