import { Taps, type Window } from '../images/resample.js';

/*
 * A target map goes through the same geometry as its image, but has another size. So transforms only note which part of the first image is seen now,
 * and the map is resampled once, at the end: nothing is rounded twice.
 */

/** What of the first image the pixels show, in shares of its height and width. */
export interface View {
  top: number;
  left: number;
  height: number;
  width: number;
  /** Whether left and right are swapped. */
  flipped: boolean;
  /** What of the image is left: where the view reaches beyond, padding is seen, of what was cut away before too. */
  readonly rows: { begin: number; end: number };
  readonly columns: { begin: number; end: number };
}

export function wholeView(): View {
  return { top: 0, left: 0, height: 1, width: 1, flipped: false, rows: { begin: 0, end: 1 }, columns: { begin: 0, end: 1 } };
}

export function showAll(view: View): void {
  Object.assign(view, wholeView());
}

/** From now on only `window` is seen of the `height` x `width` pixels that showed the view. */
export function narrow(view: View, window: Window, height: number, width: number): void {
  intersect(view.rows, view.top, view.height);
  intersect(view.columns, view.left, view.width);
  const left = view.flipped ? width - window.left - window.width : window.left;
  view.top += (view.height * window.top) / height;
  view.left += (view.width * left) / width;
  view.height *= window.height / height;
  view.width *= window.width / width;
}

function intersect(range: { begin: number; end: number }, start: number, length: number): void {
  range.begin = Math.max(range.begin, start);
  range.end = Math.min(range.end, start + length);
}

export interface MapSize {
  readonly height: number;
  readonly width: number;
}

/** Reads target maps as images are seen. */
export class MapSampler {
  private readonly x = new Taps();
  private readonly y = new Taps();
  private readonly rows: Float64Array;

  constructor(
    private readonly from: MapSize,
    private readonly to: MapSize,
  ) {
    this.rows = new Float64Array(from.height * to.width);
  }

  /**
   * Writes what `view` shows of a map of bytes to `out`, 0 to 1: means under a triangle, as images are resampled; 0 where padding is seen. The whole view
   * at the map's own size is the map to the bit.
   */
  sample(map: Uint8Array, view: View, out: Float32Array): void {
    const { from, to, x, y, rows } = this;
    fitTo(x, from.width, to.width, view.left, view.width, view.columns);
    fitTo(y, from.height, to.height, view.top, view.height, view.rows);
    for (let row = 0; row < from.height; row++) {
      for (let column = 0; column < to.width; column++) {
        const first = row * from.width + x.first[column]!;
        const weights = column * x.width;
        let sum = 0;
        for (let tap = 0; tap < x.count[column]!; tap++) sum += x.weights[weights + tap]! * map[first + tap]!;
        rows[row * to.width + (view.flipped ? to.width - 1 - column : column)] = sum;
      }
    }
    for (let row = 0; row < to.height; row++) {
      const first = y.first[row]!;
      const weights = row * y.width;
      for (let column = 0; column < to.width; column++) {
        let sum = 0;
        for (let tap = 0; tap < y.count[row]!; tap++) sum += y.weights[weights + tap]! * rows[(first + tap) * to.width + column]!;
        out[row * to.width + column] = sum / 255;
      }
    }
  }
}

function fitTo(taps: Taps, from: number, to: number, start: number, length: number, { begin, end }: View['rows']): void {
  taps.fit(from, to, start * from, length * from);
  // Padding is no part of the map: what falls there has no taps.
  for (let position = 0; position < to; position++) {
    const centre = start + ((position + 0.5) * length) / to;
    if (centre < begin || centre > end) taps.count[position] = 0;
  }
}
