import path from 'node:path';
import { ConfigError } from '../../errors.js';
import { didYouMean } from '../../nearest.js';
import type { Recipe } from '../recipe.js';
import type { EvidenceTable, TableRow } from './table.js';

/** One row with one seed: a training run in a folder of its own. */
export interface Cell {
  /** Name of the table. */
  readonly table: string;
  readonly row: TableRow;
  readonly seed: number;
  readonly recipe: Recipe;
  readonly folder: string;
  /** Whether the blocks of the trained network are measured too. */
  readonly measuresLinearity: boolean;
}

export interface PlanOptions {
  /** Folder of all tables' runs. */
  readonly out: string;
  /** Where the images lie; null: nothing is to be trained. */
  readonly data: string | null;
  /** Ids of rows, `*` standing for any text; all unless given. */
  readonly rows?: readonly string[] | undefined;
  /** In place of the table's. */
  readonly seeds?: number | undefined;
}

/** The table with another number of epochs, under a name that says so: its results are not the table's own. */
export function withEpochs(table: EvidenceTable, epochs: number): EvidenceTable {
  return {
    ...table,
    name: `${table.name}-epochs${epochs}`,
    title: `${table.title}, in ${epochs} ${epochs === 1 ? 'epoch' : 'epochs'}`,
    caveats: [`Not the table's own budget: every row was trained for ${epochs} epochs.`, ...table.caveats],
    rows: table.rows.map((row) => ({ ...row, recipe: { ...row.recipe, epochs } })),
  };
}

/**
 * The runs that make a table: all rows with the first seed, then all with the next, so that a table that is cut short compares all rows.
 * @throws ConfigError for rows that are not there
 */
export function planOf(table: EvidenceTable, { out, data, rows = ['*'], seeds = table.seeds }: PlanOptions): Cell[] {
  const chosen = chooseRows(table, rows);
  return Array.from({ length: seeds }, (_, seed) => seed).flatMap((seed) =>
    chosen.map((row) => ({
      table: table.name,
      row,
      seed,
      recipe: { ...row.recipe, seed, data: { ...row.recipe.data, source: data } },
      folder: runFolder(out, table.name, row.id, seed),
      measuresLinearity: table.chart === 'linearity',
    })),
  );
}

export function runFolder(out: string, table: string, row: string, seed: number): string {
  return path.join(out, table, `${row}-seed${seed}`);
}

function chooseRows(table: EvidenceTable, patterns: readonly string[]): TableRow[] {
  const ids = table.rows.map(({ id }) => id);
  for (const pattern of patterns) {
    if (ids.some((id) => matches(pattern, id))) continue;
    throw new ConfigError(
      'rows',
      `${table.name} has no row ${pattern}.${didYouMean(pattern, ids)} Its rows: ${ids.join(', ')}; * stands for any text.`,
    );
  }
  return table.rows.filter(({ id }) => patterns.some((pattern) => matches(pattern, id)));
}

function matches(pattern: string, id: string): boolean {
  const source = pattern.split('*').map((part) => part.replaceAll(/[\\^$.|?+()[\]{}]/g, '\\$&'));
  return new RegExp(`^${source.join('.*')}$`).test(id);
}
