import path from 'node:path';
import { DataError } from '../errors.js';
import { type CsvRow, parseCsv } from './csv.js';
import { readText } from './files.js';
import { type ImageOptions, type ImageSource, type ListedImage, openImages } from './images.js';
import { Problems } from './source.js';

export interface ManifestOptions extends ImageOptions {
  /** For messages and reports; the path by default. */
  name?: string;
  /**
   * Class names in the order of the labels; the manifest may then use names or numbers. By default every label in the
   * manifest is a name, and the names are sorted (numbers by value).
   */
  classes?: readonly string[];
  /** Take only the rows whose `split` column says so; a manifest without that column is taken whole. */
  split?: 'train' | 'test';
  /** A manifest without that column, or without rows for `split`, has no such split: `no-split` in place of all of it. */
  expectSplit?: boolean;
}

const headings = {
  path: ['path', 'file', 'filename', 'image'],
  label: ['label', 'class'],
  split: ['split'],
};

/** What the `split` column may say for each split. */
const splitNames = { train: ['train', 'training'], test: ['test', 'testing', 'val', 'valid', 'validation'] };

/**
 * A source from a CSV file that lists pictures and labels: two columns, or any with a header that names `path` and `label`
 * (and perhaps `split`). Paths are relative to the manifest's folder.
 * @throws DataError with the manifest and the line, and reason `not-found`, `too-large`, `bad-quotes`, `bad-row`,
 *   `unknown-label`, `label-out-of-range`, `no-split` or `empty`; and as `openImages` does, with the picture's path and the line
 */
export async function openManifest(file: string, options: ManifestOptions = {}): Promise<ImageSource> {
  const problems = new Problems(options.skipBad ?? false);
  const table = await readTable(file, problems);
  if (options.split && options.expectSplit && !table.some((row) => row.split !== null && isFor(row, options.split!))) {
    const detail = `no row is for "${options.split}": a column "split" that says train or test tells rows apart.`;
    throw new DataError(file, null, 'no-split', detail);
  }
  const classes = options.classes ?? namesIn(table);
  const folder = path.dirname(file);
  const images: ListedImage[] = [];
  for (const row of table) {
    if (options.split && !isFor(row, options.split)) continue;
    const label = labelOf(file, row, classes);
    if (label instanceof DataError) problems.report(label);
    else images.push({ file: path.resolve(folder, row.path), label, record: row.line });
  }
  if (images.length === 0) {
    throw new DataError(file, null, 'empty', `it has no usable row${options.split ? ` for the split "${options.split}"` : ''}.`);
  }
  return openImages(options.name ?? file, classes, images, options, problems);
}

/** The classes of a manifest as {@link openManifest} sees them. */
export async function classesInManifest(file: string): Promise<string[]> {
  return namesIn(await readTable(file, new Problems(true)));
}

interface TableRow {
  line: number;
  path: string;
  label: string;
  split: string | null;
}

function isFor({ split }: TableRow, wanted: 'train' | 'test'): boolean {
  return split === null || splitNames[wanted].includes(split);
}

async function readTable(file: string, problems: Problems): Promise<TableRow[]> {
  const rows = parseCsv(file, await readText(file));
  const columns = findColumns(rows[0]);
  const table: TableRow[] = [];
  for (const { line, cells } of columns.hasHeader ? rows.slice(1) : rows) {
    const [picture, label] = [cells[columns.path], cells[columns.label]];
    if (!picture || !label) {
      const detail = `a path and a label are needed, got ${JSON.stringify(cells.join(','))}.`;
      problems.report(new DataError(file, line, 'bad-row', detail));
      continue;
    }
    table.push({ line, path: picture, label, split: columns.split < 0 ? null : (cells[columns.split] ?? '').toLowerCase() });
  }
  return table;
}

function findColumns(first: CsvRow | undefined): { path: number; label: number; split: number; hasHeader: boolean } {
  const names = first?.cells.map((cell) => cell.toLowerCase()) ?? [];
  const find = (accepted: string[]) => names.findIndex((name) => accepted.includes(name));
  const found = { path: find(headings.path), label: find(headings.label), split: find(headings.split) };
  if (found.path >= 0 && found.label >= 0) return { ...found, hasHeader: true };
  return { path: 0, label: 1, split: -1, hasHeader: false };
}

function labelOf(file: string, row: TableRow, classes: readonly string[]): number | DataError {
  const named = classes.indexOf(row.label);
  if (named >= 0) return named;
  if (!/^-?\d+$/.test(row.label)) {
    return new DataError(file, row.line, 'unknown-label', `"${row.label}" is not one of the classes (${classes.join(', ')}).`);
  }
  const number = Number(row.label);
  if (number >= 0 && number < classes.length) return number;
  const detail = `label ${row.label} is out of range: there are ${classes.length} classes.`;
  return new DataError(file, row.line, 'label-out-of-range', detail);
}

function namesIn(table: readonly TableRow[]): string[] {
  const names = [...new Set(table.map((row) => row.label))];
  if (names.every((name) => /^\d+$/.test(name))) return names.sort((a, b) => Number(a) - Number(b));
  return names.sort();
}
