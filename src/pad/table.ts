import { parseCsv } from '../data/csv.js';
import { DataError } from '../errors.js';
import { didYouMean } from '../nearest.js';

/** A row of a CSV file by the names of its header. */
export interface TableRow {
  /** Line of the file, from 1. */
  readonly line: number;
  /** By column, in lower case; '' for an empty cell. */
  readonly cells: Readonly<Record<string, string>>;
}

/**
 * The rows of a CSV file with a header. `optional` null means that any further column is welcome.
 * @throws DataError with the file, the line, and reason `bad-quotes`, `empty`, `missing-column`, `unknown-column`, `duplicate-column` or
 *   `bad-row`
 */
export function parseTable(
  file: string,
  text: string,
  required: readonly string[],
  optional: readonly string[] | null,
): { readonly columns: readonly string[]; readonly rows: readonly TableRow[] } {
  const [header, ...rest] = parseCsv(file, text);
  if (!header) throw new DataError(file, null, 'empty', `it has no header; needs the columns ${required.join(', ')}.`);
  const columns = header.cells.map((cell) => cell.trim().toLowerCase());
  const missing = required.filter((name) => !columns.includes(name));
  if (missing.length > 0) {
    const detail = `the header has no column ${missing.join(', ')}; it has ${columns.join(', ')}.`;
    throw new DataError(file, header.line, 'missing-column', detail);
  }
  for (const [i, name] of columns.entries()) {
    if (columns.indexOf(name) !== i)
      throw new DataError(file, header.line, 'duplicate-column', `the column "${name}" stands there twice.`);
    if (optional === null || required.includes(name) || optional.includes(name)) continue;
    const known = [...required, ...optional];
    const detail = `the column "${name}" is not known.${didYouMean(name, known)} Known: ${known.join(', ')}.`;
    throw new DataError(file, header.line, 'unknown-column', detail);
  }
  const rows = rest.map(({ line, cells }) => {
    if (cells.length !== columns.length) {
      throw new DataError(file, line, 'bad-row', `got ${cells.length} cells, the header has ${columns.length}.`);
    }
    return { line, cells: Object.fromEntries(columns.map((name, i) => [name, cells[i]!.trim()])) };
  });
  return { columns, rows };
}
