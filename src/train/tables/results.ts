import fs from 'node:fs';
import path from 'node:path';
import { ConfigError } from '../../errors.js';
import { writeFileAtomic } from '../../formats/file.js';
import { readLog } from '../log.js';
import { planOf, runFolder } from './plan.js';
import type { CellResult } from './result.js';
import { finishedResult } from './run-cell.js';
import type { EvidenceTable, TableRow } from './table.js';

/** A row with what is finished of it. */
export interface RowResults {
  readonly row: TableRow;
  /** By seed; none while no run of the row is finished. */
  readonly results: readonly CellResult[];
}

/**
 * All finished runs of a table in `out`, in the order of its rows: those of other seeds than the table's too.
 * @throws ConfigError when one of them is of another recipe than the table's
 */
export async function collectResults(table: EvidenceTable, out: string): Promise<RowResults[]> {
  return Promise.all(
    table.rows.map(async (row) => {
      const seeds = Math.max(table.seeds, 1 + highestSeed(table.name, row.id, out));
      const cells = planOf(table, { out, data: null, rows: [row.id], seeds });
      const results = await Promise.all(cells.map(finishedResult));
      return { row, results: results.filter((result) => result !== null) };
    }),
  );
}

/** -1 where there is no run of the row. */
function highestSeed(table: string, row: string, out: string): number {
  const folder = path.dirname(runFolder(out, table, row, 0));
  const names = fs.existsSync(folder) ? fs.readdirSync(folder) : [];
  const seeds = names.flatMap((name) => {
    const seed = name.startsWith(`${row}-seed`) ? name.slice(row.length + 5) : '';
    return /^\d{1,3}$/.test(seed) ? [Number(seed)] : [];
  });
  return Math.max(-1, ...seeds);
}

export interface Statistics {
  readonly mean: number;
  readonly lowest: number;
  readonly highest: number;
}

/** Null for no numbers. */
export function statistics(values: readonly number[]): Statistics | null {
  if (values.length === 0) return null;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return { mean, lowest: Math.min(...values), highest: Math.max(...values) };
}

/** How linear the blocks of a run are, on average; null where that was not measured. */
export function meanLinearity({ linearity }: CellResult): { readonly branch: number; readonly output: number } | null {
  if (linearity.length === 0) return null;
  const mean = (part: 'branch' | 'output') => linearity.reduce((sum, block) => sum + block[part], 0) / linearity.length;
  return { branch: mean('branch'), output: mean('output') };
}

const columns: readonly (readonly [header: string, cell: (result: CellResult) => string | number])[] = [
  ['table', ({ table }) => table],
  ['row', ({ row }) => row],
  ['recipe', ({ recipe }) => recipe],
  ['seed', ({ seed }) => seed],
  ['epochs', ({ epochs }) => epochs],
  ['images', ({ images }) => images],
  ['best_epoch', ({ bestEpoch }) => bestEpoch],
  ['parameters', ({ parameters }) => parameters],
  ['macs', ({ macs }) => macs],
  ['bops', ({ bops }) => bops],
  ['ops', ({ ops }) => ops],
  ['top1_validation', ({ top1Validation }) => top1Validation?.toFixed(4) ?? ''],
  ['top1_test', ({ top1Test }) => top1Test.toFixed(4)],
  ['seconds', ({ seconds }) => seconds.toFixed(1)],
  ['images_per_second', ({ imagesPerSecond }) => imagesPerSecond.toFixed(1)],
  ['commit', ({ commit }) => commit],
];

/** A line a finished run. */
export function resultsCsv(rows: readonly RowResults[]): string {
  return csv(
    columns.map(([header]) => header),
    rows.flatMap(({ results }) => results.map((result) => columns.map(([, cell]) => cell(result)))),
  );
}

/** A line a block of a finished run; null where no block was measured. */
export function linearityCsv(rows: readonly RowResults[]): string | null {
  const lines = rows.flatMap(({ results }) =>
    results.flatMap(({ table, row, seed, linearity }) =>
      linearity.map(({ block, branch, output }) => [table, row, seed, block, branch.toFixed(4), output.toFixed(4)]),
    ),
  );
  return lines.length === 0 ? null : csv(['table', 'row', 'seed', 'block', 'linear_share_branch', 'linear_share_output'], lines);
}

/** Names of rows and recipes have no commas and no quotes. */
function csv(headers: readonly string[], lines: readonly (readonly (string | number)[])[]): string {
  return `${[headers, ...lines].map((cells) => cells.join(',')).join('\n')}\n`;
}

/**
 * Writes what is finished of a table to `folder`: TABLE.csv, TABLE-linearity.csv where that was measured, and the epochs of each run
 * in logs/TABLE. Files appear as a whole. Returns the files that hold tables.
 */
export async function writeResults(
  table: EvidenceTable,
  rows: readonly RowResults[],
  { out, folder }: { readonly out: string; readonly folder: string },
): Promise<string[]> {
  const logs = path.join(folder, 'logs', table.name);
  makeFolder(logs);
  for (const { row, results } of rows) {
    for (const { seed } of results) {
      const epochs = readLog(path.join(runFolder(out, table.name, row.id, seed), 'log.jsonl')).filter(
        ({ kind }) => kind === 'epoch',
      );
      const text = epochs.map((line) => `${JSON.stringify(line)}\n`).join('');
      await writeFileAtomic(path.join(logs, `${row.id}-seed${seed}.jsonl`), Buffer.from(text));
    }
  }
  const documents = { [`${table.name}.csv`]: resultsCsv(rows), [`${table.name}-linearity.csv`]: linearityCsv(rows) };
  const written: string[] = [];
  for (const [name, text] of Object.entries(documents)) {
    if (text === null) continue;
    const file = path.join(folder, name);
    await writeFileAtomic(file, Buffer.from(text));
    written.push(file);
  }
  return written;
}

function makeFolder(folder: string): void {
  try {
    fs.mkdirSync(folder, { recursive: true });
  } catch (cause) {
    throw new ConfigError('results', `the folder ${folder} cannot be made (${(cause as Error).message}).`, { cause });
  }
}
