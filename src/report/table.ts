import { paintFor, printable, shorten, type TerminalStyle, visibleWidth } from './terminal.js';

export interface Column<Row> {
  /** One or more lines; the last stands next to the rows. */
  readonly header: string | readonly string[];
  readonly cell: (row: Row) => string;
  /** Numbers to the right (default), words to the left. */
  readonly align?: 'left' | 'right';
  /** Columns to keep at least free for cells that come later, when rows are printed one by one. */
  readonly minimum?: number;
  /** Dropped before those of a higher rank when the line is too narrow; columns without one stay. */
  readonly rank?: number;
}

const gap = '  ';

/** A table whose columns are known before its rows are, so that rows can be printed as they come. */
export class Table<Row> {
  private readonly columns: readonly {
    readonly column: Column<Row>;
    readonly header: readonly string[];
    readonly width: number;
  }[];

  constructor(
    columns: readonly Column<Row>[],
    private readonly style: TerminalStyle,
    /** Rows that are known already: columns grow to hold them. */
    rows: readonly Row[] = [],
  ) {
    let measured = columns.map((column) => {
      const header = typeof column.header === 'string' ? [column.header] : column.header;
      const cells = rows.map((row) => visibleWidth(printable(column.cell(row))));
      return { column, header, width: Math.max(column.minimum ?? 0, ...header.map(visibleWidth), ...cells) };
    });
    const total = () => measured.reduce((sum, { width }) => sum + width + gap.length, -gap.length);
    for (;;) {
      const droppable = measured.filter(({ column }) => column.rank !== undefined);
      if (total() <= style.width || droppable.length === 0) break;
      const lowest = droppable.reduce((a, b) => (b.column.rank! < a.column.rank! ? b : a));
      measured = measured.filter((entry) => entry !== lowest);
    }
    const overhang = total() - style.width;
    this.columns = measured.map((entry, i) =>
      i === 0 && overhang > 0 ? { ...entry, width: Math.max(4, entry.width - overhang) } : entry,
    );
  }

  header(): string {
    const paint = paintFor(this.style.color);
    const lines = Math.max(...this.columns.map(({ header }) => header.length));
    return Array.from({ length: lines }, (_, line) =>
      paint.bold(this.line(this.columns.map(({ header }) => header[line - lines + header.length] ?? ''))),
    ).join('\n');
  }

  row(row: Row): string {
    return this.line(this.columns.map(({ column }) => printable(column.cell(row))));
  }

  private line(cells: readonly string[]): string {
    return cells
      .map((cell, i) => {
        const { column, width } = this.columns[i]!;
        const text = shorten(cell, width);
        const space = ' '.repeat(width - visibleWidth(text));
        return column.align === 'left' ? text + space : space + text;
      })
      .join(gap)
      .trimEnd();
  }
}

/** Header and rows of a table that is complete. */
export function renderTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[], style: TerminalStyle): string {
  const table = new Table(columns, style, rows);
  return [table.header(), ...rows.map((row) => table.row(row))].join('\n');
}
