import type { ForwardPart, TrainingPart } from '../forward-kernels.js';
import type { Address, Conv2dGeometry, ConvolutionKernels } from '../kernels.js';
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
import {
  forwardProblem,
  inputGradientProblem,
  paysWinograd,
  paysWinogradGradient,
  winograd,
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
      if (hasSmallGroups(g)) {
        groupedConvolution(wasm, g, x, w, bias, y);
        return;
      }
      const problem = forwardProblem(g);
      if (mayTransform && paysWinograd(g, problem)) {
        winograd(wasm, problem, 'plain', { source: x, w, bias, target: y });
        return;
      }
      const walk = forwardWalk(g, x, y);
      withPanels(wasm, walk, g.groups, (panels, tasks, perTask) => {
        if (isDepthwise(walk, g.groups)) {
          const taps = [g.kernelHeight, g.kernelWidth, g.kernelHeight, g.kernelWidth, 0, 0, 1, 1];
          wasm.run('packDepthwiseWeights', tasks, [w, bias, panels, g.groups, ...taps, perTask]);
        } else {
          const depth = (g.kernelHeight * g.kernelWidth * g.inChannels) / g.groups;
          wasm.run('packForwardWeights', tasks, [w, bias, panels, g.groups, g.outChannels / g.groups, depth, perTask]);
        }
        convolve(wasm, walk, g.groups, panels);
      });
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
        winograd(wasm, problem, 'flipped', { source: dy, w, bias: 0, target: dx });
        return;
      }
      for (const { walk, firstRow, firstColumn, rowStep, columnStep } of gradientPhases(g, dy, dx)) {
        const taps = [g.kernelHeight, g.kernelWidth, walk.tapRows, walk.tapColumns, firstRow, firstColumn, rowStep, columnStep];
        withPanels(wasm, walk, g.groups, (panels, tasks, perTask) => {
          if (isDepthwise(walk, g.groups)) {
            wasm.run('packDepthwiseWeights', tasks, [w, 0, panels, g.groups, ...taps, perTask]);
          } else {
            const sizes = [g.groups, g.inChannels / g.groups, g.outChannels / g.groups];
            wasm.run('packGradientWeights', tasks, [w, panels, ...sizes, ...taps, perTask]);
          }
          convolve(wasm, walk, g.groups, panels);
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

/** Workspace for all panels of a convolution; `use` gets the number of tasks that pack them and the panels of each. */
function withPanels(
  wasm: WasmContext,
  walk: Walk,
  groups: number,
  use: (panels: Address, tasks: number, perTask: number) => void,
): void {
  const panels = panelsOf(walk, groups);
  const runs = runsOf(walk, groups);
  const bytes = panelBytes(runs.count * runs.floats);
  const { tasks, perTask } = tasksOf(panels, bytes / 4);
  wasm.scratch(panels * bytes, (address) => use(address, tasks, perTask));
}

function convolve(wasm: WasmContext, walk: Walk, groups: number, panels: Address): void {
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
      convolve(wasm, { ...walk, source: space, height: image.height, width: image.width, top: 0, left: 0 }, groups, panels);
    });
    return;
  }
  wasm.scratch(cut.tasks * cut.workspace.bytes, (workspace) => {
    wasm.run(isDepthwise(walk, groups) ? 'convolveDepthwise' : 'convolve', cut.tasks, [
      ...walkIntegers(walk, cut),
      ...[panels, groups, cut.panelShares, cut.unitsPerTask, cut.workspace.pointsAt, cut.workspace.spaceAt],
      ...[workspace, cut.workspace.bytes],
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
