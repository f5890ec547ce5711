import type { Address, DynamicGeometry, FinishTensors } from '../kernels.js';
import type { WasmContext } from './context.js';
import { tasksOf } from './convolution-cuts.js';
import { finishFrom, finishIntegers } from './inference.js';
import {
  BLOCK_BYTES,
  BLOCK_CHANNELS,
  FREQUENCIES,
  PANEL_BLOCK_BYTES,
  PANEL_COLUMNS,
  PRODUCT_TIME,
  PRODUCTS_BYTES,
  QUAD,
  QUADS_AT_ONCE,
  SCRATCH_BYTES,
  TRANSFORM_TIME,
  whole,
} from './winograd-sizes.js';

/** Sizes of the kernels (`src/kernels/assembly/dynamic-winograd.ts`). */
const TILE_SIDE = 4;
const TAPS = 9;
/** Bytes of a kept channel in the list: its places and its gate. */
const PLACE_BYTES = 12;

/** A unit's transformed tiles should stay in a second-level cache; but all filters are read again for each unit. */
const UNIT_BYTES = 320 * 1024;
/** Every task has a workspace of its own: so images go some at a time. */
const MOST_TASKS = 16;
/** Channels of a task that packs filters. */
const CHANNELS_OF_TASK = 256;
/** Tasks that there are at least of few tiles; each scales its tiles for itself. */
const FEWEST_TASKS = 4;

/** What transforming a filter's element takes, as `PRODUCT_TIME`. */
const FILTER_TIME = 120;

function tilesOf(g: DynamicGeometry) {
  const rows = Math.ceil(g.outHeight / TILE_SIDE);
  const columns = Math.ceil(g.outWidth / TILE_SIDE);
  return { rows, columns, count: rows * columns, quads: Math.ceil((rows * columns) / QUAD) };
}

/** Whether the algorithm fits, and is expected to be faster than the direct one: by the shape of one image alone. */
export function paysDynamicWinograd(g: DynamicGeometry): boolean {
  if (g.kernelHeight !== 3 || g.kernelWidth !== 3 || g.stride !== 1 || g.dilation !== 1) return false;
  const headOut = g.outChannels / g.heads;
  if (g.kept < QUAD || headOut < QUAD) return false;
  const { count, quads } = tilesOf(g);
  const outputs = g.heads * whole(headOut, PANEL_COLUMNS);
  const direct = g.outHeight * g.outWidth * TAPS * g.kept * outputs;
  const products = FREQUENCIES * quads * QUAD * g.kept * outputs * PRODUCT_TIME;
  const transforms = count * TILE_SIDE * TILE_SIDE * (whole(g.inChannels, QUAD) + outputs) * TRANSFORM_TIME;
  return products + transforms + g.kept * outputs * FILTER_TIME < direct;
}

/** Whether an image's tiles are fewer than a head's output channels: which form of the algorithm is used. */
export function hasFewTiles(g: DynamicGeometry): boolean {
  return tilesOf(g).quads * QUAD <= g.outChannels / g.heads;
}

/** Units of an image's tiles, alike in size: as many tiles as the cache holds transformed. */
function unitsOf(g: DynamicGeometry): { readonly unitQuads: number; readonly units: number } {
  const { quads } = tilesOf(g);
  const fitting = Math.max(QUADS_AT_ONCE, Math.floor(UNIT_BYTES / quadBytesOf(g)));
  const unitQuads = Math.ceil(quads / Math.ceil(quads / fitting));
  return { unitQuads, units: Math.ceil(quads / unitQuads) };
}

function quadBytesOf(g: DynamicGeometry): number {
  return Math.ceil(g.inChannels / BLOCK_CHANNELS) * BLOCK_BYTES;
}

function panelsOf(g: DynamicGeometry): number {
  return g.heads * Math.ceil(g.outChannels / g.heads / PANEL_COLUMNS);
}

export function dynamicFilterFloats(g: DynamicGeometry): number {
  return panelsOf(g) * g.inChannels * TAPS * PANEL_COLUMNS;
}

export function packDynamicFilters(wasm: WasmContext, g: DynamicGeometry, w: Address, filters: Address): void {
  const size = Math.min(g.inChannels, CHANNELS_OF_TASK);
  const blocks = Math.ceil(g.inChannels / size);
  wasm.run('packDynamicFilters', panelsOf(g) * blocks, [g.outChannels / g.heads, g.inChannels, size, blocks, w, filters]);
}

/** @param filters as `packDynamicFilters` makes them */
export function dynamicWinograd(wasm: WasmContext, g: DynamicGeometry, operands: Operands): void {
  const { x, gates, index, finish, y } = operands;
  const { quads } = tilesOf(g);
  const few = hasFewTiles(g);
  const outputBytes = g.outHeight * g.outWidth * g.outChannels * 4;
  const atOnce = Math.max(1, Math.floor(MOST_TASKS / (few ? sharesOf(g, 1).shares : unitsOf(g).units)));
  for (let first = 0; first < g.batch; first += atOnce) {
    const images = { ...g, batch: Math.min(atOnce, g.batch - first) };
    const some = {
      ...operands,
      x: x + first * g.height * g.width * g.inChannels * 4,
      gates: gates + first * g.heads * g.inChannels * 4,
      index: index + first * g.heads * g.kept * 4,
      finish: finishFrom(finish, first * outputBytes),
      y: y + first * outputBytes,
    };
    if (few) convolvePanels(wasm, images, quads, some);
    else convolveTiles(wasm, images, some);
  }
}

interface Operands {
  readonly x: Address;
  readonly filters: Address;
  readonly gates: Address;
  readonly index: Address;
  readonly finish: FinishTensors | null;
  readonly y: Address;
}

/** Arguments 0 to 12 of the kernels. */
function geometryOf(g: DynamicGeometry, { x, y }: Operands): readonly number[] {
  const { rows, columns } = tilesOf(g);
  const source = [x, g.height, g.width, g.inChannels, g.padding];
  return [...source, y, g.outHeight, g.outWidth, g.outChannels, g.heads, rows, columns, g.kept];
}

/** For many tiles: filters of the kept channels are transformed beforehand, tiles in units that the cache holds. */
function convolveTiles(wasm: WasmContext, g: DynamicGeometry, operands: Operands): void {
  const { filters, gates, index, finish } = operands;
  const { unitQuads, units } = unitsOf(g);
  const panels = panelsOf(g);
  const panelBytes = FREQUENCIES * (Math.ceil(g.kept / 2) | 1) * 64;
  wasm.scratch(g.batch * panels * panelBytes, (packed) => {
    const packBytes = listBytesOf(g) + SCRATCH_BYTES;
    wasm.scratch(g.batch * panels * packBytes, (workspace) => {
      const sizes = [g.heads, g.kept, g.inChannels, panels / g.heads];
      wasm.run('packKeptFilters', g.batch * panels, [...sizes, gates, index, filters, packed, workspace, packBytes]);
    });
    const bytes = PRODUCTS_BYTES + SCRATCH_BYTES + listBytesOf(g) + unitQuads * quadBytesOf(g);
    wasm.scratch(g.batch * units * bytes, (workspace) => {
      const rest = [unitQuads, units, gates, packed, 0, workspace, bytes, index, ...finishIntegers(finish)];
      wasm.run('dynamicWinogradTiles', g.batch * units, [...geometryOf(g, operands), ...rest]);
    });
  });
}

/** For few tiles: they are transformed beforehand, filters where they are used. */
function convolvePanels(wasm: WasmContext, g: DynamicGeometry, quads: number, operands: Operands): void {
  const { filters, gates, index, finish } = operands;
  const all = g.batch * quads;
  const { tasks, perTask } = tasksOf(all, quadBytesOf(g) / 4);
  const { shares, perShare } = sharesOf(g, g.batch);
  const pickedBytes = Math.ceil(g.kept / BLOCK_CHANNELS) * quads * BLOCK_BYTES;
  const productBytes = (quads * PRODUCTS_BYTES) / QUADS_AT_ONCE;
  const bytes = PANEL_BLOCK_BYTES + productBytes + SCRATCH_BYTES + listBytesOf(g) + pickedBytes;
  wasm.scratch(all * quadBytesOf(g), (transformed) => {
    const transformBytes = BLOCK_BYTES + SCRATCH_BYTES;
    wasm.scratch(tasks * transformBytes, (workspace) => {
      const rest = [all, perTask, transformed, workspace, transformBytes];
      wasm.run('transformDynamicTiles', tasks, [...geometryOf(g, operands), ...rest]);
    });
    wasm.scratch(g.batch * shares * bytes, (workspace) => {
      const rest = [quads, shares, perShare, filters, 0, workspace, bytes, gates, index, transformed, ...finishIntegers(finish)];
      wasm.run('dynamicWinogradPanels', g.batch * shares, [...geometryOf(g, operands), ...rest]);
    });
  });
}

/** Shares of the heads' panels, none with more than one head's, which has tiles of its own. */
function sharesOf(g: DynamicGeometry, batch: number): { readonly shares: number; readonly perShare: number } {
  const headPanels = panelsOf(g) / g.heads;
  const perShare = Math.ceil(headPanels / Math.min(headPanels, Math.ceil(FEWEST_TASKS / (batch * g.heads))));
  return { shares: g.heads * Math.ceil(headPanels / perShare), perShare };
}

function listBytesOf(g: DynamicGeometry): number {
  return whole(g.kept * PLACE_BYTES, 64);
}
