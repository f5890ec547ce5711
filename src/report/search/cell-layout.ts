import { type Cell, usedNodes } from '../../models/index.js';

/** Where a node lies: columns to the right, rows downward. */
export interface PlacedNode {
  readonly column: number;
  readonly row: number;
}

/**
 * Places for the nodes of a cell by their numbers, the input first. Each node reads one other, so that a cell is a tree: a node lies a column behind the one that it
 * reads, in the same row or, where that is taken, below all that hangs on the nodes beside it. So no line crosses another, and none runs through a node.
 * What the output depends on comes first.
 */
export function layOutCell(cell: Cell): PlacedNode[] {
  const used = new Set(usedNodes(cell));
  const readers = [0, ...cell.nodes].map((_, node) =>
    cell.nodes
      .flatMap(({ from }, i) => (from === node ? [i + 1] : []))
      .sort((a, b) => Number(used.has(b)) - Number(used.has(a)) || a - b),
  );
  const places = new Array<PlacedNode>(cell.nodes.length + 1);
  /** @returns the row below all that hangs on the node */
  const place = (node: number, column: number, row: number): number => {
    places[node] = { column, row };
    return readers[node]!.reduce((free, reader) => place(reader, column + 1, free), row) + (readers[node]!.length === 0 ? 1 : 0);
  };
  place(0, 0, 0);
  return places;
}
