/** A rectangle in pixels. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

export interface LabelledPoint {
  readonly x: number;
  readonly y: number;
  /** Of its label. */
  readonly width: number;
  readonly height: number;
}

export interface LabelPlace {
  /** Of the label: its left edge and its middle. */
  readonly left: number;
  readonly middle: number;
  /** Whether a line must tell which point it belongs to. */
  readonly isAway: boolean;
}

/** Between a point and its label, and around labels. */
const GAP = 9;
const MARGIN = 2;
/** How far labels are moved up or down at a time, and in all. */
const STEP = 4;
const FARTHEST = 240;

/**
 * Places for the labels of points, in their order: beside the point where there is room, else as near as may be, and never over
 * another label, over what is `taken`, or outside of `bounds`. A label that finds no room stays beside its point.
 */
export function placeLabels(points: readonly LabelledPoint[], bounds: Box, taken: readonly Box[]): LabelPlace[] {
  const placed: Box[] = [];
  return points.map((point) => {
    const candidates = candidatesFor(point);
    const free = candidates.find(
      ({ box }) => isInside(box, bounds) && ![...placed, ...taken].some((other) => overlaps(box, other)),
    );
    const { box, isAway } = free ?? candidates[0]!;
    placed.push(box);
    return { left: box.left, middle: (box.top + box.bottom) / 2, isAway };
  });
}

/** The nearest first; to the right rather than to the left. */
function candidatesFor({ x, y, width, height }: LabelledPoint): { box: Box; isAway: boolean }[] {
  const at = (left: number, middle: number): Box => ({
    left,
    right: left + width,
    top: middle - height / 2 - MARGIN,
    bottom: middle + height / 2 + MARGIN,
  });
  const moves = Array.from({ length: FARTHEST / STEP + 1 }, (_, i) => i * STEP);
  const shifts = [GAP, 3 * GAP, 6 * GAP];
  const places = moves.flatMap((move) =>
    shifts.flatMap((shift) =>
      (move === 0 ? [0] : [-move, move]).flatMap((dy) =>
        [x + shift, x - shift - width].map((left, side) => ({
          box: at(left, y + dy),
          isAway: Math.abs(dy) > height / 2 || shift > GAP,
          distance: Math.abs(dy) + (shift - GAP) / 2 + side * STEP,
        })),
      ),
    ),
  );
  return places.sort((a, b) => a.distance - b.distance);
}

function isInside(box: Box, bounds: Box): boolean {
  return box.left >= bounds.left && box.right <= bounds.right && box.top >= bounds.top && box.bottom <= bounds.bottom;
}

function overlaps(a: Box, b: Box): boolean {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}
