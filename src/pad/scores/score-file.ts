import { constants } from 'node:buffer';
import { createHash } from 'node:crypto';
import { type CsvRow, csvLine, parseCsv } from '../../data/csv.js';
import { readBytes } from '../../data/files.js';
import { DataError } from '../../errors.js';
import { writeFileAtomic } from '../../formats/file.js';
import { columnsOf, type ScoreColumns } from './columns.js';

/** What a detector said of one presentation. */
export interface DetectorScore {
  /** Whose presentation it is, or whose face is imitated; empty when that is not known. */
  readonly claimedId: string;
  /** What was presented: a file, a video; may be empty. */
  readonly testLabel: string;
  /** Attack instrument species, such as print or replay; null for a bona fide presentation. */
  readonly attackType: string | null;
  /** Number of the sample in what was presented: a frame of a video; may be empty. */
  readonly sampleN: string;
  /** Higher is more bona fide; NaN is a failure to acquire: no answer. */
  readonly score: number;
  /** Further columns by name. */
  readonly extra: Readonly<Record<string, string>>;
}

export interface ScoreFile {
  readonly file: string;
  /** Of the file, in hexadecimal digits. */
  readonly sha256: string;
  /** Names of the further columns. */
  readonly extraColumns: readonly string[];
  readonly scores: readonly DetectorScore[];
}

/**
 * Reads the scores of any detector: a CSV file with a header, or lines of four or five words as Bob wrote them once; docs/pad-evaluation.md
 * has both forms.
 * @throws DataError with the line, and reason `not-found`, `unreadable`, `too-large`, `empty`, `no-header`, `no-column`,
 *   `duplicate-column`, `bad-quotes`, `bad-row`, `bad-label`, `no-species`, `contradiction`, `bad-score` or `duplicate`
 */
export async function readScores(file: string): Promise<ScoreFile> {
  return parseScores(file, await readBytes(file));
}

/** As {@link readScores}, of what stands in a file; `file` is for messages. */
export function parseScores(file: string, bytes: Buffer): ScoreFile {
  if (bytes.length > constants.MAX_STRING_LENGTH) {
    const detail = `has ${bytes.length} bytes; scores of up to ${constants.MAX_STRING_LENGTH} can be read.`;
    throw new DataError(file, null, 'too-large', detail);
  }
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const text = bytes.toString('utf8');
  const { columns, rows } = isWords(text) ? wordRows(file, text) : csvRows(file, text);
  if (rows.length === 0) throw new DataError(file, null, 'empty', 'there is no score in it.');
  const seen = new Map<string, number>();
  const scores = rows.map((row) => {
    const score = readRow(file, row, columns);
    if (score.testLabel !== '') {
      const key = JSON.stringify([score.claimedId, score.testLabel, score.sampleN]);
      const earlier = seen.get(key);
      if (earlier !== undefined) {
        const detail = `it is the sample of line ${earlier} again (claimed_id, test_label and sample_n are the same): it would count twice.`;
        throw new DataError(file, row.line, 'duplicate', detail);
      }
      seen.set(key, row.line);
    }
    return score;
  });
  return { file, sha256, extraColumns: columns.extra.map(({ name }) => name), scores };
}

/** Writes scores so that `readScores` gives them back; all have the same further columns. @throws FormatError with reason `not-writable` */
export async function writeScores(file: string, scores: readonly DetectorScore[]): Promise<void> {
  const extra = Object.keys(scores[0]?.extra ?? {});
  const header = ['claimed_id', 'test_label', 'is_bonafide', 'attack_type', 'sample_n', 'score', ...extra];
  const rows = scores.map((score) => [
    score.claimedId,
    score.testLabel,
    score.attackType === null ? 'true' : 'false',
    score.attackType ?? '',
    score.sampleN,
    formatScore(score.score),
    ...extra.map((name) => score.extra[name] ?? ''),
  ]);
  const text = [header, ...rows].map(csvLine).join('');
  await writeFileAtomic(file, Buffer.from(text));
}

function formatScore(score: number): string {
  if (Number.isNaN(score)) return 'nan';
  return Number.isFinite(score) ? String(score) : score > 0 ? 'inf' : '-inf';
}

interface Rows {
  readonly columns: ScoreColumns;
  readonly rows: readonly CsvRow[];
}

function csvRows(file: string, text: string): Rows {
  const [header, ...rows] = parseCsv(file, text);
  if (!header) throw new DataError(file, null, 'empty', 'there is nothing in it.');
  const columns = columnsOf(file, header);
  for (const { line, cells } of rows) {
    if (cells.length === header.cells.length) continue;
    const detail = `got ${cells.length} cells, needs ${header.cells.length} as the header has.`;
    throw new DataError(file, line, 'bad-row', detail);
  }
  return { columns, rows };
}

/** Four or five words a line, without a comma: `claimed_id [model] real_id test_label score`. */
function isWords(text: string): boolean {
  const first = text.split('\n', 1)[0]!;
  const words = first.trim().split(/\s+/);
  return !first.includes(',') && (words.length === 4 || words.length === 5) && parseScore(words.at(-1)!) !== null;
}

/** A presentation is bona fide when whoever was there is who was claimed; otherwise `real_id` names the attack. */
function wordRows(file: string, text: string): Rows {
  const columns: ScoreColumns = { claimedId: 0, testLabel: 1, isBonafide: 2, attackType: 3, sampleN: null, score: 4, extra: [] };
  const rows: CsvRow[] = [];
  let width = 0;
  for (const [i, line] of text.split('\n').entries()) {
    const words = line.trim().split(/\s+/);
    if (words[0] === '') continue;
    width ||= words.length;
    if (words.length !== width) {
      throw new DataError(file, i + 1, 'bad-row', `got ${words.length} words, needs ${width} as the first line has.`);
    }
    const [claimed, real, label, score] = [words[0]!, words.at(-3)!, words.at(-2)!, words.at(-1)!];
    const isBonafide = claimed === real;
    rows.push({ line: i + 1, cells: [claimed, label, String(isBonafide), isBonafide ? '' : real, score] });
  }
  return { columns, rows };
}

const yes = ['true', '1', 'yes'];
const no = ['false', '0', 'no'];
/** What is written for the species of a presentation that is no attack. */
const noSpecies = ['', '-', 'none', 'null', 'nan', 'n/a', 'bonafide', 'bona_fide', 'bona fide', 'live', 'real'];

function readRow(file: string, { line, cells }: CsvRow, columns: ScoreColumns): DetectorScore {
  const cell = (column: number | null) => (column === null ? '' : cells[column]!);
  const label = cell(columns.isBonafide).toLowerCase();
  const type = cell(columns.attackType);
  const isBonafide = yes.includes(label);
  const hasSpecies = !noSpecies.includes(type.toLowerCase());
  const refuse = (reason: string, detail: string) => new DataError(file, line, reason, detail);
  if (!isBonafide && !no.includes(label)) {
    throw refuse('bad-label', `is_bonafide is "${label}", needs true or false (or 1, 0, yes, no).`);
  }
  if (isBonafide && hasSpecies) {
    throw refuse(
      'contradiction',
      `it is bona fide, and an attack of type "${type}". Leave attack_type empty, or say is_bonafide false.`,
    );
  }
  if (!isBonafide && !hasSpecies) {
    throw refuse(
      'no-species',
      'it is an attack without attack_type: errors are counted by species. Where that is not known, write "unknown".',
    );
  }
  const score = parseScore(cell(columns.score));
  if (score === null) {
    throw refuse(
      'bad-score',
      `the score is "${cell(columns.score)}", needs a number, inf, -inf, or nan for a failure to acquire.`,
    );
  }
  return {
    claimedId: cell(columns.claimedId),
    testLabel: cell(columns.testLabel),
    attackType: isBonafide ? null : type,
    sampleN: cell(columns.sampleN),
    score,
    extra: Object.fromEntries(columns.extra.map(({ name, at }) => [name, cells[at]!])),
  };
}

/** Null for what is no score, and for a finite number that is too large to be one here. */
function parseScore(text: string): number | null {
  const word = /^([+-]?)(?:(inf|infinity)|nan)$/i.exec(text);
  if (word) return word[2] ? (word[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY) : Number.NaN;
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) return null;
  const value = Number(text);
  return Number.isFinite(value) ? value : null;
}
