import type { ForwardPart, TrainingPart } from '../forward-kernels.js';
import type { Address, Conv2dGeometry, ConvolutionKernels, FinishTensors, PackedFilters } from '../kernels.js';
import type { WasmContext } from './context.js';
import { cutForward, cutWeightGradient, isDepthwise, panelBytes, panelsOf, runsOf, tasksOf } from './convolution-cuts.js';
import { forwardWalk, gradientPhases, padded, type Walk, walkIntegers } from './convolution-walk.js';
import {
  groupedConvolution,
  groupedInputGradient,
  groupedWeightGradient,
  hasSmallGradientGroups,
  hasSmallGroups,
} from './grouped-convolution.js';
import { finishAll, finishIntegers } from './inference.js';
import { packStridedFilters, paysStridedWinograd, stridedFilterFloats, stridedWinograd } from './strided-winograd.js';
import {
  forwardProblem,
  inputGradientProblem,
  paysWinograd,
  paysWinogradGradient,
  transformFilters,
  winograd,
  winogradFilterFloats,
  winogradWeightGradient,
} from './winograd.js';

export interface ConvolutionChoice {
  /** Winograd's algorithm (`winograd.ts`) where it is faster; false: always the direct one. */
  readonly winograd: boolean;
}

/**
 * Dense convolutions, by Winograd's algorithm or directly: a walk (`convolution-walk.ts`) says which source pixels meet in which target pixel, a cut
 * (`convolution-cuts.ts`) shares it among tasks, the kernels (`src/kernels/assembly/convolution.ts`) do it.
 */
export function convolutionKernels(wasm: WasmContext, choice: ConvolutionChoice): ConvolutionKernels {
  return { ...forwardConvolutionKernels(wasm, choice), ...trainingKernels(wasm, choice) };
}

export function forwardConvolutionKernels(
  wasm: WasmContext,
  { winograd: mayTransform }: ConvolutionChoice,
): ForwardPart<ConvolutionKernels> {
  return {
    conv2d(g, x, w, bias, y) {
      forward(wasm, formOf(g, mayTransform), g, { x, w, bias, packed: 0, finish: null, y });
    },
    packedFilterFloats(g) {
      const form = formOf(g, mayTransform);
      if (form === 'winograd') return winogradFilterFloats(forwardProblem(g));
      if (form === 'strided') return stridedFilterFloats(g);
      return form === 'direct' ? panelSizes(forwardWalk(g, 0, 0), g.groups).bytes / 4 : 0;
    },
    packFilters(g, w, bias, packed) {
      if (packed === 0) return;
      const form = formOf(g, mayTransform);
      if (form === 'winograd') transformFilters(wasm, forwardProblem(g), 'plain', w, packed);
      else if (form === 'strided') packStridedFilters(wasm, g, w, packed);
      else packPanels(wasm, g, forwardWalk(g, 0, 0), w, bias, packed);
    },
    packedConv2d(g, x, { w, bias, packed }, finish, y) {
      const form = formOf(g, mayTransform);
      // The batch may have another form than the one image that was packed for.
      const isPacked = form === formOf({ ...g, batch: 1 }, mayTransform);
      forward(wasm, form, g, { x, w, bias, packed: isPacked ? packed : 0, finish, y });
    },
  };
}

function trainingKernels(wasm: WasmContext, { winograd: mayTransform }: ConvolutionChoice): TrainingPart<ConvolutionKernels> {
  return {
    conv2dInputGradient(g, dy, w, dx) {
      if (hasSmallGroups(g)) {
        groupedInputGradient(wasm, g, dy, w, dx);
        return;
      }
      const problem = inputGradientProblem(g);
      if (mayTransform && paysWinograd(g, problem)) {
        winograd(wasm, problem, 'flipped', { source: dy, w, filters: 0, bias: 0, target: dx, finish: null });
        return;
      }
      for (const { walk, firstRow, firstColumn, rowStep, columnStep } of gradientPhases(g, dy, dx)) {
        const taps = [g.kernelHeight, g.kernelWidth, walk.tapRows, walk.tapColumns, firstRow, firstColumn, rowStep, columnStep];
        const { bytes, tasks, perTask } = panelSizes(walk, g.groups);
        wasm.scratch(bytes, (panels) => {
          if (isDepthwise(walk, g.groups)) {
            wasm.run('packDepthwiseWeights', tasks, [w, 0, panels, g.groups, ...taps, perTask]);
          } else {
            const sizes = [g.groups, g.inChannels / g.groups, g.outChannels / g.groups];
            wasm.run('packGradientWeights', tasks, [w, panels, ...sizes, ...taps, perTask]);
          }
          convolve(wasm, walk, g.groups, panels, null);
        });
      }
    },

    conv2dWeightGradient(g, x, dy, dw) {
      if (hasSmallGradientGroups(g)) groupedWeightGradient(wasm, g, x, dy, dw);
      else if (mayTransform && paysWinogradGradient(g)) winogradWeightGradient(wasm, g, x, dy, dw);
      else weightGradient(wasm, g, forwardWalk(g, x, dy), dw);
    },
  };
}

type Form = 'grouped' | 'winograd' | 'strided' | 'direct';

function formOf(g: Conv2dGeometry, mayTransform: boolean): Form {
  if (hasSmallGroups(g)) return 'grouped';
  if (!mayTransform) return 'direct';
  if (paysWinograd(g, forwardProblem(g))) return 'winograd';
  return paysStridedWinograd(g) ? 'strided' : 'direct';
}

interface Operands extends PackedFilters {
  readonly x: Address;
  readonly finish: FinishTensors | null;
  readonly y: Address;
}

function forward(wasm: WasmContext, form: Form, g: Conv2dGeometry, { x, w, bias, packed, finish, y }: Operands): void {
  if (form === 'grouped') {
    groupedConvolution(wasm, g, x, w, bias, y);
    if (finish) finishAll(wasm, g.batch * g.outHeight * g.outWidth, g.outChannels, finish, y, y);
    return;
  }
  if (form === 'winograd') {
    winograd(wasm, forwardProblem(g), 'plain', { source: x, w, filters: packed, bias, target: y, finish });
    return;
  }
  if (form === 'strided') {
    stridedWinograd(wasm, g, { x, w, packed, bias, finish, y });
    return;
  }
  const walk = forwardWalk(g, x, y);
  if (packed !== 0) {
    convolve(wasm, walk, g.groups, packed, finish);
    return;
  }
  wasm.scratch(panelSizes(walk, g.groups).bytes, (panels) => {
    packPanels(wasm, g, walk, w, bias, panels);
    convolve(wasm, walk, g.groups, panels, finish);
  });
}

function packPanels(wasm: WasmContext, g: Conv2dGeometry, walk: Walk, w: Address, bias: Address, panels: Address): void {
  const { tasks, perTask } = panelSizes(walk, g.groups);
  if (isDepthwise(walk, g.groups)) {
    const taps = [g.kernelHeight, g.kernelWidth, g.kernelHeight, g.kernelWidth, 0, 0, 1, 1];
    wasm.run('packDepthwiseWeights', tasks, [w, bias, panels, g.groups, ...taps, perTask]);
    return;
  }
  const depth = (g.kernelHeight * g.kernelWidth * g.inChannels) / g.groups;
  wasm.run('packForwardWeights', tasks, [w, bias, panels, g.groups, g.outChannels / g.groups, depth, perTask]);
}

/** Bytes of all panels of a convolution, the tasks that pack them and the panels of each. */
function panelSizes(walk: Walk, groups: number): { readonly bytes: number; readonly tasks: number; readonly perTask: number } {
  const panels = panelsOf(walk, groups);
  const runs = runsOf(walk, groups);
  const bytes = panelBytes(runs.count * runs.floats);
  return { bytes: panels * bytes, ...tasksOf(panels, bytes / 4) };
}

function convolve(wasm: WasmContext, walk: Walk, groups: number, panels: Address, finish: FinishTensors | null): void {
  const cut = cutForward(walk, groups);
  if (cut.pads) {
    const image = padded(walk);
    const rows = walk.batch * image.height;
    const { tasks, perTask } = tasksOf(rows, image.width * walk.channels);
    wasm.scratch(rows * image.width * walk.channels * 4, (space) => {
      wasm.run('padImages', tasks, [
        ...[walk.source, space, walk.height, walk.width, walk.channels, walk.top, walk.left],
        ...[image.height, image.width, rows, perTask],
      ]);
      convolve(
        wasm,
        { ...walk, source: space, height: image.height, width: image.width, top: 0, left: 0 },
        groups,
        panels,
        finish,
      );
    });
    return;
  }
  wasm.scratch(cut.tasks * cut.workspace.bytes, (workspace) => {
    wasm.run(isDepthwise(walk, groups) ? 'convolveDepthwise' : 'convolve', cut.tasks, [
      ...walkIntegers(walk, cut),
      ...[panels, groups, cut.panelShares, cut.unitsPerTask, cut.workspace.pointsAt, cut.workspace.spaceAt],
      ...[workspace, cut.workspace.bytes, ...finishIntegers(finish)],
    ]);
  });
}

function weightGradient(wasm: WasmContext, g: Conv2dGeometry, walk: Walk, dw: Address): void {
  const cut = cutWeightGradient(walk, g.groups);
  const runs = runsOf(walk, g.groups);
  const depthwise = isDepthwise(walk, g.groups);
  wasm.scratch(cut.chunks * cut.partialBytes, (partials) => {
    wasm.scratch(cut.chunks * cut.shares * cut.workspace.bytes, (workspace) => {
      wasm.run(depthwise ? 'multiplyDepthwiseGradient' : 'multiplyWeightGradient', cut.chunks * cut.shares, [
        ...walkIntegers(walk, cut),
        ...[partials, g.groups, cut.shares, cut.unitsPerTask, cut.workspace.linesAt, cut.workspace.targetAt],
        ...[cut.workspace.spaceAt, workspace, cut.workspace.bytes],
      ]);
    });
    const { tasks, perTask } = tasksOf(cut.rowTiles, (cut.chunks * cut.partialBytes) / 4 / cut.rowTiles);
    if (depthwise) {
      wasm.run('sumDepthwiseGradient', tasks, [partials, dw, cut.chunks, g.groups, runs.count, perTask]);
    } else {
      const sizes = [g.groups, g.outChannels / g.groups, runs.count, runs.floats];
      wasm.run('sumWeightGradient', tasks, [partials, dw, cut.chunks, ...sizes, perTask]);
    }
  });
}
