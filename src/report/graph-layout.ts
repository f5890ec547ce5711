/*
 * Where the boxes and lines of a nearly linear graph lie: boxes one below the other in the order of the graph, in columns; a line from a box to the
 * one below it is straight, every other one runs in a lane beside its column, so that none crosses a box. Lines that go on in the next column leave
 * below their own, and come in above the next.
 */

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface PlacedBox extends Point {
  readonly column: number;
  readonly row: number;
}

/** A line from a box to one that reads it, with corners; it ends where the reader's box begins. */
export interface PlacedLine {
  readonly from: number;
  readonly to: number;
  readonly points: readonly Point[];
}

export interface GraphLayout {
  readonly width: number;
  readonly height: number;
  readonly boxes: readonly PlacedBox[];
  readonly lines: readonly PlacedLine[];
}

export const boxWidth = 284;
export const boxHeight = 40;
const rowHeight = 58;
/** Between lanes, and between lines below, above and beside a column. */
const laneGap = 9;
/** Between a box, or a bundle of lines, and what is beside it. */
const space = 16;
/** Width to height of the whole, as near as columns allow. */
const wantedAspect = 1.5;

/** A source whose line runs beside its column, with the readers that it reaches this way. */
interface SideLine {
  readonly from: number;
  readonly readers: readonly number[];
}

/** @param inputs of each box the boxes that it reads, all of them before it */
export function layOutGraph(inputs: readonly (readonly number[])[]): GraphLayout {
  const columns = splitIntoColumns(inputs);
  const columnOf = columns.flatMap((length, column) => new Array<number>(length).fill(column));
  const firsts = columns.map((_, column) => columnOf.indexOf(column));
  const rowOf = columnOf.map((column, i) => i - firsts[column]!);
  const isBelow = (from: number, to: number) => to === from + 1 && columnOf[from] === columnOf[to];
  const sides = readersOf(inputs).flatMap((readers, from): SideLine[] => {
    const beside = readers.filter((to) => !isBelow(from, to));
    return beside.length > 0 ? [{ from, readers: beside }] : [];
  });
  const lanes = columns.map((length, column) => assignLanes(sides, column, { columnOf, rowOf, length }));
  const leaving = columns.map((_, column) =>
    sides.filter(({ from, readers }) => columnOf[from]! <= column && columnOf[readers.at(-1)!]! > column),
  );

  const most = Math.max(0, ...leaving.map(({ length }) => length));
  const top = space + most * laneGap;
  const starts: number[] = [];
  let x = space;
  for (const [column, { size }] of lanes.map((lane) => ({ size: 1 + Math.max(-1, ...lane.values()) })).entries()) {
    starts.push(x);
    x += boxWidth + space + size * laneGap + (leaving[column]!.length > 0 ? leaving[column]!.length * laneGap + space : 0);
  }
  const boxes = columnOf.map((column, i) => ({
    x: starts[column]!,
    y: top + rowOf[i]! * rowHeight,
    column,
    row: rowOf[i]!,
  }));
  const height = top + Math.max(...columns) * rowHeight + most * laneGap + space;
  const laneX = (column: number, from: number) => starts[column]! + boxWidth + space + lanes[column]!.get(from)! * laneGap;
  const centre = (i: number) => boxes[i]!.x + boxWidth / 2;
  /** Lines that leave a column, those furthest to the right first: so nested they do not cross one another. */
  const order = leaving.map((leave, column) => {
    const exit = ({ from }: SideLine) => (lanes[column]!.has(from) ? laneX(column, from) : centre(from));
    return [...leave].sort((a, b) => exit(b) - exit(a)).map(({ from }) => from);
  });
  /** Where a line from another column comes in at the first box of one. */
  const topPort = (from: number, to: number) => {
    const entering = inputs[to]!.filter((source) => columnOf[source] !== columnOf[to]);
    return centre(to) + (entering.indexOf(from) - (entering.length - 1) / 2) * space;
  };
  const ports = inputPorts(sides, columnOf, rowOf, (column, from) => lanes[column]!.get(from) ?? -1);

  const lines = sides.flatMap(({ from, readers }) =>
    readers.map((to): PlacedLine => {
      const points: Point[] = [];
      const own = columnOf[from]!;
      const source = boxes[from]!;
      if (lanes[own]!.has(from)) {
        const y = source.y + boxHeight * 0.8;
        points.push({ x: source.x + boxWidth, y }, { x: laneX(own, from), y });
      } else points.push({ x: centre(from), y: source.y + boxHeight });
      for (let column = own; column < columnOf[to]!; column++) {
        const place = order[column]!.indexOf(from);
        const count = order[column]!.length;
        const below = top + columns[column]! * rowHeight - (rowHeight - boxHeight) + space / 2 + place * laneGap;
        const beside = starts[column + 1]! - space - (count - 1 - place) * laneGap;
        const above = top - space / 2 - (count - 1 - place) * laneGap;
        const isTop = column + 1 === columnOf[to] && rowOf[to] === 0;
        const next = isTop ? topPort(from, to) : laneX(column + 1, from);
        points.push({ x: points.at(-1)!.x, y: below }, { x: beside, y: below }, { x: beside, y: above }, { x: next, y: above });
      }
      const target = boxes[to]!;
      if (columnOf[to] !== own && rowOf[to] === 0) points.push({ x: topPort(from, to), y: target.y });
      else {
        const y = target.y + ports.get(`${from} ${to}`)!;
        points.push({ x: points.at(-1)!.x, y }, { x: target.x + boxWidth, y });
      }
      return { from, to, points };
    }),
  );
  const straight = inputs.flatMap((read, to): PlacedLine[] => {
    const from = to - 1;
    if (!read.includes(from) || !isBelow(from, to)) return [];
    return [
      {
        from,
        to,
        points: [
          { x: centre(from), y: boxes[from]!.y + boxHeight },
          { x: centre(to), y: boxes[to]!.y },
        ],
      },
    ];
  });
  return { width: x + space, height, boxes, lines: [...straight, ...lines] };
}

function readersOf(inputs: readonly (readonly number[])[]): readonly (readonly number[])[] {
  const readers: number[][] = inputs.map(() => []);
  for (const [to, read] of inputs.entries()) for (const from of new Set(read)) readers[from]!.push(to);
  return readers;
}

/** How many boxes each column has: cut where few values are under way, near the length that gives the wanted aspect. */
function splitIntoColumns(inputs: readonly (readonly number[])[]): readonly number[] {
  const last = readersOf(inputs).map((readers) => readers.at(-1) ?? -1);
  const crossing = (cut: number) => last.filter((reader, from) => from < cut && reader >= cut).length;
  const count = inputs.length;
  const wanted = Math.max(10, Math.round(Math.sqrt((count * (boxWidth + 3 * space)) / (rowHeight * wantedAspect))));
  const lengths: number[] = [];
  for (let start = 0; start < count; ) {
    const rest = count - start;
    if (rest <= wanted * 1.3) {
      lengths.push(rest);
      break;
    }
    const candidates = Array.from({ length: Math.round(wanted * 0.5) + 1 }, (_, i) => Math.round(wanted * 0.75) + i);
    const cost = (length: number) => crossing(start + length) + Math.abs(length - wanted) / wanted;
    const best = candidates.reduce((a, b) => (cost(b) < cost(a) ? b : a));
    lengths.push(best);
    start += best;
  }
  return lengths;
}

/**
 * The lane of each line that runs beside a column, by its source: shorter ones nearer to the boxes. What leaves from the last box of a column, or only
 * comes in at its first, needs none.
 */
function assignLanes(
  sides: readonly SideLine[],
  column: number,
  { columnOf, rowOf, length }: { columnOf: readonly number[]; rowOf: readonly number[]; length: number },
): ReadonlyMap<number, number> {
  const spans = sides.flatMap(({ from, readers }) => {
    const final = readers.at(-1)!;
    if (columnOf[from]! > column || columnOf[final]! < column) return [];
    const first = columnOf[from] === column ? rowOf[from]! : -1;
    const end = columnOf[final] === column ? rowOf[final]! : length;
    const isNeeded = columnOf[from] === column ? first < length - 1 : end > 0;
    return isNeeded ? [{ from, first, end }] : [];
  });
  const lanes = new Map<number, number>();
  for (const span of [...spans].sort((a, b) => a.end - a.first - (b.end - b.first) || a.from - b.from)) {
    const beside = spans.filter((other) => lanes.has(other.from) && other.first < span.end && other.end > span.first);
    const taken = new Set(beside.map(({ from }) => lanes.get(from)));
    let lane = 0;
    while (taken.has(lane)) lane++;
    lanes.set(span.from, lane);
  }
  return lanes;
}

/** How far below the upper edge of its reader each line from the side comes in: those of nearer lanes higher. */
function inputPorts(
  sides: readonly SideLine[],
  columnOf: readonly number[],
  rowOf: readonly number[],
  laneOf: (column: number, from: number) => number,
): ReadonlyMap<string, number> {
  const ports = new Map<string, number>();
  for (const to of new Set(sides.flatMap(({ readers }) => readers))) {
    const column = columnOf[to]!;
    const entering = sides
      .filter(({ from, readers }) => readers.includes(to) && !(rowOf[to] === 0 && columnOf[from] !== column))
      .map(({ from }) => from)
      .sort((a, b) => laneOf(column, a) - laneOf(column, b));
    for (const [i, from] of entering.entries()) ports.set(`${from} ${to}`, (boxHeight * 0.6 * (i + 1)) / (entering.length + 1));
  }
  return ports;
}
