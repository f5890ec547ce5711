/** A count of errors as a share of presentations that were answered, with its confidence interval. */
export interface MeasuredErrors {
  /** Attacks that were accepted, or bona fide presentations that were rejected. */
  readonly errors: number;
  readonly answered: number;
  /** Failures to acquire: they count as nothing else. */
  readonly unanswered: number;
  /** Of errors / answered; null where nothing was answered. */
  readonly interval: readonly [low: number, high: number] | null;
}

/** What a threshold was chosen on, and what it does there. */
export interface DecisionEvidence {
  /** SHA-256 that the model's file has without its decision: whose scores these were. */
  readonly model: string;
  /** SHA-256 of the file of scores. */
  readonly scores: string;
  /** Where the scores come from. */
  readonly data: { readonly dataset: string; readonly protocol: string; readonly split: string };
  /** Of the intervals. */
  readonly confidence: { readonly level: number; readonly method: string; readonly subjects: number | null };
  readonly bonafide: MeasuredErrors;
  readonly attacks: readonly (MeasuredErrors & { readonly species: string })[];
}

/** From which score on a face counts as live, and on what evidence. */
export interface Decision {
  /** `score >= threshold` is live. */
  readonly threshold: number;
  /** By what it was chosen, as `gossamer pad evaluate` takes it. */
  readonly criterion: string;
  /** What a score was there: of one frame, or the mean over those of a video. */
  readonly by: 'frame' | 'video';
  /** The smallest face that was scored there, as the longer side of its box in pixels: of smaller ones the evidence says nothing. */
  readonly smallestFace: number;
  readonly evidence: DecisionEvidence;
}

/** Null for a decision that is whole; otherwise what is wrong with it. */
export function decisionFault(value: unknown): string | null {
  if (!isRecord(value)) return 'its decision is no object.';
  const { threshold, criterion, by, smallestFace, evidence, ...more } = value;
  if (!Number.isFinite(threshold)) return 'its decision has no finite threshold.';
  if (!isText(criterion)) return 'its decision does not say by what criterion its threshold was chosen.';
  if (by !== 'frame' && by !== 'video') return `its decision is by ${JSON.stringify(by)}: frame or video.`;
  if (!Number.isFinite(smallestFace) || (smallestFace as number) <= 0)
    return 'its decision names no smallest face above 0 pixels.';
  return strange(more, 'decision') ?? evidenceFault(evidence);
}

function evidenceFault(value: unknown): string | null {
  if (!isRecord(value)) return 'its decision has no evidence.';
  const { model, scores, data, confidence, bonafide, attacks, ...more } = value;
  if (!isDigest(model) || !isDigest(scores)) return 'the evidence of its decision names no model and scores by their SHA-256.';
  const namesData = isRecord(data) && isText(data['dataset']) && isText(data['protocol']) && isText(data['split']);
  if (!namesData || Object.keys(data).length !== 3) return 'the evidence of its decision does not say what data it is of.';
  if (!isConfidence(confidence)) return 'the evidence of its decision does not say how its intervals were made.';
  if (!isMeasured(bonafide, [])) return 'the evidence of its decision has no errors on bona fide presentations.';
  const areMeasured = Array.isArray(attacks) && attacks.length > 0 && attacks.every((attack) => isMeasured(attack, ['species']));
  const species = areMeasured ? attacks.map((attack: { readonly species?: unknown }) => attack.species) : [];
  if (!areMeasured || !species.every(isText) || new Set(species).size < species.length)
    return 'the evidence of its decision has no errors by attack species.';
  return strange(more, 'evidence');
}

function isConfidence(value: unknown): boolean {
  if (!isRecord(value)) return false;
  const { level, method, subjects, ...more } = value;
  const isLevel = typeof level === 'number' && level > 0 && level < 1;
  return isLevel && isText(method) && (subjects === null || isCount(subjects)) && Object.keys(more).length === 0;
}

function isMeasured(value: unknown, besides: readonly string[]): boolean {
  if (!isRecord(value)) return false;
  const { errors, answered, unanswered, interval, ...more } = value;
  if (![errors, answered, unanswered].every(isCount) || (errors as number) > (answered as number)) return false;
  return isInterval(interval) && Object.keys(more).every((key) => besides.includes(key));
}

function isInterval(value: unknown): boolean {
  if (value === null) return true;
  if (!Array.isArray(value) || value.length !== 2) return false;
  const [low, high] = value as readonly unknown[];
  return typeof low === 'number' && typeof high === 'number' && low >= 0 && low <= high && high <= 1;
}

function strange(more: Readonly<Record<string, unknown>>, where: string): string | null {
  const [key] = Object.keys(more);
  return key === undefined ? null : `its ${where} has an unknown field ${JSON.stringify(key)}.`;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0;
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isDigest(value: unknown): boolean {
  return typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
}
