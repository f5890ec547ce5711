import type { ForwardPart, TrainingPart } from '../forward-kernels.js';
import type { Address, DynamicGeometry, DynamicKernels, FinishTensors } from '../kernels.js';
import type { WasmContext } from './context.js';
import type { ConvolutionChoice } from './convolution.js';
import { dynamicFilterFloats, dynamicWinograd, packDynamicFilters, paysDynamicWinograd } from './dynamic-winograd.js';
import { finishIntegers } from './inference.js';
import { partition } from './partition.js';

const TILE_COLUMNS = 8;
const TILE_POINTS = 4;
/** Bytes of the image that a band reads for each of its heads: the nearer cache holds them. */
const BAND_BYTES = 131072;
/** Points of a band at least: its weights are gated anew for each. */
const BAND_POINTS = 64;
/** Output channels of a head above which the terms of a band's points are picked first (`assembly/dynamic.ts`), and bytes of these. */
const FEW_COLUMNS = 16;
const PICKED_BYTES = 262144;
/** Channels of a task that packs or sums weights. */
const CHANNELS_OF_TASK = 64;
/** Products that take as long as a plain element. */
const PRODUCTS_OF_ELEMENT = 8;
/** Points of a chunk of the input gradient, whose planes of all channels the nearer cache holds. */
const CHUNK_POINTS = 128;
/** Floats behind a plane, into which the last vector of points may reach. */
const PLANE_SLACK = 8;
/** The gradients' tasks have workspaces of the size of an image, or of the weights: no more than these. */
const MOST_GRADIENT_TASKS = 16;

export function dynamicKernels(wasm: WasmContext, choice: ConvolutionChoice): DynamicKernels {
  return { ...forwardDynamicKernels(wasm, choice), ...trainingKernels(wasm) };
}

export function forwardDynamicKernels(
  wasm: WasmContext,
  { winograd: mayTransform }: ConvolutionChoice,
): ForwardPart<DynamicKernels> {
  const byTiles = (g: DynamicGeometry) => mayTransform && paysDynamicWinograd(g);
  const packedDynamicWeightFloats = (g: DynamicGeometry) =>
    byTiles(g) ? dynamicFilterFloats(g) : (g.heads * headSizes(g).weightBytes) / 4;
  const packDynamicWeights = (g: DynamicGeometry, w: Address, packed: Address) => {
    if (byTiles(g)) packDynamicFilters(wasm, g, w, packed);
    else packWeights(wasm, g, w, packed);
  };
  const packedDynamicConv2d: DynamicKernels['packedDynamicConv2d'] = (g, x, packed, gates, index, finish, y) => {
    if (byTiles(g)) dynamicWinograd(wasm, g, { x, filters: packed, gates, index, finish, y });
    else convolve(wasm, g, { x, weights: packed, gates, index, finish, y });
  };
  return {
    packedDynamicWeightFloats,
    packDynamicWeights,
    packedDynamicConv2d,

    selectChannels(rows, channels, kept, dropTies, saliency, index) {
      const { tasks, size } = partition(rows, channels * 8);
      const keyBytes = Math.ceil(channels / 4) * 16;
      wasm.scratch(tasks * keyBytes, (keys) => {
        wasm.run('selectChannels', tasks, [rows, size, channels, kept, dropTies ? 1 : 0, keyBytes, saliency, index, keys]);
      });
    },

    dynamicConv2d(g, x, w, gates, index, y) {
      wasm.scratch(packedDynamicWeightFloats(g) * 4, (packed) => {
        packDynamicWeights(g, w, packed);
        packedDynamicConv2d(g, x, packed, gates, index, null, y);
      });
    },
  };
}

function trainingKernels(wasm: WasmContext): TrainingPart<DynamicKernels> {
  return {
    dynamicConv2dGradient(g, x, w, gates, index, dy, dx, dw, dgates) {
      wasm.scratch(g.heads * headSizes(g).weightBytes, (weights) => {
        packWeights(wasm, g, w, weights);
        weightGradient(wasm, g, x, weights, gates, index, dy, dw, dgates);
        if (dx !== 0) inputGradient(wasm, g, weights, gates, index, dy, dx);
      });
    },
  };
}

/** The first arguments of every kernel (`assembly/dynamic-heads.ts`). */
function geometry(g: DynamicGeometry): number[] {
  const image = [g.batch, g.height, g.width, g.inChannels, g.outHeight, g.outWidth, g.outChannels];
  return [...image, g.heads, g.kept, g.kernelHeight, g.kernelWidth, g.stride, g.padding, g.dilation];
}

/** Sizes that several kernels share: terms (tap and kept channel) of an image's head, and what its tables and weights take. */
function headSizes(g: DynamicGeometry) {
  const taps = g.kernelHeight * g.kernelWidth;
  const columns = Math.ceil(g.outChannels / g.heads / TILE_COLUMNS) * TILE_COLUMNS;
  return {
    taps,
    columns,
    termBytes: taps * g.kept * 4 * 4,
    panelBytes: taps * g.kept * TILE_COLUMNS * 4,
    weightBytes: taps * g.inChannels * columns * 4,
    readsInPlace: taps === 1 && g.padding === 0,
    paddedWidth: g.width + 2 * g.padding,
    products: g.outHeight * g.outWidth * taps * g.kept * columns,
  };
}

const wholeLines = (bytes: number): number => Math.ceil(bytes / 64) * 64;

/** The weights as [heads, taps, inChannels, columns]. */
function packWeights(wasm: WasmContext, g: DynamicGeometry, w: Address, weights: Address): void {
  const { taps } = headSizes(g);
  const blocks = channelBlocks(g);
  wasm.run('packDynamicWeights', g.heads * taps * blocks.count, [...geometry(g), blocks.size, blocks.count, w, weights]);
}

/** Cuts the channels so that heads * taps * blocks tasks stay few. */
function channelBlocks(g: DynamicGeometry): { readonly size: number; readonly count: number } {
  const { taps, columns } = headSizes(g);
  const wanted = Math.max(CHANNELS_OF_TASK, Math.ceil((g.inChannels * g.heads * taps) / 1024), Math.ceil(16384 / columns));
  const size = Math.min(g.inChannels, wanted);
  return { size, count: Math.ceil(g.inChannels / size) };
}

interface Operands {
  readonly x: Address;
  /** As `packWeights` makes them. */
  readonly weights: Address;
  readonly gates: Address;
  readonly index: Address;
  readonly finish: FinishTensors | null;
  readonly y: Address;
}

function convolve(wasm: WasmContext, g: DynamicGeometry, { x, weights, gates, index, finish, y }: Operands): void {
  const { termBytes, panelBytes, products } = headSizes(g);
  const { rowsOfBand, bands, pickedBytes, gatheredBytes } = bandsOf(g);
  const units = g.batch * bands * g.heads;
  const { tasks, size } = partition(units, products / bands / PRODUCTS_OF_ELEMENT);
  const pointBytes = (rowsOfBand * g.outWidth + TILE_POINTS) * 4;
  const workspace = wholeLines(termBytes + pointBytes + panelBytes + pickedBytes + gatheredBytes);
  wasm.scratch(tasks * workspace, (work) => {
    const cuts = [units, size, rowsOfBand, bands];
    const operands = [x, weights, gates, index, y, work, workspace, pickedBytes, ...finishIntegers(finish)];
    wasm.run('dynamicConvolution', tasks, [...geometry(g), ...cuts, ...operands]);
  });
}

/** Bands of output rows, and the bytes of a band's picked terms (0: they are not picked) and gathered channels. */
function bandsOf(g: DynamicGeometry) {
  const { taps, readsInPlace, paddedWidth } = headSizes(g);
  const picks = g.outChannels / g.heads > FEW_COLUMNS;
  const pointBytes = taps * g.kept * 4;
  const rowBytes = 4 * g.stride * (readsInPlace ? g.width * g.inChannels : paddedWidth * g.kept);
  const fewestRows = Math.ceil(BAND_POINTS / g.outWidth);
  // What is picked from the image itself is read once for each head: its band is not read again.
  const fittingSource = picks && readsInPlace ? g.outHeight : Math.floor(BAND_BYTES / rowBytes);
  const fitting = picks ? Math.min(fittingSource, Math.floor(PICKED_BYTES / (g.outWidth * pointBytes))) : fittingSource;
  const rowsOfBand = Math.min(g.outHeight, Math.max(fewestRows, fitting));
  const inRows = (rowsOfBand - 1) * g.stride + (g.kernelHeight - 1) * g.dilation + 1;
  return {
    rowsOfBand,
    bands: Math.ceil(g.outHeight / rowsOfBand),
    pickedBytes: picks ? Math.ceil((rowsOfBand * g.outWidth) / TILE_POINTS) * TILE_POINTS * pointBytes : 0,
    gatheredBytes: readsInPlace ? 0 : inRows * paddedWidth * g.kept * 4,
  };
}

function weightGradient(
  wasm: WasmContext,
  g: DynamicGeometry,
  x: Address,
  weights: Address,
  gates: Address,
  index: Address,
  dy: Address,
  dw: Address,
  dgates: Address,
): void {
  const { taps, columns, termBytes, weightBytes } = headSizes(g);
  const { rowsOfBand, gatheredBytes } = bandsOf(g);
  const imagesOfBlock = Math.ceil(g.batch / MOST_GRADIENT_TASKS);
  const blocks = Math.ceil(g.batch / imagesOfBlock);
  // Heads of one task read an image while it is near; a small batch has too few images for tasks of all heads.
  const headsOfTask = Math.ceil(g.heads / Math.min(g.heads, Math.ceil(MOST_GRADIENT_TASKS / blocks)));
  const tasks = blocks * Math.ceil(g.heads / headsOfTask);
  const columnBytes = rowsOfBand * g.outWidth * columns * 4;
  const tileBytes = Math.ceil((taps * g.kept) / TILE_POINTS) * TILE_POINTS * columns * 4;
  const headBytes = tileBytes + termBytes;
  const workspace = wholeLines(headsOfTask * headBytes + gatheredBytes + columnBytes);
  wasm.scratch(blocks * g.heads * weightBytes, (partials) => {
    wasm.scratch(tasks * workspace, (work) => {
      const operands = [x, weights, gates, index, dy, dgates, partials];
      const cuts = [imagesOfBlock, headsOfTask, rowsOfBand];
      const layout = [work, workspace, headBytes, tileBytes, gatheredBytes];
      wasm.run('dynamicWeightGradient', tasks, [...geometry(g), ...cuts, ...operands, ...layout]);
    });
    const { size, count } = channelBlocks(g);
    wasm.run('sumDynamicWeights', g.heads * taps * count, [...geometry(g), size, count, blocks, partials, dw]);
  });
}

function inputGradient(
  wasm: WasmContext,
  g: DynamicGeometry,
  weights: Address,
  gates: Address,
  index: Address,
  dy: Address,
  dx: Address,
): void {
  const { columns, termBytes, readsInPlace } = headSizes(g);
  const outPixels = g.outHeight * g.outWidth;
  const planes = readsInPlace && g.stride === 1 ? linePlanes(outPixels) : imagePlanes(g);
  const units = g.batch * planes.chunks;
  const size = Math.ceil(units / MOST_GRADIENT_TASKS);
  const tasks = Math.ceil(units / size);
  const panelBytes = columns * 4 * 4;
  const planeBytes = ((g.outChannels / g.heads) * planes.dyPitch + g.inChannels * planes.planePitch) * 4;
  const workspace = wholeLines(termBytes + panelBytes + planeBytes);
  wasm.scratch(tasks * workspace, (work) => {
    const { chunk, chunks, lineLength, phaseWidth, phaseHeight, planePitch, dyPitch } = planes;
    const cuts = [units, size, chunk, chunks, lineLength, phaseWidth, phaseHeight, planePitch, dyPitch];
    wasm.run('dynamicInputGradient', tasks, [...geometry(g), ...cuts, weights, gates, index, dy, dx, work, workspace]);
  });
}

/** How the input gradient lays out pixels (derived in `assembly/dynamic-gradient.ts`). */
interface Planes {
  /** Output points of a unit, and units of an image. */
  readonly chunk: number;
  readonly chunks: number;
  /** Output points that lie side by side. */
  readonly lineLength: number;
  readonly phaseWidth: number;
  readonly phaseHeight: number;
  /** Floats of a channel's plane, and of a row of dy. */
  readonly planePitch: number;
  readonly dyPitch: number;
}

const wholeVectors = (points: number): number => Math.ceil(points / TILE_COLUMNS) * TILE_COLUMNS;

function linePlanes(outPixels: number): Planes {
  const chunk = Math.min(CHUNK_POINTS, outPixels);
  const dyPitch = wholeVectors(chunk);
  return {
    chunk,
    chunks: Math.ceil(outPixels / chunk),
    lineLength: chunk,
    phaseWidth: chunk,
    phaseHeight: 1,
    planePitch: dyPitch + PLANE_SLACK,
    dyPitch,
  };
}

function imagePlanes(g: DynamicGeometry): Planes {
  const phaseWidth = Math.ceil((g.width + 2 * g.padding) / g.stride);
  const phaseHeight = Math.ceil((g.height + 2 * g.padding) / g.stride);
  return {
    chunk: g.outHeight * g.outWidth,
    chunks: 1,
    lineLength: g.outWidth,
    phaseWidth,
    phaseHeight,
    planePitch: wholeVectors(g.stride * g.stride * phaseWidth * phaseHeight) + PLANE_SLACK,
    dyPitch: wholeVectors((g.outHeight - 1) * phaseWidth + g.outWidth),
  };
}
