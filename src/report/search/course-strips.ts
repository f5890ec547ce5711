import type { CoursePoint, SearchResult } from '../../search/result.js';
import { edgesOf } from '../../search/space.js';
import type { PageColor } from '../drawing.js';
import { pageColors } from '../drawing.js';
import { type Family, families, familyColors, familyOf } from './family.js';

/*
 * What became of each edge and each node of a level in a differentiable search: a strip from the first step to the last, filled by shares.
 */

/** One of the shares that fill a strip, at each moment from `low` to `high`, both from 0 to 1. */
export interface Band {
  readonly color: PageColor;
  readonly opacity: number;
  readonly low: readonly number[];
  readonly high: readonly number[];
}

export interface Strip {
  /** `0→2`, the edge; `2→out`, the node in the cell's output. */
  readonly label: string;
  readonly bands: readonly Band[];
  /** The edge's share among those into the same node; null where there is no other. */
  readonly line: readonly number[] | null;
  /** What it came to: the strongest operation other than none and its share, or the node's share. */
  readonly outcome: string;
  readonly outcomeColor: PageColor;
  /** Whether a search without a limit keeps it: of the edges into a node the one whose share, times that of its operation, is largest, of the nodes the one of the largest share. */
  readonly leads: boolean;
}

/** How an operation looks: the colour of its family, paler the later it stands in that. */
export interface OperationLook {
  readonly name: string;
  readonly color: PageColor;
  readonly opacity: number;
}

/** Operations sorted by family, each with its place among the candidates. */
export function operationLooks(operations: readonly string[]): (OperationLook & { readonly place: number })[] {
  const ofFamily = (family: Family) => operations.flatMap((name, place) => (familyOf(name) === family ? [{ name, place }] : []));
  return families.flatMap((family) =>
    ofFamily(family).map(({ name, place }, i, { length }) => ({
      ...{ name, place, color: familyColors[family] },
      opacity: 1 - i * Math.min(0.4, 0.75 / length),
    })),
  );
}

/** The strips of one level: its edges in their order, then its nodes. @param course at least one point */
export function levelStrips(course: readonly CoursePoint[], level: number, { operations, nodes }: SearchResult): Strip[] {
  const looks = operationLooks(operations);
  const last = course.at(-1)!;
  const edges = edgesOf(nodes);
  const strongest = edges.map((_, edge) => {
    const shares = last.operations[level]![edge]!;
    const kept = looks.filter(({ color }) => color !== familyColors.none);
    const look = kept.reduce((a, b) => (shares[b.place]! > shares[a.place]! ? b : a));
    return { look, share: shares[look.place]!, strength: shares[look.place]! * last.edges[level]![edge]! };
  });
  const edgeStrips = edges.map(({ from, to }, edge): Strip => {
    const rivals = strongest.filter((_, i) => edges[i]!.to === to);
    const { look, share, strength } = strongest[edge]!;
    return {
      label: `${from}→${to}`,
      bands: stacked(
        looks.map(({ color, opacity, place }) => ({
          ...{ color, opacity },
          shares: course.map(({ operations: shares }) => shares[level]![edge]![place]!),
        })),
      ),
      line: rivals.length > 1 ? course.map((point) => point.edges[level]![edge]!) : null,
      outcome: `${look.name} ${percent(share)}`,
      outcomeColor: look.color,
      leads: strength >= Math.max(...rivals.map((rival) => rival.strength)),
    };
  });
  const attention = last.attention[level]!;
  const nodeStrips = attention.map((share, node): Strip => {
    const shares = course.map((point) => point.attention[level]![node]!);
    return {
      label: `${node + 1}→out`,
      bands: stacked([{ color: pageColors.text, opacity: 0.55, shares }]),
      line: null,
      outcome: percent(share),
      outcomeColor: pageColors.text,
      leads: share >= Math.max(...attention),
    };
  });
  return [...edgeStrips, ...nodeStrips];
}

/** At most that many moments, the first and the last among them. */
export function thinned<T>(items: readonly T[], most: number): T[] {
  if (items.length <= most) return [...items];
  return Array.from({ length: most }, (_, i) => items[Math.round((i * (items.length - 1)) / (most - 1))]!);
}

function stacked(parts: readonly { color: PageColor; opacity: number; shares: readonly number[] }[]): Band[] {
  let low: readonly number[] = parts[0]!.shares.map(() => 0);
  return parts.map(({ color, opacity, shares }) => {
    const band = { color, opacity, low, high: low.map((value, i) => value + shares[i]!) };
    low = band.high;
    return band;
  });
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
