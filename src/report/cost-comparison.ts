import type { SummaryTotals } from '../metrics/summary.js';
import { formatBytes, formatCount, formatRatio, formatShort } from './format.js';
import { renderTable } from './table.js';
import type { TerminalStyle } from './terminal.js';

/** What a network costs, as its users pay for it: when it is frozen, for one image. */
export interface NetworkCost extends SummaryTotals {
  readonly name: string;
}

interface Line {
  readonly what: string;
  readonly value: (cost: NetworkCost) => number;
  readonly format: (value: number) => string;
  /** Whether it says something how many times more the twin has. */
  readonly compares: boolean;
  /** Only where there are 1-bit weights. */
  readonly binary?: boolean;
}

const lines: readonly Line[] = [
  {
    what: '1-bit parameters',
    value: ({ binaryParameters }) => binaryParameters,
    format: formatCount,
    compares: false,
    binary: true,
  },
  { what: '32-bit parameters', value: ({ realParameters }) => realParameters, format: formatCount, compares: false },
  { what: 'size when packed', value: ({ weightBytes }) => weightBytes, format: formatBytes, compares: true },
  { what: 'real MACs', value: ({ macs }) => macs, format: formatShort, compares: true },
  { what: '1-bit MACs (BOPs)', value: ({ binaryMacs }) => binaryMacs, format: formatShort, compares: false, binary: true },
  { what: 'OPs = BOPs/64 + MACs', value: ({ operations }) => operations, format: formatShort, compares: true, binary: true },
];

/** A network beside its twin of plain convolutions, and how many times more the twin needs. */
export function formatCostComparison(network: NetworkCost, twin: NetworkCost | null, style: TerminalStyle): string {
  const own = { header: network.name, cell: ({ value, format }: Line) => format(value(network)) };
  const other = twin && [
    { header: twin.name, cell: ({ value, format }: Line) => format(value(twin)), rank: 2 },
    {
      header: 'twin needs',
      cell: ({ value, compares }: Line) => (compares ? formatRatio(value(twin), value(network)) : ''),
      rank: 1,
    },
  ];
  const what = { header: 'cost of one image', cell: (line: Line) => line.what, align: 'left' as const };
  const shown = lines.filter(({ binary }) => !binary || network.binaryParameters > 0);
  return renderTable([what, own, ...(other ?? [])], shown, style);
}
