import { csvLine } from '../data/csv.js';
import type { Run } from './run.js';
import type { ResultStore, TaskFailure, TaskResult } from './store.js';
import type { SweepRun } from './sweep.js';

/** Where a task stands. */
export interface CollectedRun<R extends Run = SweepRun> {
  readonly run: R;
  readonly result: TaskResult | null;
  readonly failure: TaskFailure | null;
}

/** Where all tasks stand, whoever did them. @throws FormatError for a result that was tampered with */
export async function collect<R extends Run>(runs: readonly R[], store: ResultStore): Promise<readonly CollectedRun<R>[]> {
  return Promise.all(
    runs.map(async (run) => {
      const result = await store.result(run.id);
      return { run, result, failure: result ? null : await store.failure(run.id) };
    }),
  );
}

/** A line a run: id, seed, fold, what was set, measures; runs that are not finished have no measures. */
export function collectedCsv(collected: readonly CollectedRun[]): string {
  const keys = columnsOf(collected, ({ run }) => run.settings);
  const measures = columnsOf(collected, ({ result }) => result?.measures ?? {});
  const rows = collected.map(({ run, result, failure }) => [
    run.id,
    String(run.order.task.seed),
    run.order.task.fold ?? '',
    ...keys.map((key) => cellText(run.settings[key])),
    result ? 'done' : failure ? 'failed' : 'missing',
    ...measures.map((measure) => cellText(result?.measures[measure])),
  ]);
  return [['id', 'seed', 'fold', ...keys, 'state', ...measures], ...rows].map(csvLine).join('');
}

function columnsOf(collected: readonly CollectedRun[], of: (run: CollectedRun) => Readonly<Record<string, unknown>>): string[] {
  return [...new Set(collected.flatMap((run) => Object.keys(of(run))))];
}

/** A value in a cell of a CSV file; empty for none. */
export function cellText(value: unknown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
