import { type Measured, median, type RoundTime } from './measure.js';

/** One measured figure. */
export interface Result {
  readonly name: string;
  readonly unit: string;
  readonly threads: number;
  readonly better: 'higher' | 'lower';
  /** Median of the rounds; null when what it is compared with could not be measured. */
  readonly ours: number | null;
  readonly lowest: number | null;
  readonly highest: number | null;
  /** The same figure of others, measured in the same run; null for those that could not be. */
  readonly peers: Readonly<Record<string, number | null>>;
  /** Why a peer has no figure. */
  readonly absent: Readonly<Record<string, string>>;
  /** What `ours` has to reach, in the same unit: at least, or at most where lower is better. */
  readonly reach: number | null;
  readonly met: boolean | null;
}

export type Peers = Readonly<Record<string, Measured>>;

interface Row {
  readonly name: string;
  readonly unit: string;
  readonly threads: number;
  /** `higher` unless given. */
  readonly better?: 'higher' | 'lower';
  readonly reach?: number | null;
  readonly peers?: Peers;
}

/** The figure that `value` makes of each round of ours, and of each peer's. */
export function figure(row: Row, ours: Measured, value: (round: RoundTime) => number): Result {
  const of = (measured: Measured) => measured.rounds.map(value);
  const peers = Object.entries(row.peers ?? {});
  return result(row, of(ours), {
    peers: Object.fromEntries(peers.map(([name, peer]) => [name, peer.rounds.length > 0 ? median(of(peer)) : null])),
    absent: reasons(peers),
  });
}

/** How many times as long ours takes as `other`, round by round. */
export function timeRatio(row: Omit<Row, 'unit' | 'peers'>, ours: Measured, other: Measured): Result {
  return result({ ...row, unit: 'x' }, ratios(ours, other), {
    absent: reasons([
      ['', ours],
      ['', other],
    ]),
  });
}

/** How many times as fast as `other` ours is, round by round. */
export function speedRatio(row: Omit<Row, 'unit' | 'peers'>, ours: Measured, other: Measured): Result {
  return timeRatio(row, other, ours);
}

/** Of the times of two subjects, for every round that both took part in. */
export function ratios(above: Measured, below: Measured): number[] {
  const pairs = Math.min(above.rounds.length, below.rounds.length);
  return Array.from({ length: pairs }, (_, i) => above.rounds[i]!.seconds / below.rounds[i]!.seconds);
}

/** Figures that were not made of times: one a round, or one in all. */
export function result(
  { name, unit, threads, better = 'higher', reach = null }: Row,
  values: readonly number[],
  { peers = {}, absent = {} }: Partial<Pick<Result, 'peers' | 'absent'>> = {},
): Result {
  const ours = values.length > 0 ? median(values) : null;
  const isMet = (value: number, bound: number) => (better === 'higher' ? value >= bound : value <= bound);
  return {
    name,
    unit,
    threads,
    better,
    ours,
    lowest: ours === null ? null : Math.min(...values),
    highest: ours === null ? null : Math.max(...values),
    peers,
    absent,
    reach,
    met: reach === null || ours === null ? null : isMet(ours, reach),
  };
}

function reasons(peers: readonly (readonly [string, Measured])[]): Record<string, string> {
  return Object.fromEntries(peers.flatMap(([name, { absent }]) => (absent === null ? [] : [[name, absent]])));
}
