/** How a face is cut out of its picture: training, judging and deciding must do it alike. */
export interface FaceCrop {
  /** The crop's side as a multiple of the box's, from 0.5 to 4. */
  readonly scale: number;
  /** `keep`: a square about the longer side of the box; `stretch`: the box's own aspect, squeezed into the square (as CDCN's authors do). */
  readonly aspect: 'keep' | 'stretch';
  /** What stands for the parts beyond the picture: its outermost pixels, or black. */
  readonly fill: 'edge' | 'black';
}

export function isCropScale(scale: unknown): scale is number {
  return typeof scale === 'number' && scale >= 0.5 && scale <= 4;
}

/** Whether two crops show the same of a face. */
export function isSameCrop(a: FaceCrop, b: FaceCrop): boolean {
  return a.scale === b.scale && a.aspect === b.aspect && a.fill === b.fill;
}

/** `1.4 times the box, keep, edge` */
export function formatCrop({ scale, aspect, fill }: FaceCrop): string {
  return `${scale} times the box, ${aspect}, ${fill}`;
}
