import type { FrozenLayer, ReportedLayer } from '../freeze/index.js';
import { formatCount, formatShort } from '../report/format.js';
import { renderTable } from '../report/table.js';
import type { Console } from './console.js';

/** The steps of a packed model, a line each. */
export function layersTable(layers: readonly (FrozenLayer & Partial<ReportedLayer>)[], console: Console): string {
  const isTimed = (time: 'milliseconds' | 'twinMilliseconds') => layers.some((layer) => typeof layer[time] === 'number');
  const timeColumn = (header: string, time: 'milliseconds' | 'twinMilliseconds') =>
    isTimed(time) ? [{ header, cell: (layer: Partial<ReportedLayer>) => layer[time]?.toFixed(3) ?? '', rank: 5 }] : [];
  return renderTable<FrozenLayer & Partial<ReportedLayer>>(
    [
      { header: 'layer', cell: ({ layer }) => layer, align: 'left' },
      { header: 'step', cell: ({ operator }) => operator, align: 'left', rank: 2 },
      { header: 'result', cell: ({ output, signs }) => `${output.join('x')}${signs ? ' bits' : ''}`, align: 'left', rank: 3 },
      { header: 'bytes', cell: ({ bytes: size }) => (size === 0 ? '' : formatCount(size)) },
      { header: 'MACs', cell: ({ macs }) => (macs === 0 ? '' : formatShort(macs)), rank: 4 },
      { header: '1-bit MACs', cell: ({ binaryMacs }) => (binaryMacs === 0 ? '' : formatShort(binaryMacs)), rank: 4 },
      ...timeColumn('ms', 'milliseconds'),
      ...timeColumn('twin ms', 'twinMilliseconds'),
      { header: 'folded in', cell: ({ folded }) => folded.join(', '), align: 'left', rank: 1 },
    ],
    layers,
    { width: console.output.columns(), color: console.output.color },
  );
}
