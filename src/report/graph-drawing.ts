import type { PackedGraph, PackedValue } from '../formats/packed/graph.js';
import type { FrozenLayer } from '../freeze/index.js';
import { escapeText, markColors, type PageColor, pageColors, tintColors, withDarkForm } from './drawing.js';
import { formatBytes } from './format.js';
import { boxHeight, boxWidth, layOutGraph, type PlacedBox, type PlacedLine } from './graph-layout.js';

/*
 * The graph of a packed model as a picture: a box a step, filled by how its weights are stored; broken lines carry bits.
 */

interface Box {
  readonly name: string;
  /** Below the name. */
  readonly detail: string;
  readonly shape: string;
  readonly bytes: number;
  readonly look: Look;
}

interface Look {
  readonly fill: PageColor;
  readonly stroke: PageColor;
}

const looks = {
  bits: { fill: tintColors.blue, stroke: markColors.blue },
  floats: { fill: tintColors.orange, stroke: markColors.orange },
  none: { fill: pageColors.page, stroke: pageColors.quiet },
} as const satisfies Record<string, Look>;

const legend: readonly (readonly [keyof typeof looks, string])[] = [
  ['bits', 'weights in bits'],
  ['floats', 'weights in floats'],
  ['none', 'no weights'],
];

const titleHeight = 58;
/** What fits into a box beside the other text of its line, by a generous estimate of a letter's width. */
const letters = { name: 26, detail: 24 };

/** The graph of a packed model as an SVG document by itself, light or dark as the viewer prefers. */
export function renderGraph(graph: PackedGraph, layers: readonly FrozenLayer[], title: string): string {
  return withDarkForm(drawGraph(graph, layers, title), title);
}

/** The same for a page that has `darkRules` itself. */
export function drawGraph(graph: PackedGraph, layers: readonly FrozenLayer[], title: string): string {
  const boxes = boxesOf(graph, layers);
  const layout = layOutGraph([[], ...graph.steps.map(({ inputs }) => inputs), [graph.output]]);
  const [width, height] = [Math.max(Math.ceil(layout.width), 560), Math.ceil(layout.height) + titleHeight];
  const isBits = (value: number) => graph.values[value]?.form === 'signs';
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="12">`,
    `<rect width="${width}" height="${height}" fill="${pageColors.page[0]}"/>`,
    `<text x="16" y="24" font-size="16" font-weight="600" fill="${pageColors.text[0]}">${escapeText(title)}</text>`,
    drawLegend(),
    `<g transform="translate(0 ${titleHeight})">`,
    ...drawnOnce(layout.lines).map((line) => drawLine(line, isBits(line.from))),
    ...boxes.map((box, i) => drawBox(box, layout.boxes[i]!)),
    '</g>',
    '</svg>',
    '',
  ].join('\n');
}

/** The image, a box a step, the answer. */
function boxesOf(graph: PackedGraph, layers: readonly FrozenLayer[]): readonly Box[] {
  const end = (name: string, value: PackedValue): Box => ({
    ...{ name, detail: '', shape: shapeText(value), bytes: 0, look: looks.none },
  });
  return [
    end('image', graph.values[0]!),
    ...layers.map((layer, i): Box => {
      const { operator, output, layer: path } = graph.steps[i]!;
      const look = layer.weights === null ? looks.none : looks[layer.weights];
      // What has no name of its own is called by its operator.
      const detail = path === '' ? layer.folded.join(', ') : operator;
      return { name: layer.layer, detail, shape: shapeText(graph.values[output]!), bytes: layer.bytes, look };
    }),
    end('answer', graph.values[graph.output]!),
  ];
}

function shapeText({ shape, form }: PackedValue): string {
  return `${shape.join('x')}${form === 'signs' ? ' bits' : ''}`;
}

function drawBox({ name, detail, shape, bytes, look }: Box, { x, y }: PlacedBox): string {
  const right = x + boxWidth - 8;
  const size = bytes > 0 ? formatBytes(bytes) : '';
  const label = [name, detail, shape, size].filter((part) => part !== '').join(', ');
  const quiet = `fill="${pageColors.quiet[0]}" font-size="11"`;
  return [
    `<g><title>${escapeText(label)}</title>`,
    `<rect x="${x}" y="${y}" width="${boxWidth}" height="${boxHeight}" rx="5" fill="${look.fill[0]}" stroke="${look.stroke[0]}"/>`,
    `<text x="${x + 8}" y="${y + 16}" font-weight="600" fill="${pageColors.text[0]}">${escapeText(ending(name, letters.name))}</text>`,
    size && `<text x="${right}" y="${y + 16}" text-anchor="end" ${quiet}>${size}</text>`,
    detail && `<text x="${x + 8}" y="${y + 32}" ${quiet}>${escapeText(ending(detail, letters.detail))}</text>`,
    `<text x="${right}" y="${y + 32}" text-anchor="end" ${quiet}>${escapeText(shape)}</text></g>`,
  ].join('');
}

/** The end of a path says more than its beginning. */
function ending(text: string, most: number): string {
  const all = [...text];
  return all.length <= most ? text : `…${all.slice(1 - most).join('')}`;
}

/** Lines from one box share their beginnings: each begins where it leaves the one before it. */
function drawnOnce(lines: readonly PlacedLine[]): readonly PlacedLine[] {
  return lines.map((line, i) => {
    const [before, { points }] = [lines[i - 1], line];
    if (before?.from !== line.from) return line;
    const parting = points.findIndex(({ x, y }, at) => x !== before.points[at]?.x || y !== before.points[at]?.y);
    const corner = before.points[parting];
    if (parting < 1 || !corner) return line;
    const goesOn = corner.x === points[parting]!.x && corner.y < points[parting]!.y;
    return { ...line, points: [goesOn ? corner : points[parting - 1]!, ...points.slice(parting)] };
  });
}

function drawLine({ points }: PlacedLine, isBits: boolean): string {
  const color = isBits ? markColors.blue[0] : pageColors.quiet[0];
  const [last, before] = [points.at(-1)!, points.at(-2)!];
  const path = points.map(({ x, y }, i) => `${i === 0 ? 'M' : 'L'}${round(x)} ${round(y)}`).join('');
  // An arrowhead to the left, or down.
  const head = before.y === last.y ? 'l6 -3.5v7z' : 'l-3.5 -6h7z';
  return (
    `<path d="${path}" fill="none" stroke="${color}" stroke-width="1.5"${isBits ? ' stroke-dasharray="4 3"' : ''}/>` +
    `<path d="M${round(last.x)} ${round(last.y)}${head}" fill="${color}"/>`
  );
}

function drawLegend(): string {
  const text = (x: number, words: string) => `<text x="${x}" y="50" fill="${pageColors.quiet[0]}">${words}</text>`;
  const swatches = legend.map(([kind, words], i) => {
    const { fill, stroke } = looks[kind];
    const x = 16 + i * 126;
    return `<rect x="${x}" y="41" width="14" height="10" rx="2" fill="${fill[0]}" stroke="${stroke[0]}"/>${text(x + 20, words)}`;
  });
  const lines = [false, true].map((isBits, i) => {
    const x = 382 + i * 78;
    const points = [x, x + 24].map((at) => ({ x: at, y: 46 }));
    return `${drawLine({ from: 0, to: 0, points: points.reverse() }, isBits)}${text(x + 30, isBits ? 'bits' : 'floats')}`;
  });
  return [...swatches, ...lines].join('');
}

function round(value: number): number {
  return Number(value.toFixed(1));
}
