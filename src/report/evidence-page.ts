import { type EvidenceTable, meanLinearity, type RowResults, statistics } from '../train/tables/index.js';
import { formatCount, formatDuration, formatShare, formatShort } from './format.js';

interface PageColumn {
  readonly header: string;
  readonly cell: (row: RowResults) => string;
  /** Left out of a table in which no row has anything to say. */
  readonly isOptional?: boolean;
}

const first = ({ results }: RowResults) => results[0];
const none = '–';

const columns: readonly PageColumn[] = [
  { header: 'row', cell: ({ row }) => row.label },
  { header: 'parameters', cell: (row) => count(first(row)?.parameters) },
  { header: 'MACs', cell: (row) => short(first(row)?.macs) },
  { header: '1-bit MACs', cell: (row) => (first(row)?.bops ? short(first(row)?.bops) : none), isOptional: true },
  { header: 'OPs', cell: (row) => (first(row)?.bops ? short(first(row)?.ops) : none), isOptional: true },
  { header: 'linear share, branches', cell: (row) => linearity(row, 'branch'), isOptional: true },
  { header: 'linear share, outputs', cell: (row) => linearity(row, 'output'), isOptional: true },
  { header: 'validation', cell: ({ results }) => share(results.flatMap(({ top1Validation }) => top1Validation ?? [])) },
  { header: 'test', cell: ({ results }) => share(results.map(({ top1Test }) => top1Test)) },
  { header: 'test, lowest to highest', cell: spread },
  { header: 'seeds', cell: ({ results }) => String(results.length) },
];

/** A table of evidence as a Markdown page: question, chart, figures, budget and what must be known of them. */
export function evidencePage(
  table: EvidenceTable,
  rows: readonly RowResults[],
  { hasChart }: { readonly hasChart: boolean },
): string {
  const shown = columns.filter(({ cell, isOptional }) => !isOptional || rows.some((row) => cell(row) !== none));
  return [
    `# ${table.title}`,
    table.question,
    ...(hasChart ? [`![${table.title}: accuracy of every row](${table.name}.svg)`] : []),
    [
      line(shown.map(({ header }) => header)),
      line(shown.map((_, i) => (i === 0 ? '---' : '---:'))),
      ...rows.map((row) => line(shown.map(({ cell }) => cell(row)))),
    ].join('\n'),
    budget(table, rows),
    table.caveats.map((caveat) => `- ${caveat}`).join('\n'),
    `Every run is a line of [${table.name}.csv](${table.name}.csv), its epochs are in [logs/${table.name}](logs/${table.name}). This page is written by \`gossamer reproduce\`.`,
  ]
    .join('\n\n')
    .concat('\n');
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

/** How much training stands behind the figures. */
function budget({ rows: [anyRow], seeds }: EvidenceTable, rows: readonly RowResults[]): string {
  const results = rows.flatMap((row) => row.results);
  const { recipe } = anyRow!;
  const { epochs, batchSize, optimizer, schedule } = recipe;
  const how = `${epochs} epochs, batches of ${batchSize}, ${optimizer.name} at ${optimizer.learningRate}, ${schedule.name} schedule`;
  const [result] = results;
  if (!result) return `Budget of every run: ${how}. No run is finished yet.`;
  const images = [...new Set(results.map((each) => formatCount(each.images)))].join(' or ');
  const commits = [...new Set(results.map(({ commit }) => commit))].join(', ');
  const seconds = results.reduce((sum, each) => sum + each.seconds, 0);
  return (
    `Budget of every run: ${how}, ${images} training images; the best epoch is chosen on held-out images, the test images are read once. ` +
    `${results.length} of ${rows.length * seeds} runs are finished; they trained for ${formatDuration(seconds)} in all, with ${commits}.`
  );
}

function spread({ results }: RowResults): string {
  const seen = statistics(results.map(({ top1Test }) => top1Test));
  return seen && results.length > 1 ? `${formatShare(seen.lowest)} to ${formatShare(seen.highest)}` : none;
}

function linearity({ results }: RowResults, part: 'branch' | 'output'): string {
  return share(results.flatMap((result) => meanLinearity(result)?.[part] ?? []));
}

function share(values: readonly number[]): string {
  return formatShare(statistics(values)?.mean);
}

function count(value: number | undefined): string {
  return value === undefined ? none : formatCount(value);
}

function short(value: number | undefined): string {
  return value === undefined ? none : formatShort(value);
}
