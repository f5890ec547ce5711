import type { Address, Conv2dGeometry } from '../kernels.js';
import type { WasmContext } from './context.js';
import { partition } from './partition.js';

/** Output channels of a group below which lanes are better pixels than channels, and in a weight gradient: found by timing. */
const FEW_CHANNELS = 8;
const FEW_GRADIENT_CHANNELS = 4;
const VECTOR_SLACK = 16;
/** Source planes of a band: the second-level cache holds them. */
const BAND_BYTES = 98304;
/** Products that take as long as a plain element. */
const PRODUCTS_OF_ELEMENT = 8;
const TILE_BYTES = 128;
/** Partial results have the size of four times the weights: no more than these. */
const MOST_CHUNKS = 16;

/** A convolution of stride 1 as the kernels of `assembly/grouped.ts` see it: forward, or of dy towards dx. */
interface Plan {
  readonly batch: number;
  readonly height: number;
  readonly width: number;
  readonly sourceChannels: number;
  readonly targetHeight: number;
  readonly targetWidth: number;
  readonly targetChannels: number;
  readonly groups: number;
  readonly kernelHeight: number;
  readonly kernelWidth: number;
  readonly top: number;
  readonly left: number;
  readonly dilation: number;
}

/** Whether these kernels take a convolution: several taps of stride 1 over small groups, padded no further than the kernel reaches. */
export function hasSmallGroups(g: Conv2dGeometry): boolean {
  const reach = (Math.min(g.kernelHeight, g.kernelWidth) - 1) * g.dilation;
  const isDepthwise = g.groups === g.inChannels && g.groups === g.outChannels;
  return (
    g.groups > 1 && !isDepthwise && g.stride === 1 && reach > 0 && g.padding <= reach && g.outChannels / g.groups < FEW_CHANNELS
  );
}

export function hasSmallGradientGroups(g: Conv2dGeometry): boolean {
  return hasSmallGroups(g) && g.outChannels / g.groups < FEW_GRADIENT_CHANNELS;
}

export function groupedConvolution(
  wasm: WasmContext,
  g: Conv2dGeometry,
  x: Address,
  w: Address,
  bias: Address,
  y: Address,
): void {
  convolve(wasm, forwardPlan(g), x, w, bias, false, y);
}

export function groupedInputGradient(wasm: WasmContext, g: Conv2dGeometry, dy: Address, w: Address, dx: Address): void {
  const plan = {
    batch: g.batch,
    height: g.outHeight,
    width: g.outWidth,
    sourceChannels: g.outChannels,
    targetHeight: g.height,
    targetWidth: g.width,
    targetChannels: g.inChannels,
    groups: g.groups,
    kernelHeight: g.kernelHeight,
    kernelWidth: g.kernelWidth,
    top: (g.kernelHeight - 1) * g.dilation - g.padding,
    left: (g.kernelWidth - 1) * g.dilation - g.padding,
    dilation: g.dilation,
  };
  convolve(wasm, plan, dy, w, 0, true, dx);
}

export function groupedWeightGradient(wasm: WasmContext, g: Conv2dGeometry, x: Address, dy: Address, dw: Address): void {
  const plan = forwardPlan(g);
  const { groups, groupSource, groupTarget, taps, terms } = sizesOf(plan);
  const cut = bandsOf(plan, groupSource);
  const unitsOfChunk = Math.ceil(cut.units / MOST_CHUNKS);
  const chunks = Math.ceil(cut.units / unitsOfChunk);
  const pairs = Math.ceil(groupTarget / 2);
  const tileBytes = pairs * Math.ceil(terms / 4) * TILE_BYTES;
  const workspace = workspaceBytes(terms, groupSource * cut.sourceFloats + groupTarget * cut.targetFloats);
  wasm.scratch(chunks * groups * tileBytes, (partials) => {
    wasm.scratch(chunks * groups * workspace, (work) => {
      const cuts = [cut.units, unitsOfChunk, cut.rowsOfBand, cut.bands];
      wasm.run('groupedWeightGradient', chunks * groups, [...integersOf(plan), ...cuts, x, dy, partials, work, workspace]);
    });
    wasm.run('sumGroupedGradient', groups * pairs, [partials, dw, chunks, groups, groupTarget, groupSource, taps]);
  });
}

function convolve(
  wasm: WasmContext,
  plan: Plan,
  source: Address,
  w: Address,
  bias: Address,
  turned: boolean,
  target: Address,
): void {
  const { groups, groupSource, groupTarget, taps, terms } = sizesOf(plan);
  const columns = groupTarget <= 2 ? 2 : 4;
  const blocks = groups * Math.ceil(groupTarget / columns);
  const cut = bandsOf(plan, plan.sourceChannels);
  const work = (cut.targetFloats * blocks * columns * terms) / PRODUCTS_OF_ELEMENT;
  const { tasks, size } = partition(cut.units, work);
  const workspace = workspaceBytes(terms, plan.sourceChannels * cut.sourceFloats + blocks * columns * cut.targetFloats);
  wasm.scratch(blocks * columns * (terms + 1) * 4, (panels) => {
    wasm.run('packGroupedWeights', blocks, [w, bias, panels, groups, groupTarget, groupSource, taps, turned ? 1 : 0]);
    wasm.scratch(tasks * workspace, (workspaces) => {
      const cuts = [cut.units, size, cut.rowsOfBand, cut.bands];
      const operands = [source, panels, target, workspaces, workspace];
      wasm.run('groupedConvolution', tasks, [...integersOf(plan), ...cuts, ...operands]);
    });
  });
}

function forwardPlan(g: Conv2dGeometry): Plan {
  return {
    batch: g.batch,
    height: g.height,
    width: g.width,
    sourceChannels: g.inChannels,
    targetHeight: g.outHeight,
    targetWidth: g.outWidth,
    targetChannels: g.outChannels,
    groups: g.groups,
    kernelHeight: g.kernelHeight,
    kernelWidth: g.kernelWidth,
    top: g.padding,
    left: g.padding,
    dilation: g.dilation,
  };
}

function integersOf(plan: Plan): number[] {
  const source = [plan.batch, plan.height, plan.width, plan.sourceChannels];
  const target = [plan.targetHeight, plan.targetWidth, plan.targetChannels];
  return [...source, ...target, plan.groups, plan.kernelHeight, plan.kernelWidth, plan.top, plan.left, plan.dilation];
}

function sizesOf(plan: Plan) {
  const groupSource = plan.sourceChannels / plan.groups;
  const taps = plan.kernelHeight * plan.kernelWidth;
  return { groups: plan.groups, groupSource, groupTarget: plan.targetChannels / plan.groups, taps, terms: taps * groupSource };
}

/** Bands of target rows whose source planes, of `channels` channels, fit the cache; floats of a band's planes. */
function bandsOf(plan: Plan, channels: number) {
  const pitch = plan.width + plan.left;
  const reach = (plan.kernelHeight - 1) * plan.dilation;
  const fitting = Math.max(1, Math.floor(BAND_BYTES / (channels * pitch * 4)) - reach);
  const bands = Math.ceil(plan.targetHeight / fitting);
  const rowsOfBand = Math.ceil(plan.targetHeight / bands);
  return {
    rowsOfBand,
    bands,
    units: plan.batch * bands,
    sourceFloats: (rowsOfBand + reach) * pitch + plan.left + VECTOR_SLACK,
    targetFloats: wholeTiles((rowsOfBand - 1) * pitch + plan.targetWidth),
  };
}

const wholeTiles = (points: number): number => Math.ceil(points / VECTOR_SLACK) * VECTOR_SLACK;

function workspaceBytes(terms: number, planeFloats: number): number {
  return Math.ceil((wholeTiles(terms) + planeFloats) / 16) * 64;
}
