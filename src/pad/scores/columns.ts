import type { CsvRow } from '../../data/csv.js';
import { DataError } from '../../errors.js';

/** Where what stands in a row; null for a column that is not there. */
export interface ScoreColumns {
  readonly claimedId: number | null;
  readonly testLabel: number | null;
  readonly isBonafide: number;
  readonly attackType: number;
  readonly sampleN: number | null;
  readonly score: number;
  readonly extra: readonly { readonly name: string; readonly at: number }[];
}

/** Names under which a column is known, case aside; the first is ours. */
const names = {
  claimedId: ['claimed_id'],
  testLabel: ['test_label'],
  isBonafide: ['is_bonafide', 'is_bona_fide', 'is_live', 'is_real'],
  attackType: ['attack_type', 'pai_species', 'species'],
  sampleN: ['sample_n'],
  score: ['score'],
} as const;

/** Whether a column of this name says one of these things. */
export function isScoreColumn(name: string): boolean {
  return Object.values(names).some((known: readonly string[]) => known.includes(name.toLowerCase()));
}

/** @throws DataError with reason `no-header`, `no-column` or `duplicate-column` */
export function columnsOf(file: string, { line, cells }: CsvRow): ScoreColumns {
  const heads = cells.map((cell) => cell.toLowerCase());
  const repeated = heads.find((head, i) => heads.indexOf(head) !== i);
  if (repeated !== undefined) {
    throw new DataError(file, line, 'duplicate-column', `the header names "${repeated}" twice.`);
  }
  const find = (known: readonly string[]): number | null => {
    const found = known.filter((name) => heads.includes(name));
    if (found.length > 1) throw new DataError(file, line, 'duplicate-column', `the columns ${found.join(' and ')} say the same.`);
    return found[0] === undefined ? null : heads.indexOf(found[0]);
  };
  const isBonafide = find(names.isBonafide);
  const attackType = find(names.attackType);
  const score = find(names.score);
  if (isBonafide === null || attackType === null || score === null)
    throw missing(file, line, heads, { isBonafide, attackType, score });
  const own = {
    claimedId: find(names.claimedId),
    testLabel: find(names.testLabel),
    isBonafide,
    attackType,
    sampleN: find(names.sampleN),
    score,
  };
  const used = new Set<number | null>(Object.values(own));
  return { ...own, extra: cells.map((name, at) => ({ name, at })).filter(({ at }) => !used.has(at)) };
}

function missing(
  file: string,
  line: number,
  heads: readonly string[],
  found: { readonly isBonafide: number | null; readonly attackType: number | null; readonly score: number | null },
): DataError {
  const absent = Object.entries(found).flatMap(([key, at]) => (at === null ? names[key as keyof typeof names][0] : []));
  if (absent.length === 3) {
    const detail =
      'the first line names no column of a score file: claimed_id,test_label,is_bonafide,attack_type,sample_n,score.';
    return new DataError(file, line, 'no-header', detail);
  }
  const advice =
    found.isBonafide === null && heads.includes('label')
      ? ' A "label" of 1 is a live face in some data sets and an attack in others: is_bonafide says which.'
      : '';
  return new DataError(file, line, 'no-column', `the header does not name ${absent.join(', ')}.${advice}`);
}
