import { execFileSync } from 'node:child_process';
import os from 'node:os';

/** One measured figure. */
export interface Result {
  readonly name: string;
  readonly unit: string;
  /** Median of the rounds. */
  readonly ours: number;
  readonly lowest: number;
  readonly highest: number;
  /** The same figure of others, measured in the same run. */
  readonly peers: Readonly<Record<string, number>>;
  readonly reach: number | null;
  readonly met: boolean | null;
}

export interface Report {
  readonly command: string;
  readonly machine: string;
  readonly processors: number;
  readonly node: string;
  readonly commit: string;
  readonly date: string;
  readonly results: readonly Result[];
}

/** Seconds of one call of `body`, for each of `rounds` rounds that last at least `seconds` each; a warm-up goes before. */
export function time(body: () => void, { rounds = 7, seconds = 0.3 } = {}): number[] {
  const calls = callsFor(body, seconds);
  return Array.from({ length: rounds }, () => {
    const start = performance.now();
    for (let i = 0; i < calls; i++) body();
    return (performance.now() - start) / 1000 / calls;
  });
}

/** Runs `body` until its code is warm and tells how many calls fill `seconds`. */
function callsFor(body: () => void, seconds: number): number {
  const start = performance.now();
  let calls = 0;
  while (performance.now() - start < 1000 * seconds || calls < 2) {
    body();
    calls++;
  }
  return Math.max(1, Math.round((calls * seconds * 1000) / (performance.now() - start)));
}

/** A rate (work a second) from times a call; `pytorch` is its rate in the same run, where it was measured. */
export function rate(
  name: string,
  unit: string,
  workPerCall: number,
  times: readonly number[],
  { reach = null, pytorch }: { reach?: number | null; pytorch?: number | undefined } = {},
): Result {
  const rates = times.map((seconds) => workPerCall / seconds).sort((a, b) => a - b);
  const ours = rates[Math.floor(rates.length / 2)]!;
  return {
    name,
    unit,
    ours,
    lowest: rates[0]!,
    highest: rates.at(-1)!,
    peers: pytorch === undefined ? {} : { pytorch },
    reach,
    met: reach === null ? null : ours >= reach,
  };
}

export function report(command: string, results: readonly Result[]): Report {
  return {
    command,
    machine: os.cpus()[0]?.model.trim() ?? 'unknown',
    processors: os.availableParallelism(),
    node: process.versions.node,
    commit: commit(),
    date: new Date().toISOString().slice(0, 10),
    results,
  };
}

function commit(): string {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return 'unknown';
  }
}

export function print(result: Result): void {
  const number = (value: number) => value.toPrecision(3).padStart(8);
  const verdict = result.reach === null ? '' : `  ${result.met ? 'reaches' : 'MISSES'} ${result.reach}`;
  const { pytorch } = result.peers;
  const ratio = pytorch === undefined ? '' : `  ${(result.ours / pytorch).toFixed(2)} of PyTorch's ${number(pytorch).trim()}`;
  const spread = `(${number(result.lowest).trim()} to ${number(result.highest).trim()})`;
  console.log(`${result.name.padEnd(52)}${number(result.ours)} ${result.unit.padEnd(9)} ${spread}${ratio}${verdict}`);
}
