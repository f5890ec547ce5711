import { DataError } from '../errors.js';

export interface CsvRow {
  /** Line of the file on which the row starts, from 1. */
  line: number;
  cells: string[];
}

/**
 * Comma-separated values as RFC 4180 has them: cells in double quotes may hold commas, line ends and doubled quotes.
 * Blank lines are left out.
 * @throws DataError with reason `bad-quotes` and the line
 */
export function parseCsv(file: string, text: string): CsvRow[] {
  const rows: CsvRow[] = [];
  let row: CsvRow = { line: 1, cells: [] };
  let cell = '';
  /** Whether nothing but blanks has come of the cell: kept, since looking at all of it for every quote takes the square of its length. */
  let isBlank = true;
  let wasQuoted = false;
  let line = 1;
  let at = text.startsWith('\ufeff') ? 1 : 0;

  const endCell = () => {
    row.cells.push(wasQuoted ? cell : cell.trim());
    cell = '';
    isBlank = true;
    wasQuoted = false;
  };
  const endRow = () => {
    endCell();
    if (row.cells.length > 1 || row.cells[0] !== '') rows.push(row);
    row = { line, cells: [] };
  };

  while (at < text.length) {
    const char = text[at]!;
    if (char === '"' && isBlank && !wasQuoted) {
      const end = closingQuote(text, at + 1);
      if (end < 0) throw new DataError(file, row.line, 'bad-quotes', 'a quote is opened and never closed.');
      cell = text.slice(at + 1, end).replaceAll('""', '"');
      line += cell.split('\n').length - 1;
      wasQuoted = true;
      at = end + 1;
      continue;
    }
    at++;
    if (char === ',') {
      endCell();
    } else if (char === '\n') {
      line++;
      endRow();
    } else if (wasQuoted && char.trim() !== '') {
      throw new DataError(
        file,
        row.line,
        'bad-quotes',
        `"${char}" follows a closing quote; a comma or the line's end is needed.`,
      );
    } else if (!wasQuoted) {
      cell += char;
      isBlank &&= char.trim() === '';
    }
  }
  endRow();
  return rows;
}

/** Position of the quote that ends a quoted cell, -1 when there is none. */
function closingQuote(text: string, from: number): number {
  for (let at = text.indexOf('"', from); at >= 0; at = text.indexOf('"', at + 2)) {
    if (text[at + 1] !== '"') return at;
  }
  return -1;
}

/** A line of such values, its end included. What a reader could take for something else is in quotes. */
export function csvLine(cells: readonly string[]): string {
  return `${cells.map(quoted).join(',')}\n`;
}

/** Readers take off the blanks around what is not in quotes. */
function quoted(cell: string): string {
  return /[",\n\r]/.test(cell) || cell !== cell.trim() ? `"${cell.replaceAll('"', '""')}"` : cell;
}
