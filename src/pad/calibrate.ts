import { ConfigError, DataError } from '../errors.js';
import { readFileChecked, writeFileAtomic } from '../formats/file.js';
import type { Decision, MeasuredErrors } from '../formats/packed/decision.js';
import { decodePackedModel, encodePackedModel, undecidedDigest } from '../formats/packed/model.js';
import {
  acceptedAt,
  bonafideClass,
  chooseThreshold,
  confidenceOf,
  countClasses,
  type Interval,
  parseCriterion,
  type Ranking,
} from '../metrics/attack-detection/index.js';
import { refuseToReplace } from '../train/export.js';
import { rankScores } from './evaluation/index.js';
import { readScores, type ScoreFile } from './scores/index.js';
import { scoringColumns } from './scoring/score.js';
import { expectDepthMaps } from './scoring/scorer.js';

export interface CalibrateOptions {
  /** File of a packed model. */
  readonly model: string;
  /** Its scores on the development set, as `gossamer pad score` writes them. */
  readonly dev: string;
  /** By what the threshold is chosen, as of `parseCriterion`; `eer` unless given. */
  readonly criterion?: string;
  /** The file to write: the model, with the threshold and its evidence. */
  readonly out: string;
  /** Whether `out` may be there: it is then replaced as a whole. */
  readonly replace?: boolean;
}

export interface CalibratedModel {
  readonly path: string;
  readonly digest: string;
  readonly decision: Decision;
}

/**
 * Chooses a threshold on a model's own scores of a development set and writes it into the model's file, with what it does there. The same
 * files give the same bytes.
 * @throws FormatError as `decodePackedModel`, or `not-writable`; DataError as `readScores`, and with reason `no-column` (scores that
 *   something else wrote), `mixed` (of several sets or models), `not-dev` or `other-model`; UnsupportedError for a model without depth maps;
 *   ConfigError for a criterion that chooses no finite threshold, a model that does not say how faces are cut, and when `out` is there
 */
export async function calibrateModel(options: CalibrateOptions): Promise<CalibratedModel> {
  const { model: file, dev, criterion = 'eer', out, replace = false } = options;
  if (!replace) refuseToReplace(out);
  const model = await decodePackedModel(await readFileChecked(file), file);
  expectDepthMaps(model.contract.task, file);
  if (!model.contract.faces) {
    const detail = `${file} does not say how faces are cut, which deciding about a picture needs: train and freeze it by this release.`;
    throw new ConfigError('model', detail);
  }
  const scores = await readScores(dev);
  const decision = decide(scores, await undecidedDigest(model), criterion);
  const bytes = await encodePackedModel({ ...model, contract: { ...model.contract, decision } });
  const { digest } = await decodePackedModel(bytes, out);
  await writeFileAtomic(out, bytes);
  return { path: out, digest, decision };
}

function decide(scores: ScoreFile, model: string, criterion: string): Decision {
  const facts = factsOf(scores);
  if (facts.split !== 'dev') {
    const what =
      facts.split === 'test'
        ? 'a threshold that is chosen on what it will be judged by flatters the detector'
        : 'the network has learnt from these very faces';
    const detail = `these are scores of the ${facts.split} split: ${what}. Score the dev split (gossamer pad score … --split dev).`;
    throw new DataError(scores.file, null, 'not-dev', detail);
  }
  if (facts.model !== model) {
    const detail = `these are the scores of another model (${short(facts.model)}, not ${short(model)}): score the packed model itself.`;
    throw new DataError(scores.file, null, 'other-model', detail);
  }
  const ranking = rankScores(scores.scores);
  const threshold = chooseThreshold(ranking, parseCriterion(criterion), scores.file);
  if (!Number.isFinite(threshold)) {
    throw new ConfigError(
      'criterion',
      `${criterion} gives the threshold ${threshold} on ${scores.file}: it would decide nothing.`,
    );
  }
  const { dataset, protocol, split } = facts;
  return {
    ...{ threshold, criterion, by: facts.by, smallestFace: facts.smallestFace },
    evidence: { model, scores: scores.sha256, data: { dataset, protocol, split }, ...errorsAt(ranking, threshold) },
  };
}

/** What the columns that `gossamer pad score` adds say of all lines of a file. */
function factsOf({ file, extraColumns, scores }: ScoreFile) {
  const absent = scoringColumns.filter((name) => !extraColumns.includes(name));
  if (absent.length > 0) {
    const detail = `it has no ${absent.join(', ')}: these are not scores that gossamer pad score wrote, so nothing tells whose they are.`;
    throw new DataError(file, null, 'no-column', detail);
  }
  const common = (name: (typeof scoringColumns)[number]): string => {
    const values = new Set(scores.map(({ extra }) => extra[name]!));
    if (values.size === 1) return [...values][0]!;
    throw new DataError(file, null, 'mixed', `its column ${name} says ${[...values].slice(0, 3).join(', ')}: needs one for all.`);
  };
  const by = common('by');
  if (by !== 'frame' && by !== 'video') throw new DataError(file, null, 'bad-row', `its scores are by "${by}": frame or video.`);
  const sides = scores.filter(({ score }) => !Number.isNaN(score)).map(({ extra }) => Number(extra['face']));
  if (sides.some((side) => !(side > 0))) throw new DataError(file, null, 'bad-row', 'a face that has a score has no size.');
  const [dataset, protocol, split, model] = (['dataset', 'protocol', 'split', 'model'] as const).map(common) as [
    ...[string, string, string, string],
  ];
  return {
    dataset,
    protocol,
    split,
    model,
    by,
    smallestFace: sides.reduce((least, side) => Math.min(least, side), Infinity),
  } as const;
}

function errorsAt(ranking: Ranking, threshold: number) {
  const { level, method, subjects, intervals } = confidenceOf(ranking, threshold);
  const { presented, answered } = countClasses(ranking);
  const accepted = acceptedAt(ranking, threshold);
  const measured = (kind: number, errors: number, interval: Interval): MeasuredErrors => ({
    ...{ errors, answered: answered[kind]!, unanswered: presented[kind]! - answered[kind]!, interval },
  });
  return {
    confidence: { level, method, subjects },
    bonafide: measured(bonafideClass, answered[bonafideClass]! - accepted[bonafideClass]!, intervals.bpcer),
    attacks: ranking.species.map((species, s) => ({ species, ...measured(s + 1, accepted[s + 1]!, intervals.apcer[species]!) })),
  };
}

function short(digest: string): string {
  return `${digest.slice(0, 12)}…`;
}
