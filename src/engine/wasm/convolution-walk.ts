import type { Address, Conv2dGeometry } from '../kernels.js';

/** How a grid of points sees a source and writes a target: the arguments that `src/kernels/assembly/windows.ts` explains. */
export interface Walk {
  readonly source: Address;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly top: number;
  readonly left: number;
  readonly step: number;
  readonly tapRows: number;
  readonly tapColumns: number;
  readonly tapRowStep: number;
  readonly tapColumnStep: number;
  readonly batch: number;
  readonly gridHeight: number;
  readonly gridWidth: number;
  readonly target: Address;
  readonly targetHeight: number;
  readonly targetWidth: number;
  readonly targetChannels: number;
  readonly targetStep: number;
  readonly targetRow: number;
  readonly targetColumn: number;
}

/** The grid is the output. */
export function forwardWalk(g: Conv2dGeometry, source: Address, target: Address): Walk {
  return joinImages({
    source,
    height: g.height,
    width: g.width,
    channels: g.inChannels,
    top: g.padding,
    left: g.padding,
    step: g.stride,
    tapRows: g.kernelHeight,
    tapColumns: g.kernelWidth,
    tapRowStep: g.dilation,
    tapColumnStep: g.dilation,
    batch: g.batch,
    gridHeight: g.outHeight,
    gridWidth: g.outWidth,
    target,
    targetHeight: g.outHeight,
    targetWidth: g.outWidth,
    targetChannels: g.outChannels,
    targetStep: 1,
    targetRow: 0,
    targetColumn: 0,
  });
}

export interface GradientPhase {
  readonly walk: Walk;
  /** The weights' tap that is the walk's first; the steps to the next ones are negative. */
  readonly firstRow: number;
  readonly firstColumn: number;
  readonly rowStep: number;
  readonly columnStep: number;
}

/**
 * The input gradient in stride² phases. Input row r gets weight row k from output row p where r + padding - k * dilation = p * stride.
 * All r = phase + stride * i share their k: those with k * dilation = phase + padding (modulo stride), which lie
 * stride / gcd(stride, dilation) apart. For them p = i + (phase + padding - k * dilation) / stride: a convolution of dy with step 1,
 * whose taps run through these k backwards. With stride 1 it is the one with the flipped kernel. A phase that no k
 * reaches has no taps: its gradient is 0.
 */
export function gradientPhases(g: Conv2dGeometry, dy: Address, dx: Address): GradientPhase[] {
  const phases: GradientPhase[] = [];
  for (let row = 0; row < Math.min(g.stride, g.height); row++) {
    const rows = phaseTaps(g, row, g.kernelHeight);
    for (let column = 0; column < Math.min(g.stride, g.width); column++) {
      const columns = phaseTaps(g, column, g.kernelWidth);
      const reached = rows.count > 0 && columns.count > 0;
      const walk: Walk = {
        source: dy,
        height: g.outHeight,
        width: g.outWidth,
        channels: g.outChannels,
        top: reached ? rows.before : 0,
        left: reached ? columns.before : 0,
        step: 1,
        tapRows: reached ? rows.count : 0,
        tapColumns: reached ? columns.count : 1,
        tapRowStep: rows.gridStep,
        tapColumnStep: columns.gridStep,
        batch: g.batch,
        gridHeight: Math.ceil((g.height - row) / g.stride),
        gridWidth: Math.ceil((g.width - column) / g.stride),
        target: dx,
        targetHeight: g.height,
        targetWidth: g.width,
        targetChannels: g.inChannels,
        targetStep: g.stride,
        targetRow: row,
        targetColumn: column,
      };
      phases.push({
        walk: joinImages(walk),
        firstRow: rows.last,
        firstColumn: columns.last,
        rowStep: -rows.tapStep,
        columnStep: -columns.tapStep,
      });
    }
  }
  return phases;
}

function phaseTaps(g: Conv2dGeometry, phase: number, kernel: number) {
  const tapStep = g.stride / greatestCommonDivisor(g.stride, g.dilation);
  let first = 0;
  while (first < tapStep && (phase + g.padding - first * g.dilation) % g.stride !== 0) first++;
  const count = first < tapStep && first < kernel ? Math.ceil((kernel - first) / tapStep) : 0;
  const last = first + (count - 1) * tapStep;
  return {
    count,
    last,
    tapStep,
    gridStep: (tapStep * g.dilation) / g.stride,
    before: -(phase + g.padding - last * g.dilation) / g.stride,
  };
}

/** A pointwise convolution knows no images: its pixels are the rows of one matrix. */
function joinImages(walk: Walk): Walk {
  const pointwise = walk.tapRows === 1 && walk.tapColumns === 1 && walk.step === 1 && walk.targetStep === 1;
  const aligned = walk.top === 0 && walk.left === 0 && walk.gridHeight === walk.height && walk.gridWidth === walk.width;
  if (!pointwise || !aligned) return walk;
  const rows = walk.batch * walk.height * walk.width;
  return { ...walk, batch: 1, height: rows, width: 1, gridHeight: rows, gridWidth: 1, targetHeight: rows, targetWidth: 1 };
}

/** Size of the source with zeros around it, as far as the taps reach. */
export function padded(walk: Walk): { readonly height: number; readonly width: number } {
  return {
    height: (walk.gridHeight - 1) * walk.step + (walk.tapRows - 1) * walk.tapRowStep + 1,
    width: (walk.gridWidth - 1) * walk.step + (walk.tapColumns - 1) * walk.tapColumnStep + 1,
  };
}

/** Whether all taps lie inside the source. */
export function staysInside(walk: Walk): boolean {
  if (walk.tapRows === 0) return true;
  const { height, width } = padded(walk);
  return walk.top <= 0 && walk.left <= 0 && height - walk.top <= walk.height && width - walk.left <= walk.width;
}

/** The walk as the first arguments of a kernel. */
export function walkIntegers(
  walk: Walk,
  cut: { readonly unitImages: number; readonly unitRows: number; readonly copies: boolean },
) {
  return [
    ...[walk.source, walk.height, walk.width, walk.channels, walk.top, walk.left, walk.step],
    ...[walk.tapRows, walk.tapColumns, walk.tapRowStep, walk.tapColumnStep, walk.batch, walk.gridHeight, walk.gridWidth],
    ...[
      walk.target,
      walk.targetHeight,
      walk.targetWidth,
      walk.targetChannels,
      walk.targetStep,
      walk.targetRow,
      walk.targetColumn,
    ],
    ...[cut.unitImages, cut.unitRows, cut.copies ? 1 : 0],
  ];
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
