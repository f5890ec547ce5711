import type { Address, DynamicGeometry } from '../kernels.js';
import type { WasmContext } from './context.js';
import { tasksOf } from './convolution-cuts.js';

/** Sizes of the kernels (`src/kernels/assembly/dynamic-winograd.ts`). */
const TILE_SIDE = 4;
const FREQUENCIES = 36;
const TAPS = 9;
const PANEL_COLUMNS = 8;
const QUAD = 4;
const QUADS_AT_ONCE = 4;
const BLOCK_CHANNELS = 16;
const BLOCK_BYTES = FREQUENCIES * QUAD * BLOCK_CHANNELS * 4;
const PRODUCTS_BYTES = FREQUENCIES * QUADS_AT_ONCE * QUAD * PANEL_COLUMNS * 4;
const SCRATCH_BYTES = 2 * FREQUENCIES * 16;
/** Bytes of a kept channel in the list: its places and its gate. */
const PLACE_BYTES = 12;

/** A unit's transformed tiles should stay in a second-level cache, but filters are transformed anew for each unit. */
const UNIT_BYTES = 320 * 1024;
/** Channels of a task that packs filters. */
const CHANNELS_OF_TASK = 256;
/** Tasks that there are at least, where heads have the channels: each has tiles of its own to scale. */
const FEWEST_TASKS = 4;

/**
 * What a product, an element of a transformed tile and a filter's element take, in the time of one product of the direct convolution: found by
 * timing.
 */
const PRODUCT_TIME = 1.1;
const TRANSFORM_TIME = 13;
const FILTER_TIME = 60;

const whole = (length: number, multiple: number): number => Math.ceil(length / multiple) * multiple;

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
  return products + transforms + unitsOf(g).units * g.kept * outputs * FILTER_TIME < direct;
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
export function dynamicWinograd(
  wasm: WasmContext,
  g: DynamicGeometry,
  x: Address,
  filters: Address,
  gates: Address,
  index: Address,
  y: Address,
): void {
  const { rows, columns, quads } = tilesOf(g);
  const geometry = [
    ...[x, g.height, g.width, g.inChannels, g.padding],
    ...[y, g.outHeight, g.outWidth, g.outChannels, g.heads, rows, columns],
  ];
  if (quads * QUAD <= g.outChannels / g.heads) convolvePanels(wasm, g, geometry, quads, { filters, gates, index });
  else convolveTiles(wasm, g, geometry, { filters, gates, index });
}

interface Operands {
  readonly filters: Address;
  readonly gates: Address;
  readonly index: Address;
}

function convolveTiles(wasm: WasmContext, g: DynamicGeometry, geometry: readonly number[], { filters, gates, index }: Operands): void {
  const { unitQuads, units } = unitsOf(g);
  const panels = panelsOf(g);
  const panelBytes = FREQUENCIES * (Math.ceil(g.kept / 2) | 1) * 64;
  const listBytes = whole(g.kept * PLACE_BYTES, 64);
  wasm.scratch(g.batch * panels * panelBytes, (packed) => {
    const packBytes = listBytes + SCRATCH_BYTES;
    wasm.scratch(g.batch * panels * packBytes, (workspace) => {
      const sizes = [g.heads, g.kept, g.inChannels, panels / g.heads];
      wasm.run('packKeptFilters', g.batch * panels, [...sizes, gates, index, filters, packed, workspace, packBytes]);
    });
    const workspaceBytes = PRODUCTS_BYTES + SCRATCH_BYTES + listBytes + unitQuads * quadBytesOf(g);
    wasm.scratch(g.batch * units * workspaceBytes, (workspace) => {
      const operands = [gates, packed, 0, workspace, workspaceBytes, index];
      wasm.run('dynamicWinogradTiles', g.batch * units, [...geometry, g.kept, unitQuads, units, ...operands]);
    });
  });
}

function convolvePanels(
  wasm: WasmContext,
  g: DynamicGeometry,
  geometry: readonly number[],
  quads: number,
  { filters, gates, index }: Operands,
): void {
  const all = g.batch * quads;
  const { tasks, perTask } = tasksOf(all, quadBytesOf(g) / 4);
  const headPanels = panelsOf(g) / g.heads;
  const perShare = Math.ceil(headPanels / Math.min(headPanels, Math.ceil(FEWEST_TASKS / (g.batch * g.heads))));
  const shares = g.heads * Math.ceil(headPanels / perShare);
  const listBytes = whole(g.kept * PLACE_BYTES, 64);
  const pickedBytes = Math.ceil(g.kept / BLOCK_CHANNELS) * FREQUENCIES * quads * BLOCK_CHANNELS * QUAD * 4;
  const productBytes = FREQUENCIES * quads * QUAD * PANEL_COLUMNS * 4;
  const workspaceBytes = FREQUENCIES * BLOCK_CHANNELS * PANEL_COLUMNS * 4 + productBytes + SCRATCH_BYTES + listBytes + pickedBytes;
  wasm.scratch(all * quadBytesOf(g), (transformed) => {
    const transformBytes = BLOCK_BYTES + SCRATCH_BYTES;
    wasm.scratch(tasks * transformBytes, (work) => {
      wasm.run('transformDynamicTiles', tasks, [...geometry, all, perTask, transformed, work, transformBytes]);
    });
    wasm.scratch(g.batch * shares * workspaceBytes, (workspace) => {
      const operands = [filters, 0, workspace, workspaceBytes, gates, index, transformed];
      wasm.run('dynamicWinogradPanels', g.batch * shares, [...geometry, g.kept, quads, shares, perShare, ...operands]);
    });
  });
}
