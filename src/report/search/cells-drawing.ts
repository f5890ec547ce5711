import { type Cell, type Genotype, levelNames, usedNodes } from '../../models/index.js';
import { escapeText, pageColors, withDarkForm } from '../drawing.js';
import { layOutCell, type PlacedNode } from './cell-layout.js';
import { families, familyColors, familyOf } from './family.js';
import { frameWords } from './frame-words.js';

/*
 * The cells of a genotype as a picture: nodes as discs, operations on the lines between them, and in words what stands around.
 */

const radius = 12;
const rowHeight = 42;
/** Above the first row of a cell, for its heading, and around its nodes. */
const headingHeight = 34;
const inset = 20;
const margin = 16;
const stepHeight = 22;
const stepIndent = 14;
const gap = 14;
const leastWidth = 440;
/** Of a letter, by a generous estimate: system fonts differ. */
const letterWidth = 7.2;
/** The same where nothing is bold. */
const plainLetterWidth = 6.4;
const legendTop = 46;
const legendRowHeight = 20;

const { text, quiet, page, grid } = pageColors;

/** Height that it takes, and how it is drawn from there on. */
interface Block {
  readonly height: number;
  readonly draw: (y: number) => string;
}

/** The cells of a genotype as an SVG document by itself, light or dark as the viewer prefers. */
export function cellsDrawing(genotype: Genotype, title = 'The cells'): string {
  const { cells, widths } = genotype;
  const names = cells.flatMap(({ nodes }) => nodes.map(({ operation }) => operation));
  const columnWidth = longest(names) * letterWidth + 2 * radius + 24;
  const layouts = cells.map(layOutCell);
  const { before, after } = frameWords(genotype);
  const headings = cells.map((cell, level) => ({
    name: `${levelNames[level]} cell, ${widths[level]} channels`,
    output: outputWords(cell),
  }));
  const columns = Math.max(...layouts.flat().map(({ column }) => column));
  const width = Math.ceil(
    Math.max(
      leastWidth,
      2 * margin + title.length * letterWidth * 1.4,
      2 * (margin + inset + radius) + columns * columnWidth,
      2 * margin + inset + stepIndent + longest([...before.flat(), ...after]) * plainLetterWidth,
      2 * (margin + inset) + longest(headings.map(({ name, output }) => `${name}   ${output}`)) * letterWidth,
    ),
  );
  const blocks: Block[] = [
    ...cells.flatMap((cell, level) => [
      stepsBlock(before[level]!),
      cellBlock(cell, layouts[level]!, headings[level]!, { width, columnWidth }),
    ]),
    stepsBlock(after),
  ];
  const legend = drawLegend(names, width);
  const top = legendTop + legend.rows * legendRowHeight;
  let y = top;
  const drawn = blocks.map(({ height, draw }) => {
    const block = draw(y);
    y += height;
    return block;
  });
  const height = y + margin;
  const svg = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="12">`,
    `<rect width="${width}" height="${height}" fill="${page[0]}"/>`,
    `<text x="${margin}" y="26" font-size="16" font-weight="600" fill="${text[0]}">${escapeText(title)}</text>`,
    legend.drawn,
    ...drawn,
    '</svg>',
    '',
  ].join('\n');
  return withDarkForm(svg, title);
}

/** Steps of the frame, one below the other, along the line that leads from cell to cell. */
function stepsBlock(steps: readonly string[]): Block {
  const height = steps.length * stepHeight + gap;
  const x = margin + inset;
  const draw = (y: number) =>
    [
      `<path d="M${x} ${y}V${y + height}" stroke="${quiet[0]}" fill="none"/>`,
      ...steps.map((step, i) => {
        const middle = y + gap / 2 + (i + 0.5) * stepHeight;
        return `<circle cx="${x}" cy="${middle}" r="3" fill="${quiet[0]}"/><text x="${x + stepIndent}" y="${middle + 4}" fill="${quiet[0]}">${escapeText(step)}</text>`;
      }),
    ].join('');
  return { height, draw };
}

function cellBlock(
  cell: Cell,
  places: readonly PlacedNode[],
  { name, output }: { readonly name: string; readonly output: string },
  { width, columnWidth }: { readonly width: number; readonly columnWidth: number },
): Block {
  const rows = 1 + Math.max(...places.map(({ row }) => row));
  const height = headingHeight + rows * rowHeight + 4;
  const used = new Set([0, ...usedNodes(cell)]);
  const draw = (y: number) => {
    const at = ({ column, row }: PlacedNode) => ({
      x: margin + inset + radius + column * columnWidth,
      y: y + headingHeight + (row + 0.5) * rowHeight,
    });
    return [
      `<rect x="${margin}" y="${y}" width="${width - 2 * margin}" height="${height}" rx="6" fill="none" stroke="${grid[0]}" stroke-width="1.5"/>`,
      `<text x="${margin + inset}" y="${y + 22}" font-size="13" font-weight="600" fill="${text[0]}">${name}</text>`,
      `<text x="${width - margin - inset}" y="${y + 22}" text-anchor="end" fill="${quiet[0]}">${output}</text>`,
      ...cell.nodes.map(({ from, operation }, i) =>
        drawEdge({ from, to: i + 1, operation, isUsed: used.has(i + 1) }, at(places[from]!), at(places[i + 1]!)),
      ),
      ...places.map((place, node) => drawNode(node, at(place), { isUsed: used.has(node), isOutput: cell.output.includes(node) })),
    ].join('\n');
  };
  return { height, draw };
}

function outputWords(cell: Cell): string {
  const outputs = [...cell.output].sort((a, b) => a - b).join(', ');
  const pale = usedNodes(cell).length < cell.nodes.length ? '; pale: not used' : '';
  return `output: ${cell.output.length > 1 ? 'the sum of nodes' : 'node'} ${outputs}${pale}`;
}

interface Point {
  readonly x: number;
  readonly y: number;
}

function drawEdge(
  { from, to, operation, isUsed }: { from: number; to: number; operation: string; isUsed: boolean },
  start: Point,
  end: Point,
): string {
  const [color] = familyColors[familyOf(operation)];
  const tip = end.x - radius - 2;
  const corner = 8;
  const isStraight = start.y === end.y;
  // The part that it shares with other lines from the same node has the colour of none.
  const trunk = `<path d="M${start.x} ${start.y + radius}V${end.y - corner}q0 ${corner} ${corner} ${corner}" fill="none" stroke="${quiet[0]}" stroke-width="1.5"/>`;
  const path = `M${start.x + (isStraight ? radius : corner)} ${end.y}H${tip - 4}`;
  const middle = (start.x + radius + tip) / 2;
  return [
    `<g${isUsed ? '' : ' opacity="0.4"'}><title>node ${to}: ${escapeText(operation)} of node ${from}${isUsed ? '' : ', not used'}</title>`,
    isStraight ? '' : trunk,
    `<path d="${path}" fill="none" stroke="${color}" stroke-width="2"/>`,
    `<path d="M${tip} ${end.y}l-8 -4v8z" fill="${color}"/>`,
    `<text x="${middle}" y="${end.y - 7}" text-anchor="middle" font-weight="600" fill="${color}">${escapeText(operation)}</text></g>`,
  ].join('');
}

function drawNode(node: number, { x, y }: Point, { isUsed, isOutput }: { isUsed: boolean; isOutput: boolean }): string {
  const [fill, ink] = isOutput ? [text[0], page[0]] : [node === 0 ? grid[0] : page[0], text[0]];
  return [
    `<g${isUsed ? '' : ' opacity="0.4"'}><circle cx="${x}" cy="${y}" r="${radius}" fill="${fill}" stroke="${isOutput ? text[0] : quiet[0]}" stroke-width="1.5"/>`,
    `<text x="${x}" y="${y + 4}" text-anchor="middle" font-weight="600" fill="${ink}">${node}</text></g>`,
  ].join('');
}

/** The families that the cells have, and how inputs and outputs look, in as many rows as the width asks for. */
function drawLegend(names: readonly string[], width: number): { readonly drawn: string; readonly rows: number } {
  const shown = families.filter((family) => names.some((name) => familyOf(name) === family));
  const wide = (words: string) => markWidth(words) + words.length * plainLetterWidth + 14;
  let [x, row] = [margin, 0];
  const drawn = [...shown.map((family) => [family]), ['input', 'output']].map((together) => {
    if (x + together.reduce((sum, words) => sum + wide(words), 0) > width) [x, row] = [margin, row + 1];
    return together.map((words) => {
      const entry = drawLegendEntry(words, x, legendTop + row * legendRowHeight);
      x += wide(words);
      return entry;
    });
  });
  return { drawn: drawn.flat().join(''), rows: row + 1 };
}

function drawLegendEntry(words: string, x: number, y: number): string {
  const label = `<text x="${x + markWidth(words)}" y="${y + 4}" fill="${quiet[0]}">${words}</text>`;
  const family = families.find((each) => each === words);
  if (family) return `<path d="M${x} ${y}h20" stroke="${familyColors[family][0]}" stroke-width="2.5"/>${label}`;
  const [fill, stroke] = words === 'input' ? [grid[0], quiet[0]] : [text[0], text[0]];
  return `<circle cx="${x + 6}" cy="${y}" r="6" fill="${fill}" stroke="${stroke}"/>${label}`;
}

/** Of a line or a disc, and what is between it and its words. */
function markWidth(words: string): number {
  return words === 'input' || words === 'output' ? 18 : 26;
}

function longest(texts: readonly string[]): number {
  return Math.max(...texts.map(({ length }) => length));
}
