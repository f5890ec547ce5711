import type { Address, Conv2dGeometry } from '../kernels.js';
import type { BinaryOperands } from './binary.js';
import { type BinaryLayout, type BinaryWork, perLayout } from './binary-layout.js';
import { withOutputs } from './binary-outputs.js';
import type { WasmContext } from './context.js';
import { partition } from './partition.js';

/** Positions whose sums a byte holds: 31 times 8. */
const MOST_POSITIONS = 31;
const TABLE_ROWS = 256;
/** Bytes of partial sums that a pass over the pixels may leave behind for the next: they should stay in an outer cache. */
const PARTIAL_BYTES = 1024 * 1024;
/** Pixels that the kernel sums before it goes on (`assembly/binary-tables.ts`). */
const LINE_PIXELS = 64;
/** Byte sums of a task: such a line by 64 channels. */
const SUM_BYTES = LINE_PIXELS * 64;

/** Positions that are summed in one pass: some whole runs of the window, or a piece of one. */
interface PositionGroup {
  /** Place in a row of weights, and number. */
  readonly first: number;
  readonly positions: number;
  /** Where it begins: bytes behind the start of run `firstRun`. */
  readonly firstRun: number;
  readonly behind: number;
  readonly segments: number;
  readonly length: number;
}

/** Adds rows of tables of the weights: for many pixels. */
export function tableConvolution(wasm: WasmContext, g: Conv2dGeometry, layout: BinaryLayout, operands: BinaryOperands): void {
  const groups = positionGroups(g, layout);
  const vectors = Math.max(...channelBlocks(layout.groupOut).map((block) => block.vectors));
  const lanes = 16 * vectors;
  const most = Math.max(...groups.map((group) => group.positions));
  const perPass = groups.length === 1 ? layout.pixels : Math.min(layout.pixels, Math.ceil(PARTIAL_BYTES / (2 * lanes)));
  wasm.scratch(most * TABLE_ROWS * lanes, (tables) => {
    wasm.scratch(groups.length === 1 ? 64 : perPass * lanes * 2, (partials) => {
      for (let start = 0; start < layout.pixels; start += perPass) {
        const count = Math.min(perPass, layout.pixels - start);
        convolvePixels(wasm, g, layout, operands, { groups, start, count, tables, partials });
      }
    });
  });
}

/** Vectors of tables built, and of sums added. */
export function tableWork(g: Conv2dGeometry, { taps, tapBytes, groupOut, pixels }: BinaryLayout): BinaryWork {
  const vectors = channelBlocks(groupOut).reduce((sum, block) => sum + block.vectors, 0) * g.groups * taps * tapBytes;
  return { setup: TABLE_ROWS * vectors, steps: pixels * vectors };
}

interface Pass {
  readonly groups: readonly PositionGroup[];
  /** Range of output pixels. */
  readonly start: number;
  readonly count: number;
  readonly tables: Address;
  readonly partials: Address;
}

function convolvePixels(wasm: WasmContext, g: Conv2dGeometry, layout: BinaryLayout, operands: BinaryOperands, pass: Pass): void {
  const { groupOut, paddedOut, rowBytes } = layout;
  for (let group = 0; group < g.groups; group++) {
    for (const { first, channels, vectors } of channelBlocks(groupOut)) {
      const channel = group * groupOut + first;
      const weights = operands.weights + channel * rowBytes;
      pass.groups.forEach((positions, i) => {
        const build = partition(positions.positions, TABLE_ROWS * vectors);
        wasm.run('buildSignTables', build.tasks, [
          ...[positions.positions, build.size, rowBytes, channels, vectors],
          ...[weights + positions.first, pass.tables],
        ]);
        const sum = partition(pass.count, positions.positions * vectors);
        wasm.scratch(sum.tasks * SUM_BYTES, (sums) => {
          withOutputs(wasm, operands, sum.tasks, LINE_PIXELS * channels, (end) => {
            wasm.run('sumSignTables', sum.tasks, [
              ...[pass.start, pass.count, sum.size, g.outHeight, g.outWidth, g.stride],
              ...[layout.paddedHeight, layout.lineBytes, layout.tapBytes],
              operands.planes + group * layout.planeBytes + positions.behind,
              ...[operands.runOffsets + positions.firstRun * 4, positions.segments, positions.length],
              ...[vectors, pass.tables, pass.partials, i === 0 ? 1 : 0, i === pass.groups.length - 1 ? 1 : 0],
              ...[channels, g.outChannels, channel],
              operands.balances + (group * paddedOut + first) * 4,
              ...[operands.rowKinds, operands.columnKinds, operands.y, sums, SUM_BYTES, ...end],
            ]);
          });
        });
      });
    }
  }
}

/** Output channels of a group by 64, the rest in as few vectors of 16 as hold it (not 3, which no kernel has). */
function channelBlocks(groupOut: number): { readonly first: number; readonly channels: number; readonly vectors: number }[] {
  const blocks = [];
  for (let first = 0; first < groupOut; first += 64) {
    const channels = Math.min(64, groupOut - first);
    blocks.push({ first, channels, vectors: channels > 32 ? 4 : channels > 16 ? 2 : 1 });
  }
  return blocks;
}

/** Cuts the window into groups of about equally many positions. */
const positionGroups = perLayout((_, { runBytes, runOffsets }): readonly PositionGroup[] => {
  const runs = runOffsets.length;
  const groups: PositionGroup[] = [];
  if (runBytes > MOST_POSITIONS) {
    const longest = Math.ceil(runBytes / Math.ceil(runBytes / MOST_POSITIONS));
    for (let run = 0; run < runs; run++) {
      for (let behind = 0; behind < runBytes; behind += longest) {
        const length = Math.min(longest, runBytes - behind);
        groups.push({ first: run * runBytes + behind, positions: length, firstRun: run, behind, segments: 1, length });
      }
    }
    return groups;
  }
  const perGroup = Math.ceil(runs / Math.ceil(runs / Math.floor(MOST_POSITIONS / runBytes)));
  for (let firstRun = 0; firstRun < runs; firstRun += perGroup) {
    const segments = Math.min(perGroup, runs - firstRun);
    groups.push({ first: firstRun * runBytes, positions: segments * runBytes, firstRun, behind: 0, segments, length: runBytes });
  }
  return groups;
});
