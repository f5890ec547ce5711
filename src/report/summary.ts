import { frozenBytes } from '../metrics/cost.js';
import { isElementwise, type Summary, type SummaryRow } from '../metrics/summary.js';
import { formatBytes, formatCount, formatShort } from './format.js';
import { type Column, renderTable } from './table.js';
import { paintFor, type TerminalStyle } from './terminal.js';

export interface SummaryStyle extends TerminalStyle {
  /** List batch norms, activations and the like too. */
  readonly all?: boolean;
}

/** A summary as text: a line a layer, then the totals. Columns that the width has no room for, or that hold nothing, are left out. */
export function formatSummary(summary: Summary, style: SummaryStyle): string {
  const { model, input, output, rows, totals } = summary;
  const shown = style.all ? rows : rows.filter((row) => !isElementwise(row));
  return [
    paintFor(style.color).bold(`${model}: ${input.join('x')} to ${output.join('x')}`),
    '',
    renderTable(columnsFor(totals.binaryMacs > 0), shown, style),
    ...hiddenLine(rows.filter((row) => !shown.includes(row))),
    '',
    ...totalLines(summary),
  ].join('\n');
}

function columnsFor(binary: boolean): Column<SummaryRow>[] {
  const columns: (Column<SummaryRow> | null)[] = [
    { header: 'layer', cell: ({ layer }) => layer, align: 'left' },
    { header: 'output', cell: ({ output }) => output.join('x') },
    binary ? { header: ['1-bit', 'params'], cell: ({ binaryParameters }) => some(binaryParameters) } : null,
    { header: binary ? ['32-bit', 'params'] : 'params', cell: ({ realParameters }) => some(realParameters) },
    binary ? { header: ['1-bit', 'MACs'], cell: ({ binaryMacs }) => some(binaryMacs) } : null,
    { header: binary ? ['real', 'MACs'] : 'MACs', cell: ({ macs }) => some(macs) },
    { header: ['weight', 'memory'], cell: ({ weightBytes }) => (weightBytes === 0 ? '' : formatBytes(weightBytes)), rank: 2 },
    { header: ['output', 'memory'], cell: ({ outputBytes }) => formatBytes(outputBytes), rank: 1 },
  ];
  return columns.filter((column) => column !== null);
}

function some(count: number): string {
  return count === 0 ? '' : formatShort(count);
}

function hiddenLine(hidden: readonly SummaryRow[]): string[] {
  if (hidden.length === 0) return [];
  const parameters = hidden.reduce((sum, row) => sum + row.binaryParameters + row.realParameters, 0);
  return [`and ${hidden.length} that multiply nothing (norms, activations, pools), ${formatCount(parameters)} parameters`];
}

function totalLines({ totals }: Summary): string[] {
  const { binaryParameters, realParameters, parameters, macs, binaryMacs, operations, weightBytes, largestOutputBytes } = totals;
  const floatBytes = frozenBytes({ binary: 0, real: parameters });
  const binary = binaryMacs > 0;
  const facts: [string, string][] = [
    [
      'parameters',
      formatCount(parameters) +
        (binary ? ` (${formatCount(binaryParameters)} of 1 bit, ${formatCount(realParameters)} of 32)` : ''),
    ],
    ['weight memory', formatBytes(weightBytes) + (binary ? ` when frozen (${formatBytes(floatBytes)} as float32)` : '')],
    ['largest output', formatBytes(largestOutputBytes)],
    ...(binary ? ([['1-bit MACs', formatShort(binaryMacs)]] as [string, string][]) : []),
    [binary ? 'real MACs' : 'MACs', formatShort(macs)],
    ...(binary ? ([['OPs', `${formatShort(operations)} (1-bit MACs / 64 + real MACs)`]] as [string, string][]) : []),
  ];
  const width = Math.max(...facts.map(([name]) => name.length));
  return facts.map(([name, value]) => `${name.padEnd(width)}  ${value}`);
}
