import type { Report } from './report.js';

/** A network between machines. */
interface Network {
  readonly name: string;
  /** Bytes a second that a rank can send, and receive at the same time: of a nominal bit rate, what TCP leaves of it. */
  readonly bandwidth: number;
  /** Seconds that a message is under way, however short. */
  readonly latency: number;
}

/** What TCP over Ethernet carries of a frame of 1,538 bytes: 1,448. */
const PAYLOAD = 1448 / 1538;
const networks: readonly Network[] = [
  { name: '1 Gbit/s', bandwidth: (PAYLOAD * 1e9) / 8, latency: 50e-6 },
  { name: '10 Gbit/s', bandwidth: (PAYLOAD * 1e10) / 8, latency: 20e-6 },
];
const RANKS = [2, 4, 8, 16, 32, 64];

/** What one rank does and sends in a step. */
interface StepFigures {
  /** Seconds to compute a step on the whole batch. */
  readonly compute: number;
  readonly gradientBytes: number;
  /** Sums besides that of the gradients, and their bytes together. */
  readonly otherSums: number;
  readonly otherBytes: number;
}

/**
 * Seconds that the sums of a step take. The gradients go round a ring: each rank sends 2 (N - 1) messages of an N-th of them. All else is short
 * and goes by recursive doubling: ceil(log2 N) messages of its whole size for each sum.
 */
export function sumSeconds(
  ranks: number,
  figures: StepFigures,
  { bandwidth, latency }: Pick<Network, 'bandwidth' | 'latency'>,
): number {
  const { gradientBytes, otherSums, otherBytes } = figures;
  const ring = 2 * (ranks - 1) * (gradientBytes / ranks / bandwidth + latency);
  const doubling = Math.ceil(Math.log2(ranks)) * (otherBytes / bandwidth + otherSums * latency);
  return ring + doubling;
}

/** The part of docs/mpi.md that is made of a report of `npm run bench -- ranks`. */
function scalingSection(report: Report): string {
  const steps = report.results.flatMap(({ name }) => (/^(.*), batch \d+$/.test(name) && !name.includes(':') ? [name] : []));
  const parts = [...new Set(steps)].flatMap((step) => [measuredTable(report, step), estimatedTables(report, step)]);
  const { machine, processors, node, date, commit, note } = report;
  return [
    `Measured on ${processors} processors (${machine}), Node ${node}, ${date}, commit ${commit}, by \`${report.command}\`${note === undefined ? '' : ` (${note})`}:`,
    ...parts,
  ].join('\n\n');
}

function measuredTable(report: Report, step: string): string {
  const speed = (name: string, threads: number) => measuredFigure(report, name, threads).toPrecision(3);
  const rows = [
    ['one process, one thread', speed(step, 1), ''],
    ['one process, two threads', speed(step, 2), ''],
    ...choices.map(({ label, suffix }) => {
      const row = `${step} on two ranks${suffix}`;
      const over = measuredFigure(report, `${row}: speed over one process of two threads`, 1).toFixed(2);
      return [`two ranks of one thread, batch norm ${label}`, speed(row, 1), over];
    }),
  ];
  return table([`${step}`, 'images/s', 'over two threads'], rows);
}

const choices = [
  { label: 'global', suffix: '' },
  { label: 'local', suffix: ', local batch norm' },
] as const;

function estimatedTables(report: Report, step: string): string {
  const batch = Number(/batch (\d+)$/.exec(step)![1]);
  const compute = batch / measuredFigure(report, step, 1);
  return choices
    .map(({ label, suffix }) => {
      const figuresOf = (what: string) => measuredFigure(report, `${step} on two ranks${suffix}: ${what}`, 1);
      const figures = {
        compute,
        gradientBytes: figuresOf('gradients'),
        otherSums: figuresOf('number of these'),
        otherBytes: figuresOf('all other sums'),
      };
      const rows = RANKS.map((ranks) => [
        String(ranks),
        ...networks.flatMap((network) => {
          const seconds = sumSeconds(ranks, figures, network);
          const shared = compute / (compute / ranks + seconds);
          const grown = (ranks * compute) / (compute + seconds);
          // A rank needs an image.
          return [(1000 * seconds).toFixed(1), ranks > batch ? '' : shared.toFixed(1), grown.toFixed(1)];
        }),
      ]);
      const heads = networks.flatMap(({ name }) => [`${name}: ms in sums`, 'speed, same batch', 'speed, batch grows']);
      const sizes = `${(figures.gradientBytes / 1e6).toFixed(2)} MB of gradients, ${figures.otherSums} other sums of ${(figures.otherBytes / 1e3).toFixed(1)} kB together`;
      const title = `Estimated, ${step.replace(' in train()', '')} of ${(1000 * compute).toFixed(0)} ms on one thread, batch norm ${label} (a step: ${sizes}):`;
      return `${title}\n\n${table(['ranks', ...heads], rows)}`;
    })
    .join('\n\n');
}

/** @throws Error for a report that lacks the figure: it was not measured to its end */
function measuredFigure({ results }: Report, name: string, threads: number): number {
  const value = results.find((result) => result.name === name && result.threads === threads)?.ours ?? null;
  if (value === null)
    throw new Error(`The report has no figure "${name}" of ${threads} threads: run npm run bench -- ranks again.`);
  return value;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), `|${head.map((_, column) => (column === 0 ? '---|' : '---:|')).join('')}`, ...rows.map(line)].join('\n');
}

/** What stands around the section in the page. */
const marks = {
  begin: '<!-- made of bench/results/ranks.json by bench/write-scaling.ts -->',
  end: '<!-- end of what is made -->',
};

/** The page with the section of this report. */
export function withScaling(page: string, report: Report): string {
  const [begin, end] = [page.indexOf(marks.begin), page.indexOf(marks.end)];
  if (begin < 0 || end < begin) throw new Error(`The page needs the lines ${marks.begin} and ${marks.end}.`);
  return `${page.slice(0, begin)}${marks.begin}\n\n${scalingSection(report)}\n\n${page.slice(end)}`;
}
