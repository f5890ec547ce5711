import { createHash } from 'node:crypto';
import type { FreezeTiming, FrozenFile, FrozenPart, ReportedLayer, WholeVerification } from '../freeze/index.js';
import { darkRules, markColors, type PageColor, pageColors } from './drawing.js';
import { formatBytes, formatCheckedImages, formatCount, formatMilliseconds, formatRatio, formatShort } from './format.js';
import { drawGraph } from './graph-drawing.js';
import { html, type Markup, markup } from './html.js';

/*
 * What `gossamer freeze --report` writes: one HTML file without scripts that loads nothing, and forbids itself to.
 */

export interface FreezePage {
  /** What the model is called in headings. */
  readonly name: string;
  readonly frozen: FrozenFile;
  readonly layers: readonly ReportedLayer[];
}

/** The report of a frozen model as an HTML document; light or dark as the viewer prefers. */
export function freezePage({ name, frozen, layers }: FreezePage): string {
  const style = styleSheet();
  // Only this very style sheet applies; scripts, images, fonts and requests are all forbidden.
  const policy = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`;
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${name}, packed</title>
<style>${markup(style)}</style>
</head>
<body>
<h1>${name}, packed</h1>
${facts(frozen, layers)}
<h2>Layer by layer</h2>
${layerTable(layers, frozen.timing)}
<h2>The graph</h2>
<div class="wide">${markup(drawGraph(frozen.graph, layers, name))}</div>
<h2>How it was verified</h2>
${verification(frozen)}
<h2>What was left out</h2>
${leftOut(frozen)}
<h2>Memory</h2>
${memory(frozen)}
<h2>How it was timed</h2>
${timing(frozen.timing)}
<h2>What it takes and answers</h2>
${contract(frozen)}
<h2>Where it comes from</h2>
${origin(frozen)}
</body>
</html>
`;
  return page.text;
}

function facts(
  { bytes, timing, verification: { signs, largestDifference }, memory: { arena } }: FrozenFile,
  layers: readonly ReportedLayer[],
): Markup {
  const floatBytes = sum(layers, ({ floatBytes: size }) => size);
  const [real, binary] = [sum(layers, ({ macs }) => macs), sum(layers, ({ binaryMacs }) => binaryMacs)];
  const time = timing && sum(timing.steps, (milliseconds) => milliseconds);
  const cards: readonly (readonly [title: string, value: string, note: string])[] = [
    ['File', formatBytes(bytes), `${formatBytes(floatBytes)} would be its tensors alone as float32`],
    binary > 0
      ? ['Multiplications', `${formatShort(binary)} 1-bit`, `and ${formatShort(real)} real, for one image`]
      : ['Multiplications', formatShort(real), 'all of them real, for one image'],
    ...(timing && time !== null
      ? [
          [
            'Time',
            formatMilliseconds(time),
            timing.twin
              ? `${formatMilliseconds(timing.twin.total)} takes ${timing.twin.name}, ${formatRatio(timing.twin.total, time)} as long`
              : 'for one image',
          ] as const,
        ]
      : []),
    [
      'Verified',
      signs > 0 ? `${formatCount(signs)} signs equal` : 'every step',
      `floats differ by ${largestDifference.toExponential(1)} at most`,
    ],
    ['Memory', formatBytes(arena), 'for all values of one image'],
  ];
  return html`<dl class="facts">${cards.map(([title, value, note]) => html`<div><dt>${title}</dt><dd><b>${value}</b><br>${note}</dd></div>`)}</dl>`;
}

interface PageColumn {
  readonly header: string;
  readonly cell: (layer: ReportedLayer) => string | Markup;
  readonly isText?: boolean;
  readonly total?: (layers: readonly ReportedLayer[]) => string;
}

function layerTable(layers: readonly ReportedLayer[], timed: FreezeTiming | null): Markup {
  const count = (value: number, format: (value: number) => string) => (value === 0 ? '' : format(value));
  const columns: readonly PageColumn[] = [
    { header: 'layer', cell: ({ layer }) => html`<b>${layer}</b>`, isText: true, total: () => 'all' },
    { header: 'what became of it', cell: became, isText: true },
    { header: 'result', cell: ({ output, signs }) => `${output.join('x')}${signs ? ' bits' : ''}`, isText: true },
    {
      header: 'bytes as float32',
      cell: ({ floatBytes }) => count(floatBytes, formatCount),
      total: (all) => formatCount(sum(all, ({ floatBytes }) => floatBytes)),
    },
    {
      header: 'bytes packed',
      cell: ({ bytes }) => count(bytes, formatCount),
      total: (all) => formatCount(sum(all, ({ bytes }) => bytes)),
    },
    { header: 'MACs', cell: ({ macs }) => count(macs, formatShort), total: (all) => formatShort(sum(all, ({ macs }) => macs)) },
    {
      header: 'BOPs',
      cell: ({ binaryMacs }) => count(binaryMacs, formatShort),
      total: (all) => formatShort(sum(all, ({ binaryMacs }) => binaryMacs)),
    },
    ...(timed ? timeColumns(layers, timed) : []),
  ];
  const aligned = ({ isText }: PageColumn) => (isText ? 'text' : 'number');
  // Where the table is too wide for a screen, each cell stands in a line of its own, beside its column's name.
  const cellOf = (column: PageColumn, content: string | Markup) =>
    html`<td class="${aligned(column)}" data-column="${content === '' ? '' : column.header}">${content}</td>`;
  return html`<div class="wide"><table>
<thead><tr>${columns.map((column) => html`<th scope="col" class="${aligned(column)}">${column.header}</th>`)}</tr></thead>
<tbody>${layers.map(
    (layer) => html`
<tr>${columns.map((column) => cellOf(column, column.cell(layer)))}</tr>`,
  )}
</tbody>
<tfoot><tr>${columns.map((column) => cellOf(column, column.total?.(layers) ?? ''))}</tr></tfoot>
</table></div>`;
}

/** Pixels of the longest bar. */
const BAR = 60;

function timeColumns(layers: readonly ReportedLayer[], { twin }: FreezeTiming): readonly PageColumn[] {
  const times = (milliseconds: number | null) => (milliseconds === null ? '' : milliseconds.toFixed(3));
  const longest = Math.max(...layers.flatMap(({ milliseconds, twinMilliseconds }) => [milliseconds ?? 0, twinMilliseconds ?? 0]));
  const bars = ({ milliseconds, twinMilliseconds }: ReportedLayer): Markup => {
    const bar = (time: number | null, y: number, [color]: PageColor) =>
      time === null ? '' : html`<rect y="${y}" width="${((BAR * time) / longest).toFixed(1)}" height="5" fill="${color}"/>`;
    return html`<svg width="${BAR}" height="12" aria-hidden="true">${bar(milliseconds, 0, markColors.blue)}${bar(twinMilliseconds, 6, pageColors.quiet)}</svg>`;
  };
  return [
    {
      header: 'ms',
      cell: ({ milliseconds }) => times(milliseconds),
      total: (all) => times(sum(all, ({ milliseconds }) => milliseconds ?? 0)),
    },
    ...(twin
      ? [
          {
            header: 'ms in the twin',
            cell: ({ twinMilliseconds }: ReportedLayer) => times(twinMilliseconds),
            total: () => times(twin.total),
          },
        ]
      : []),
    { header: '', cell: bars, isText: true },
  ];
}

function became({ operator, weights, signs, whyReal, parts, folded }: ReportedLayer): Markup {
  const states = { bits: 'packed: weights in bits', floats: whyReal === null ? '' : `left float: ${whyReal}` };
  const state = weights === null ? (signs ? 'activations packed to bits' : '') : states[weights];
  const joined = parts.filter((part) => !isMain(part, operator)).map(partText);
  const how = folded.includes('threshold') ? 'became a threshold a channel' : operator === 'finish' ? 'made of' : 'folded in';
  return html`<span class="${weights ?? 'none'}">${operator}</span>${state && html` <small>${state}</small>`}${
    joined.length > 0 ? html`<br><small>${how}: ${joined.join(', ')}</small>` : ''
  }`;
}

function partText({ layer, operator }: FrozenPart): string {
  return layer ? `${layer} (${operator})` : operator;
}

const multiplying: readonly string[] = ['conv2d', 'linear', 'binaryConv2d', 'dynamicConv2d', 'dynamicBinaryConv2d'];

/** The call that a step is named after. */
function isMain(part: FrozenPart, operator: ReportedLayer['operator']): boolean {
  return part.operator === operator || multiplying.includes(part.operator);
}

function verification({
  verification: { images, givenImages, signs, floats, largestDifference, bound, whole },
}: FrozenFile): Markup {
  const equal = signs > 0 ? `All of ${formatCount(signs)} signs are equal. ` : '';
  return html`<p>Every step was run on what the network itself computes in its place, on ${formatCheckedImages(images, givenImages)}, before the file was written. ${equal}${formatCount(floats)} floats differ by at most ${largestDifference.toExponential(2)} of their size (or of the root mean square of their step’s result, where that is larger); ${String(bound)} is allowed.</p>
<p>Then each step was run on what those before it had made, from the image to the answer. The answers differ from the network’s by at most ${whole.largestDifference.toExponential(2)} of their size; ${wholeBound(whole)}${bestText(whole, images)} The file was loaded as any other, and answers the same to the bit.</p>`;
}

function wholeBound({ bound, otherSigns }: WholeVerification): string {
  if (bound !== null) return `${bound} is allowed, and 1e-5 more.`;
  const signs = otherSigns === 1 ? 'sign on the way is another' : 'signs on the way are others';
  return `no bound holds for them, since rounding decides signs, and which channels go, where they are nearly even: ${formatCount(otherSigns)} ${signs}.`;
}

function bestText({ sameBest }: WholeVerification, images: number): string {
  return sameBest === null ? '' : ` The best class is the same on ${sameBest} of ${images} images.`;
}

function leftOut({ dropped }: FrozenFile): Markup {
  if (dropped.length === 0) return html`<p>Nothing: evaluation reads all that the checkpoint holds, as it is.</p>`;
  return html`<ul>${dropped.map(({ what, elements, why }) => html`<li>${what} (${formatCount(elements)} ${elements === 1 ? 'number' : 'numbers'}): ${why}</li>`)}</ul>`;
}

function memory({ memory: { weights, arena, unshared } }: FrozenFile): Markup {
  return html`<p>Values lie in one block of ${formatBytes(arena)}, planned before anything runs: what is read no more makes room for what comes. Each in memory of its own they would take ${formatBytes(unshared)}. The weights take ${formatBytes(weights)} in the file.</p>`;
}

function timing(timed: FreezeTiming | null): Markup {
  if (!timed) return html`<p>It was not.</p>`;
  const { rounds, threads, host, processor, date, twin } = timed;
  const beside = twin
    ? ` So was ${twin.name}, the same network of real, plain layers, with the weights that it begins with. A layer’s time there is that of all its steps of the same name, and stands at its last step that multiplies; what the twin does besides is in its total only.`
    : ' It has no float twin to stand beside.';
  return html`<p>Each step ${rounds} times on one random image, with ${threads} ${threads === 1 ? 'thread' : 'threads'}, in one process; the medians are told, and the total is their sum.${beside}</p>
<p>${host} on ${processor}, ${date}.</p>`;
}

function contract({ contract: { task, channels, source, prepare, mean, std, labels }, graph }: FrozenFile): Markup {
  const [height, width] = graph.values[0]!.shape;
  const steps = [
    `${source.fit} ${source.size.join(' x ')}`,
    ...prepare.map(({ name, size }) => `${name} to ${size.join(' x ')}`),
  ];
  return html`<p>Takes ${channels} images of ${height} x ${width} pixels (${steps.join(', ')}), mean ${mean.join(', ')}, std ${std.join(', ')}.</p>
<p>${labels ? `Answers a score for each of ${labels.join(', ')}.` : `Answers ${task}, ${graph.values[graph.output]!.shape.join(' x ')}.`}</p>`;
}

function origin({ provenance, digest }: FrozenFile): Markup {
  const facts = [
    ...Object.entries(provenance).map(([key, value]) => [key, JSON.stringify(value)] as const),
    ['SHA-256', digest] as const,
  ];
  return html`<dl>${facts.map(([key, value]) => html`<dt>${key}</dt><dd><code>${value}</code></dd>`)}</dl>`;
}

function sum<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((total, item) => total + value(item), 0);
}

function styleSheet(): string {
  const variables = (theme: 0 | 1) =>
    Object.entries({ ...pageColors, blue: markColors.blue, orange: markColors.orange })
      .map(([name, colors]) => `--${name}:${colors[theme]}`)
      .join(';');
  return `:root{${variables(0)}}
@media (prefers-color-scheme:dark){:root{${variables(1)}}}
body{margin:0 auto;padding:1rem clamp(.75rem,3vw,2.5rem) 3rem;max-width:84rem;background:var(--page);color:var(--text);font:15px/1.5 system-ui,sans-serif}
h1{font-size:1.5rem;margin:.5rem 0 1rem}
h2{font-size:1.1rem;margin:2.2rem 0 .6rem}
p,li{max-width:46rem}
small,dd,dt,th{color:var(--quiet)}
small{font-size:.8rem}
code{font-size:.8rem;overflow-wrap:anywhere}
dl dd{margin:0 0 .4rem}
.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(12.5rem,1fr));gap:.7rem;margin:0}
.facts div{border:1px solid var(--grid);border-radius:6px;padding:.6rem .8rem}
.facts dt{font-size:.8rem}
.facts dd{margin:0;font-size:.85rem}
.facts b{font-size:1.15rem;color:var(--text)}
.wide{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:.85rem;line-height:1.35;font-variant-numeric:tabular-nums}
th{font-weight:600;font-size:.8rem;vertical-align:bottom}
th,td{padding:.3rem .45rem;white-space:nowrap;border-bottom:1px solid var(--grid)}
td{vertical-align:top}
tfoot td{font-weight:600;border-bottom:0}
.text{text-align:left}
.number{text-align:right}
td:nth-child(-n+2){white-space:normal;overflow-wrap:anywhere;min-width:9rem}
td:nth-child(2){min-width:13rem}
th.number{white-space:normal}
td b{font-weight:600}
.bits,.floats{padding-left:.4rem;border-left:3px solid var(--blue)}
.floats{border-left-color:var(--orange)}
.none{padding-left:.4rem;border-left:3px solid var(--grid)}
@media (max-width:45rem){
table,tbody,tfoot,tr,td{display:block}
thead,td[data-column=""]{display:none}
tr{padding:.5rem 0;border-bottom:1px solid var(--grid)}
td{display:flex;justify-content:space-between;gap:1rem;padding:.1rem 0;border:0;white-space:normal;overflow-wrap:anywhere}
td::before{content:attr(data-column);color:var(--quiet);white-space:nowrap}
td:nth-child(1)::before,td:nth-child(2)::before{content:none}
td:nth-child(2){display:block}
}
@media print{.wide{overflow:visible}}
${darkRules()}`;
}
