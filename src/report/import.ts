import type { WeightsProblem } from '../errors.js';
import { formatCount } from './format.js';
import { renderTable } from './table.js';
import type { TerminalStyle } from './terminal.js';

/** A tensor that was not taken, and why that does no harm. */
interface LeftOver {
  readonly name: string;
  readonly harmless: string | null;
}

/** Rows beyond which a table is no longer read. */
const mostRows = 20;
/** Columns of a tensor's name beside two shapes. */
const nameColumns = 46;
/** Columns of the name that stands for others beside a reason. */
const sampleColumns = 28;

/** Weights that a file lacks, has too many of, or in other shapes: a table of the first, and how many more there are. */
export function formatWeightsProblems(problems: readonly WeightsProblem[], style: TerminalStyle): string {
  const table = renderTable<WeightsProblem>(
    [
      { header: 'tensor', cell: ({ name }) => shortenStart(name, nameColumns), align: 'left' },
      { header: 'in the file', cell: ({ got }) => formatSizes(got, 'missing'), align: 'left' },
      { header: 'needed', cell: ({ needed }) => formatSizes(needed, 'not at all'), align: 'left' },
    ],
    problems.slice(0, mostRows),
    style,
  );
  const rest = problems.length - mostRows;
  return rest > 0 ? `${table}\nand ${formatCount(rest)} more: --json lists all of them.` : table;
}

/** Tensors that were not taken: a row for each reason. */
export function formatLeftOver(leftOver: readonly LeftOver[], style: TerminalStyle): string {
  const reasons = [...new Set(leftOver.map(({ harmless }) => harmless ?? ''))];
  const rows = reasons.map((reason) => ({ reason, tensors: leftOver.filter(({ harmless }) => (harmless ?? '') === reason) }));
  return renderTable(
    [
      { header: 'left over', cell: ({ tensors }) => shortenStart(tensors[0]!.name, sampleColumns), align: 'left' },
      { header: 'tensors', cell: ({ tensors }) => formatCount(tensors.length) },
      { header: 'why it does no harm', cell: ({ reason }) => reason, align: 'left' },
    ],
    rows,
    style,
  );
}

/** `64x3x7x7`; a scalar has no sizes. */
function formatSizes(shape: readonly number[] | null, otherwise: string): string {
  if (!shape) return otherwise;
  return shape.length === 0 ? 'one number' : shape.join('x');
}

/** The text in `width` columns: names of tensors differ at their ends. */
function shortenStart(text: string, width: number): string {
  return text.length <= width ? text : `…${text.slice(text.length - width + 1)}`;
}
