import { padded, staysInside, type Walk } from './convolution-walk.js';

/** How a convolution's work is shared among tasks: by its shape alone, never by the threads. The sizes were found by timing. */

const PANEL_COLUMNS = 8;
const TILE_POINTS = 4;
const TILE_BYTES = 128;
/** A micro-kernel reads up to this far behind the last element that it uses. */
const SLACK = 64;
/** A unit's copied source should stay in a second-level cache. */
const UNIT_BYTES = 128 * 1024;
/** Points of a unit below which several images go together. */
const UNIT_POINTS = 64;
/** Multiplications worth a task of their own, and bytes moved (as elements). */
const TASK_PRODUCTS = 200_000;
const TASK_ELEMENTS = 20_000;
const MOST_TASKS = 64;
/** Below this many tasks a convolution is shared out by output channels too. */
const FEW_TASKS = 16;
/** Points over which a weight gradient is summed before it is worth a partial result. */
const CHUNK_POINTS = 128;
/** All partial results of a weight gradient together, unless a single one is larger. */
const PARTIAL_BYTES = 16 * 1024 * 1024;

interface Units {
  readonly unitImages: number;
  readonly unitRows: number;
  readonly copies: boolean;
  readonly units: number;
  /** Bytes of one unit's copied source. */
  readonly spaceBytes: number;
  readonly points: number;
}

export interface ForwardCut extends Units {
  /** The whole source is to be copied beforehand, with zeros around. */
  readonly pads: boolean;
  readonly tasks: number;
  readonly unitsPerTask: number;
  readonly panelShares: number;
  readonly workspace: { readonly bytes: number; readonly pointsAt: number; readonly spaceAt: number };
}

export interface WeightGradientCut extends Units {
  readonly chunks: number;
  readonly unitsPerTask: number;
  /** Shares of the output channels. */
  readonly shares: number;
  /** Rows of tiles: each 4 output channels, or 8 where each channel is a group. */
  readonly rowTiles: number;
  readonly partialBytes: number;
  readonly workspace: { readonly bytes: number; readonly linesAt: number; readonly targetAt: number; readonly spaceAt: number };
}

/** Bytes of a panel of weights (`gemm.ts`). */
export function panelBytes(depth: number): number {
  return (depth + 1) * PANEL_COLUMNS * 4;
}

/** Splits `items` of `elements` elements each for a kernel that moves them. */
export function tasksOf(items: number, elements: number): { readonly tasks: number; readonly perTask: number } {
  const perTask = Math.max(Math.ceil(items / MOST_TASKS), Math.ceil(TASK_ELEMENTS / elements));
  return { tasks: Math.ceil(items / perTask), perTask };
}

/** Every channel a group of its own: those kernels' lanes are channels. */
export function isDepthwise(walk: Walk, groups: number): boolean {
  return groups > 1 && walk.channels === groups && walk.targetChannels === groups;
}

/** Number and length of the runs (`gemm.ts`) of a window: neighbouring taps are one where nothing lies between them. */
export function runsOf(walk: Walk, groups: number): { readonly count: number; readonly floats: number } {
  const joins = groups === 1 && walk.tapColumnStep === 1;
  return {
    count: walk.tapRows * (joins ? 1 : walk.tapColumns),
    floats: ((joins ? walk.tapColumns : 1) * walk.channels) / groups,
  };
}

/** Panels of 8 columns (output channels). */
export function panelsOf(walk: Walk, groups: number): number {
  if (isDepthwise(walk, groups)) return Math.ceil(walk.targetChannels / PANEL_COLUMNS);
  return groups * Math.ceil(walk.targetChannels / groups / PANEL_COLUMNS);
}

export function cutForward(walk: Walk, groups: number): ForwardCut {
  // A depthwise tile reads 8 channels: beyond the last pixel where there are fewer.
  const reachesOut = !staysInside(walk) || (isDepthwise(walk, groups) && walk.channels % PANEL_COLUMNS !== 0);
  const units = cutUnits(walk, reachesOut, UNIT_BYTES);
  const runs = runsOf(walk, groups);
  const products = units.points * runs.count * runs.floats * walk.targetChannels;
  const unitsPerTask = Math.max(Math.ceil(units.units / MOST_TASKS), Math.ceil(TASK_PRODUCTS / Math.max(1, products)));
  const unitTasks = Math.ceil(units.units / unitsPerTask);
  const wanted = unitTasks < FEW_TASKS ? Math.min(FEW_TASKS / unitTasks, (products * unitsPerTask) / TASK_PRODUCTS) : 1;
  const panelShares = sharesOf(panelsOf(walk, groups), wanted);
  const pointsAt = align(runs.count * 4);
  const spaceAt = pointsAt + align(Math.ceil(units.points / TILE_POINTS) * 32);
  return {
    ...units,
    pads: panelShares > 1 && !staysInside(walk),
    tasks: unitTasks * panelShares,
    unitsPerTask,
    panelShares,
    workspace: { bytes: spaceAt + align(units.spaceBytes), pointsAt, spaceAt },
  };
}

export function cutWeightGradient(walk: Walk, groups: number): WeightGradientCut {
  const depthwise = isDepthwise(walk, groups);
  const runs = runsOf(walk, groups);
  const groupOut = walk.targetChannels / groups;
  // A tile reads 8 source and 4 target channels (depthwise 8 of both): beyond the last pixel where a group has fewer.
  const lanes = depthwise ? groups : runs.floats;
  const units = cutUnits(walk, !staysInside(walk) || lanes % PANEL_COLUMNS !== 0, UNIT_BYTES);
  const copiesTarget = depthwise ? groups % PANEL_COLUMNS !== 0 : groupOut % TILE_POINTS !== 0;
  const rowTiles = depthwise ? panelsOf(walk, groups) : groups * Math.ceil(groupOut / TILE_POINTS);
  const columnTiles = depthwise ? Math.ceil(runs.count / TILE_POINTS) : runs.count * Math.ceil(runs.floats / PANEL_COLUMNS);
  const partialBytes = rowTiles * columnTiles * TILE_BYTES;
  const mostChunks = Math.max(1, Math.min(MOST_TASKS, Math.floor(PARTIAL_BYTES / partialBytes)));
  const products = units.points * runs.count * runs.floats * walk.targetChannels;
  const unitsPerTask = Math.max(
    Math.ceil(units.units / mostChunks),
    Math.ceil(TASK_PRODUCTS / products),
    Math.ceil(CHUNK_POINTS / units.points),
  );
  const chunks = Math.ceil(units.units / unitsPerTask);
  const wanted = chunks < FEW_TASKS ? Math.min(FEW_TASKS / chunks, (products * unitsPerTask) / TASK_PRODUCTS) : 1;
  const linesAt = align(runs.count * 4);
  const targetBegin = linesAt + align(units.unitImages * units.unitRows * 8);
  const spaceAt = targetBegin + (copiesTarget ? align(units.points * walk.targetChannels * 4 + SLACK) : 0);
  return {
    ...units,
    chunks,
    unitsPerTask,
    shares: sharesOf(rowTiles, wanted),
    rowTiles,
    partialBytes,
    workspace: { bytes: spaceAt + align(units.spaceBytes), linesAt, targetAt: copiesTarget ? targetBegin : 0, spaceAt },
  };
}

/** Whole images where they are small, some rows of one where it is large: so that a unit's source is at most `most` bytes. */
function cutUnits(walk: Walk, copies: boolean, most: number): Units {
  const { height, width } = padded(walk);
  const rowBytes = width * walk.channels * 4;
  const imagePoints = walk.gridHeight * walk.gridWidth;
  const whole = Math.floor(most / (height * rowBytes));
  let unitImages = 1;
  let unitRows = walk.gridHeight;
  if (whole >= 1) {
    unitImages = Math.max(1, Math.min(walk.batch, whole, Math.ceil(UNIT_POINTS / imagePoints)));
  } else {
    const reach = (walk.tapRows - 1) * walk.tapRowStep + 1;
    const fitting = Math.max(1, Math.floor((most / rowBytes - reach) / walk.step) + 1);
    unitRows = Math.ceil(walk.gridHeight / Math.ceil(walk.gridHeight / fitting));
  }
  const unitHeight = (unitRows - 1) * walk.step + (walk.tapRows - 1) * walk.tapRowStep + 1;
  return {
    unitImages,
    unitRows,
    copies,
    units: Math.ceil(walk.batch / unitImages) * Math.ceil(walk.gridHeight / unitRows),
    spaceBytes: copies ? unitImages * unitHeight * rowBytes + SLACK : 0,
    points: unitImages * unitRows * walk.gridWidth,
  };
}

/** How many tasks share `items`, about `wanted` of them, none without work. */
function sharesOf(items: number, wanted: number): number {
  const perShare = Math.ceil(items / Math.max(1, Math.min(items, Math.floor(wanted))));
  return Math.ceil(items / perShare);
}

function align(bytes: number): number {
  return Math.ceil(bytes / 64) * 64;
}
