/**
 * Dense float convolution by the micro-kernels of `gemm.ts` over the walks of `windows.ts`. The callers in
 * `src/engine/wasm/convolution.ts` choose the walk and cut the work; here are the loops.
 */
import { int, ptr } from './arguments';
import {
  accumulateOuter, multiplyTile, OUTER_BYTES, packBias, packColumns, packRows, panelBytes, POINTS_BYTES, sumTileRows, TILE_COLUMNS, TILE_POINTS,
} from './gemm';
import {
  AFTER_WALK, ceilDivide, copyWindow, fillLines, fillPoints, fillRuns, finishUnit, lineLength, lineStep, runCount, runTaps, sourceChannels,
  targetChannels, targetPixelBytes, unitCount, unitImages, unitPoints, unitRows, unitSource, unitTarget,
} from './windows';

/** Packs OHWI weights [groups * columns, depth] and biases into `ceil(columns / 8)` panels a group. A task packs some panels. */
export function packForwardWeights(args: usize, task: i32): void {
  const weights = ptr(args, 0);
  const bias = ptr(args, 1);
  const panels = ptr(args, 2);
  const groups = int(args, 3);
  const columns = int(args, 4);
  const depth = int(args, 5);
  const panelsPerTask = int(args, 6);
  const groupPanels = ceilDivide(columns, TILE_COLUMNS);
  const end = min(groups * groupPanels, (task + 1) * panelsPerTask);
  const columnBytes = <usize>depth << 2;
  for (let index = task * panelsPerTask; index < end; index++) {
    const column = (index % groupPanels) * TILE_COLUMNS;
    const first = <usize>((index / groupPanels) * columns + column);
    const count = min(TILE_COLUMNS, columns - column);
    const panel = panels + <usize>index * panelBytes(depth);
    packBias(bias ? bias + (first << 2) : 0, count, panel);
    packColumns(weights + first * columnBytes, columnBytes, count, depth, panel + 32);
  }
}

/**
 * Packs OHWI weights [groups * depth, kernelHeight, kernelWidth, columns] for an input gradient: its columns are the input
 * channels, its k the taps (row by row from (firstRow, firstColumn) on, `rowStep` and `columnStep` apart), in each the output channels.
 */
export function packGradientWeights(args: usize, task: i32): void {
  const weights = ptr(args, 0);
  const panels = ptr(args, 1);
  const groups = int(args, 2);
  const columns = int(args, 3);
  const depth = int(args, 4);
  const kernelHeight = int(args, 5);
  const kernelWidth = int(args, 6);
  const tapRows = int(args, 7);
  const tapColumns = int(args, 8);
  const firstRow = int(args, 9);
  const firstColumn = int(args, 10);
  const rowStep = int(args, 11);
  const columnStep = int(args, 12);
  const panelsPerTask = int(args, 13);
  const groupPanels = ceilDivide(columns, TILE_COLUMNS);
  const end = min(groups * groupPanels, (task + 1) * panelsPerTask);
  const tapBytes = <usize>columns << 2;
  const depthBytes = <usize>(kernelHeight * kernelWidth) * tapBytes;
  for (let index = task * panelsPerTask; index < end; index++) {
    const column = (index % groupPanels) * TILE_COLUMNS;
    const from = weights + <usize>((index / groupPanels) * depth) * depthBytes + (<usize>column << 2);
    let to = panels + <usize>index * panelBytes(tapRows * tapColumns * depth);
    const count = min(TILE_COLUMNS, columns - column);
    packBias(0, count, to);
    to += 32;
    for (let row = 0; row < tapRows; row++) {
      for (let tap = 0; tap < tapColumns; tap++) {
        const place = (firstRow + row * rowStep) * kernelWidth + firstColumn + tap * columnStep;
        packRows(from + <usize>place * tapBytes, depthBytes, count, depth, to);
        to += <usize>depth << 5;
      }
    }
  }
}

/** Copies whole images with zeros around them; a task copies some rows. */
export function padImages(args: usize, task: i32): void {
  const from = ptr(args, 0);
  const to = ptr(args, 1);
  const height = int(args, 2);
  const width = int(args, 3);
  const pixelBytes = <usize>int(args, 4) << 2;
  const top = int(args, 5);
  const left = int(args, 6);
  const toHeight = int(args, 7);
  const toWidth = int(args, 8);
  const rows = int(args, 9);
  const rowsPerTask = int(args, 10);
  const end = min(rows, (task + 1) * rowsPerTask);
  let row = task * rowsPerTask;
  while (row < end) {
    const image = row / toHeight;
    const inImage = row - image * toHeight;
    const count = min(end - row, toHeight - inImage);
    copyWindow(
      from + <usize>(image * height * width) * pixelBytes, height, width, pixelBytes,
      inImage - top, -left, count, toWidth, to + <usize>(row * toWidth) * pixelBytes,
    );
    row += count;
  }
}

/**
 * target = finish(walk * panels). A task takes some units and one share of the panels; its workspace holds the tables of runs and
 * points, then the units' copied source. The finish (`finish-rows.ts`) comes last among the arguments; only a walk whose grid is its target has one.
 */
export function convolve(args: usize, task: i32): void {
  const panels = ptr(args, AFTER_WALK);
  const groups = int(args, AFTER_WALK + 1);
  const panelShares = int(args, AFTER_WALK + 2);
  const unitsPerTask = int(args, AFTER_WALK + 3);
  const pointsAt = <usize>int(args, AFTER_WALK + 4);
  const spaceAt = <usize>int(args, AFTER_WALK + 5);
  const runs = ptr(args, AFTER_WALK + 6) + <usize>int(args, AFTER_WALK + 7) * <usize>task;
  const points = runs + pointsAt;
  const groupIn = sourceChannels(args) / groups;
  const columns = targetChannels(args) / groups;
  const groupPanels = ceilDivide(columns, TILE_COLUMNS);
  const runFloats = runTaps(args, groups > 1) * groupIn;
  const count = runCount(args, groups > 1);
  const bytes = panelBytes(count * runFloats);
  const runsEnd = runs + (<usize>count << 2);
  fillRuns(args, groups > 1, runs);

  const share = task % panelShares;
  const perShare = ceilDivide(groups * groupPanels, panelShares);
  const firstPanel = share * perShare;
  const endPanel = min(groups * groupPanels, firstPanel + perShare);
  const firstUnit = (task / panelShares) * unitsPerTask;
  const endUnit = min(unitCount(args), firstUnit + unitsPerTask);
  let tiles = 0;
  let size = 0;
  for (let unit = firstUnit; unit < endUnit; unit++) {
    const images = unitImages(args, unit);
    const rows = unitRows(args, unit);
    if (unitPoints(args, images, rows) != size) {
      size = unitPoints(args, images, rows);
      tiles = fillPoints(args, images, rows, points);
    }
    const source = unitSource(args, unit, runs + spaceAt);
    const target = unitTarget(args, unit);
    const pointsEnd = points + <usize>tiles * POINTS_BYTES;
    for (let index = firstPanel; index < endPanel; index++) {
      const group = index / groupPanels;
      const column = (index - group * groupPanels) * TILE_COLUMNS;
      const panel = panels + <usize>index * bytes;
      const from = source + (<usize>(group * groupIn) << 2);
      const to = target + (<usize>(group * columns + column) << 2);
      const stored = min(TILE_COLUMNS, columns - column);
      for (let tile = points; tile < pointsEnd; tile += POINTS_BYTES) {
        multiplyTile(from, to, tile, runs, runsEnd, <usize>runFloats << 2, panel, stored);
      }
    }
    finishUnit(
      args, args + ((AFTER_WALK + 8) << 2), unit, size, panelChannel(firstPanel, groupPanels, columns), panelChannel(endPanel, groupPanels, columns),
    );
  }
}

/** The first channel of a panel, counted over all groups. */
@inline
function panelChannel(panel: i32, groupPanels: i32, columns: i32): i32 {
  return (panel / groupPanels) * columns + (panel % groupPanels) * TILE_COLUMNS;
}

/**
 * Partial weight gradients. A task takes a chunk of units and a share of the output channels, and writes its tiles
 * [group, ceil(output channels / 4), run, ceil(run / 8)] of 4 x 8 sums. Its workspace holds the tables of runs and lines, the copy of
 * the units' target where the channels of a group are no multiple of 4 (a tile reads four), and the copied source.
 */
export function multiplyWeightGradient(args: usize, task: i32): void {
  const partials = ptr(args, AFTER_WALK);
  const groups = int(args, AFTER_WALK + 1);
  const shares = int(args, AFTER_WALK + 2);
  const unitsPerTask = int(args, AFTER_WALK + 3);
  const linesAt = <usize>int(args, AFTER_WALK + 4);
  const targetAt = <usize>int(args, AFTER_WALK + 5);
  const spaceAt = <usize>int(args, AFTER_WALK + 6);
  const runs = ptr(args, AFTER_WALK + 7) + <usize>int(args, AFTER_WALK + 8) * <usize>task;
  const lines = runs + linesAt;
  const groupIn = sourceChannels(args) / groups;
  const groupOut = targetChannels(args) / groups;
  const groupTiles = ceilDivide(groupOut, TILE_POINTS);
  const runFloats = runTaps(args, groups > 1) * groupIn;
  const count = runCount(args, groups > 1);
  const runTiles = ceilDivide(runFloats, TILE_COLUMNS);
  const leftStep = targetPixelBytes(args);
  const rightStep = lineStep(args);
  fillRuns(args, groups > 1, runs);

  const chunk = task / shares;
  const perShare = ceilDivide(groups * groupTiles, shares);
  const first = (task % shares) * perShare;
  const end = min(groups * groupTiles, first + perShare);
  const rowTilesBytes = <usize>(count * runTiles) * OUTER_BYTES;
  const firstTile = partials + <usize>(chunk * groups * groupTiles + first) * rowTilesBytes;
  const firstUnit = chunk * unitsPerTask;
  const endUnit = min(unitCount(args), firstUnit + unitsPerTask);
  for (let unit = firstUnit; unit < endUnit; unit++) {
    const images = unitImages(args, unit);
    const rows = unitRows(args, unit);
    const linesEnd = lines + (<usize>fillLines(args, images, rows, lines) << 3);
    const length = lineLength(args, images, rows);
    const right = unitSource(args, unit, runs + spaceAt);
    let left = unitTarget(args, unit);
    if (targetAt) {
      memory.copy(runs + targetAt, left, <usize>unitPoints(args, images, rows) * leftStep);
      left = runs + targetAt;
    }
    let tile = firstTile;
    for (let index = first; index < end; index++) {
      const group = index / groupTiles;
      const row = (index - group * groupTiles) * TILE_POINTS;
      const a = left + (<usize>(group * groupOut + row) << 2);
      for (let run = 0; run < count; run++) {
        let b = right + (<usize>(group * groupIn) << 2) + load<u32>(runs + (<usize>run << 2));
        for (let column = 0; column < runTiles; column++) {
          // Two calls, lest the compiler moves the micro-kernel's loop in here, where it runs out of registers.
          if (unit > firstUnit) accumulateOuter(a, b, lines, linesEnd, length, leftStep, rightStep, tile, 1);
          else accumulateOuter(a, b, lines, linesEnd, length, leftStep, rightStep, tile, 0);
          b += 32;
          tile += OUTER_BYTES;
        }
      }
    }
  }
}

/** Adds the chunks' partial weight gradients in their order and writes OHWI rows. A task takes some rows of tiles. */
export function sumWeightGradient(args: usize, task: i32): void {
  const partials = ptr(args, 0);
  const weights = ptr(args, 1);
  const chunks = int(args, 2);
  const groups = int(args, 3);
  const groupOut = int(args, 4);
  const count = int(args, 5);
  const runFloats = int(args, 6);
  const rowsPerTask = int(args, 7);
  const groupTiles = ceilDivide(groupOut, TILE_POINTS);
  const runTiles = ceilDivide(runFloats, TILE_COLUMNS);
  const chunkBytes = <usize>(groups * groupTiles * count * runTiles) * OUTER_BYTES;
  const end = min(groups * groupTiles, (task + 1) * rowsPerTask);
  for (let index = task * rowsPerTask; index < end; index++) {
    const group = index / groupTiles;
    const row = (index - group * groupTiles) * TILE_POINTS;
    const rows = min(TILE_POINTS, groupOut - row);
    let tile = partials + <usize>(index * count * runTiles) * OUTER_BYTES;
    for (let run = 0; run < count; run++) {
      for (let column = 0; column < runTiles; column++) {
        const columns = min(TILE_COLUMNS, runFloats - column * TILE_COLUMNS);
        for (let i = 0; i < rows; i++) {
          const from = tile + (<usize>i << 5);
          const to = ((group * groupOut + row + i) * count + run) * runFloats + column * TILE_COLUMNS;
          sumTileRows(from, chunks, chunkBytes, columns, weights + (<usize>to << 2));
        }
        tile += OUTER_BYTES;
      }
    }
  }
}
