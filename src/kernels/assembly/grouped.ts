/**
 * Grouped convolution of few channels a group, stride 1. The tiles of `gemm.ts` have output channels as lanes, most of which stand idle
 * where a group has two or four, and a run of two or four products in each tap. Here lanes are pixels: the image lies as one
 * plane a channel, and a group of any size fills every vector.
 *
 * A plane is a band of padded rows, `pitch` = width + left pixels apart: the zeros left of a row are also those right of the row before. So
 * tap (i, j) lies at one constant offset from all output points, which count t = row * pitch + column. Between the rows of the output lie
 * points that mean nothing; they are computed and not stored, and are zero in the planes of dy.
 *
 * All kernels take first: batch, height, width, source channels, target height, target width, target channels, groups, kernelHeight,
 * kernelWidth, top, left, dilation, units, units of a task, target rows of a band, bands. A unit is a band of an image. The
 * input gradient is the same convolution of dy by the turned kernel, padded by what the padding leaves of the kernel's reach.
 */
import { int, ptr } from './arguments';
import { multiplyAdd, OUTER_BYTES } from './gemm';
import { transpose } from './transpose';
import { ceilDivide } from './windows';

const AFTER_SIZES: i32 = 17;
/** Target channels of a tile, and of one where a group has no more than two. */
const WIDE: i32 = 4;
const NARROW: i32 = 2;
/** Points that a tile may reach behind the last. */
const SLACK: i32 = 16;
/** Products added up one after another (`gemm.ts`). */
const CHAIN: i32 = 48;

@inline
function blockColumns(groupTarget: i32): i32 {
  return groupTarget <= NARROW ? NARROW : WIDE;
}

@inline
function pitch(args: usize): i32 {
  return int(args, 2) + int(args, 11);
}

/** Bytes of a source plane of a band of `rows` target rows. */
@inline
function sourcePlaneBytes(args: usize, rows: i32): usize {
  return <usize>((rows + (int(args, 8) - 1) * int(args, 12)) * pitch(args) + int(args, 11) + SLACK) << 2;
}

/** Points from the first of a band to its last, those between its rows included. */
@inline
function bandPoints(args: usize, rows: i32): i32 {
  return (rows - 1) * pitch(args) + int(args, 5);
}

/** Bytes of a target plane: its tiles are whole. */
@inline
function targetPlaneBytes(args: usize, rows: i32): usize {
  return <usize>((bandPoints(args, rows) + SLACK - 1) & -SLACK) << 2;
}

/** Offset of each term (channel by channel, tap by tap) of a group from where a point's window begins. */
function listOffsets(args: usize, terms: i32, planeBytes: usize, offsets: usize): void {
  const kernelWidth = int(args, 9);
  const taps = int(args, 8) * kernelWidth;
  const dilation = int(args, 12);
  for (let term = 0; term < terms; term++) {
    const tap = term % taps;
    const point = ((tap / kernelWidth) * pitch(args) + (tap % kernelWidth)) * dilation;
    store<u32>(offsets + (<usize>term << 2), <u32>(<usize>(term / taps) * planeBytes + (<usize>point << 2)));
  }
}

/** Turns the rows [first, first + rows) of an image's padded rows into planes of `channels` channels, zeros where no pixel is. */
function turnRows(
  args: usize, image: usize, pixelBytes: usize, channels: i32, first: i32, rows: i32, planeBytes: usize, planes: usize,
): void {
  memory.fill(planes, 0, <usize>channels * planeBytes);
  const height = int(args, 1);
  const width = int(args, 2);
  for (let row = 0; row < rows; row++) {
    const from = first + row - int(args, 10);
    if (<u32>from >= <u32>height) continue;
    const to = planes + (<usize>(row * pitch(args) + int(args, 11)) << 2);
    transpose(image + <usize>(from * width) * pixelBytes, pixelBytes, width, channels, to, planeBytes);
  }
}

/**
 * Packs weights into blocks of `blockColumns` target channels: their biases, then [terms][columns], zeros where a channel is missing. With
 * `turned`, OHWI weights as the input gradient wants them: source and target change places, taps run backwards. Tasks: (group, block).
 *
 * [weights, bias, to, groups, target channels of a group, source channels of a group, taps, turned]
 */
export function packGroupedWeights(args: usize, task: i32): void {
  const groupTarget = int(args, 4);
  const groupSource = int(args, 5);
  const taps = int(args, 6);
  const turned = int(args, 7) != 0;
  const columns = blockColumns(groupTarget);
  const blocks = ceilDivide(groupTarget, columns);
  const group = task / blocks;
  const first = (task % blocks) * columns;
  const bias = ptr(args, 1);
  let to = ptr(args, 2) + (<usize>task * <usize>(taps * groupSource + 1) * <usize>columns << 2);
  for (let column = first; column < first + columns; column++) {
    store<f32>(to, bias && column < groupTarget ? load<f32>(bias + (<usize>(group * groupTarget + column) << 2)) : 0);
    to += 4;
  }
  for (let channel = 0; channel < groupSource; channel++) {
    for (let tap = 0; tap < taps; tap++) {
      for (let column = first; column < first + columns; column++) {
        const at = turned
          ? ((group * groupSource + channel) * taps + taps - 1 - tap) * groupTarget + column
          : ((group * groupTarget + column) * taps + tap) * groupSource + channel;
        store<f32>(to, column < groupTarget ? load<f32>(ptr(args, 0) + (<usize>at << 2)) : 0);
        to += 4;
      }
    }
  }
}

/**
 * target = source * packed weights. Arguments after the sizes: source, packed weights, target, workspaces, bytes of one. A task's workspace:
 * offsets, source planes, target planes (a block's columns for each block).
 */
export function groupedConvolution(args: usize, task: i32): void {
  const sourceChannels = int(args, 3);
  const targetChannels = int(args, 6);
  const groups = int(args, 7);
  const groupSource = sourceChannels / groups;
  const groupTarget = targetChannels / groups;
  const terms = groupSource * int(args, 8) * int(args, 9);
  const columns = blockColumns(groupTarget);
  const blocks = ceilDivide(groupTarget, columns);
  const bandRows = int(args, 15);
  const bands = int(args, 16);
  const planeBytes = sourcePlaneBytes(args, bandRows);
  const outBytes = targetPlaneBytes(args, bandRows);
  const offsets = ptr(args, AFTER_SIZES + 3) + <usize>task * <usize>int(args, AFTER_SIZES + 4);
  const planes = offsets + ((<usize>terms + 15 & -16) << 2);
  const out = planes + <usize>sourceChannels * planeBytes;
  const pixelBytes = <usize>sourceChannels << 2;
  const imageBytes = <usize>(int(args, 1) * int(args, 2)) * pixelBytes;
  const blockBytes = <usize>((terms + 1) * columns) << 2;
  listOffsets(args, terms, planeBytes, offsets);
  for (let unit = task * int(args, 14); unit < min((task + 1) * int(args, 14), int(args, 13)); unit++) {
    const image = unit / bands;
    const first = (unit % bands) * bandRows;
    const rows = min(bandRows, int(args, 4) - first);
    const points = bandPoints(args, rows);
    const sourceRows = rows + (int(args, 8) - 1) * int(args, 12);
    turnRows(args, ptr(args, AFTER_SIZES) + <usize>image * imageBytes, pixelBytes, sourceChannels, first, sourceRows, planeBytes, planes);
    let weights = ptr(args, AFTER_SIZES + 1);
    let target = out;
    for (let block = 0; block < groups * blocks; block++) {
      const source = planes + <usize>((block / blocks) * groupSource) * planeBytes;
      convolveBlock(source, points, offsets, terms, weights, target, outBytes, columns);
      weights += blockBytes;
      target += <usize>columns * outBytes;
    }
    const pixel = (image * int(args, 4) + first) * int(args, 5);
    const to = ptr(args, AFTER_SIZES + 2) + (<usize>pixel * <usize>targetChannels << 2);
    // Blocks that are full follow one another without a gap: all groups are one.
    const joined = groupTarget === blocks * columns;
    const channels = joined ? targetChannels : groupTarget;
    for (let row = 0; row < rows; row++) {
      for (let channel = 0; channel < targetChannels; channel += channels) {
        const from = out + <usize>((channel / groupTarget) * blocks * columns) * outBytes + (<usize>(row * pitch(args)) << 2);
        const rowAt = to + (<usize>(row * int(args, 5) * targetChannels + channel) << 2);
        transpose(from, outBytes, channels, int(args, 5), rowAt, <usize>targetChannels << 2);
      }
    }
  }
}

/** The planes of one block's columns, chain by chain. */
function convolveBlock(
  source: usize, points: i32, offsets: usize, terms: i32, weights: usize, target: usize, outBytes: usize, columns: i32,
): void {
  const start = weights;
  let panel = weights + (<usize>columns << 2);
  for (let term = 0; term < terms; term += CHAIN) {
    const count = min(CHAIN, terms - term);
    const from = offsets + (<usize>term << 2);
    const end = from + (<usize>count << 2);
    const bias = term === 0 ? start : 0;
    const pointsEnd = <usize>points << 2;
    if (columns === NARROW) {
      for (let at: usize = 0; at < pointsEnd; at += 64) chainOfTwo(source + at, from, end, panel, bias, target + at, outBytes);
    } else {
      for (let at: usize = 0; at < pointsEnd; at += 32) chainOfFour(source + at, from, end, panel, bias, target + at, outBytes);
    }
    panel += <usize>(count * columns) << 2;
  }
}

/** 4 columns x 8 points: `bias` plus the chain, or, without it, what is there plus the chain. */
function chainOfFour(source: usize, offsets: usize, offsetsEnd: usize, panel: usize, bias: usize, target: usize, outBytes: usize): void {
  let c00 = f32x4.splat(0), c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00, c30 = c00, c31 = c00;
  if (bias) {
    c00 = c01 = v128.load32_splat(bias);
    c10 = c11 = v128.load32_splat(bias, 4);
    c20 = c21 = v128.load32_splat(bias, 8);
    c30 = c31 = v128.load32_splat(bias, 12);
  }
  do {
    const at = source + load<u32>(offsets);
    const b0 = v128.load(at);
    const b1 = v128.load(at, 16);
    let a = v128.load32_splat(panel);
    c00 = multiplyAdd(a, b0, c00); c01 = multiplyAdd(a, b1, c01);
    a = v128.load32_splat(panel, 4);
    c10 = multiplyAdd(a, b0, c10); c11 = multiplyAdd(a, b1, c11);
    a = v128.load32_splat(panel, 8);
    c20 = multiplyAdd(a, b0, c20); c21 = multiplyAdd(a, b1, c21);
    a = v128.load32_splat(panel, 12);
    c30 = multiplyAdd(a, b0, c30); c31 = multiplyAdd(a, b1, c31);
    panel += 16;
    offsets += 4;
  } while (offsets < offsetsEnd);
  storeChain(target, c00, c01, bias);
  storeChain(target + outBytes, c10, c11, bias);
  storeChain(target + 2 * outBytes, c20, c21, bias);
  storeChain(target + 3 * outBytes, c30, c31, bias);
}

/** 2 columns x 16 points, as `chainOfFour`. */
function chainOfTwo(source: usize, offsets: usize, offsetsEnd: usize, panel: usize, bias: usize, target: usize, outBytes: usize): void {
  let c00 = f32x4.splat(0), c01 = c00, c02 = c00, c03 = c00, c10 = c00, c11 = c00, c12 = c00, c13 = c00;
  if (bias) {
    c00 = c01 = c02 = c03 = v128.load32_splat(bias);
    c10 = c11 = c12 = c13 = v128.load32_splat(bias, 4);
  }
  do {
    const at = source + load<u32>(offsets);
    const a0 = v128.load32_splat(panel);
    const a1 = v128.load32_splat(panel, 4);
    let b = v128.load(at);
    c00 = multiplyAdd(a0, b, c00); c10 = multiplyAdd(a1, b, c10);
    b = v128.load(at, 16);
    c01 = multiplyAdd(a0, b, c01); c11 = multiplyAdd(a1, b, c11);
    b = v128.load(at, 32);
    c02 = multiplyAdd(a0, b, c02); c12 = multiplyAdd(a1, b, c12);
    b = v128.load(at, 48);
    c03 = multiplyAdd(a0, b, c03); c13 = multiplyAdd(a1, b, c13);
    panel += 8;
    offsets += 4;
  } while (offsets < offsetsEnd);
  storeChain(target, c00, c01, bias);
  storeChain(target + 32, c02, c03, bias);
  storeChain(target + outBytes, c10, c11, bias);
  storeChain(target + outBytes + 32, c12, c13, bias);
}

@inline
function storeChain(target: usize, low: v128, high: v128, first: usize): void {
  v128.store(target, first ? low : f32x4.add(v128.load(target), low));
  v128.store(target, first ? high : f32x4.add(v128.load(target, 16), high), 16);
}

/**
 * Partial weight gradients dw[o, term] = sum over points of dy[o, t] * source[t + offset of term]. Tasks: (chunk of units, group). A task's
 * partial result holds its tiles [pair of o][four terms], 2 x 4 vectors, whose lanes are the sums over every fourth point: nothing is
 * added up across lanes before the end.
 *
 * Arguments after the sizes: source, dy, partial results, workspaces, bytes of one. A task's workspace: offsets, the group's source planes,
 * dy's.
 */
export function groupedWeightGradient(args: usize, task: i32): void {
  const sourceChannels = int(args, 3);
  const targetChannels = int(args, 6);
  const groups = int(args, 7);
  const groupSource = sourceChannels / groups;
  const groupTarget = targetChannels / groups;
  const terms = groupSource * int(args, 8) * int(args, 9);
  const quads = ceilDivide(terms, 4);
  const pairs = ceilDivide(groupTarget, 2);
  const bandRows = int(args, 15);
  const bands = int(args, 16);
  const planeBytes = sourcePlaneBytes(args, bandRows);
  const outBytes = targetPlaneBytes(args, bandRows);
  const tileBytes = <usize>(pairs * quads) * OUTER_BYTES;
  const tiles = ptr(args, AFTER_SIZES + 2) + <usize>task * tileBytes;
  const offsets = ptr(args, AFTER_SIZES + 3) + <usize>task * <usize>int(args, AFTER_SIZES + 4);
  const planes = offsets + ((<usize>terms + 15 & -16) << 2);
  const out = planes + <usize>groupSource * planeBytes;
  const group = task % groups;
  const chunk = task / groups;
  const sourceImage = <usize>(int(args, 1) * int(args, 2)) * <usize>sourceChannels << 2;
  const source = ptr(args, AFTER_SIZES) + (<usize>(group * groupSource) << 2);
  const dy = ptr(args, AFTER_SIZES + 1) + (<usize>(group * groupTarget) << 2);
  listOffsets(args, terms, planeBytes, offsets);
  for (let term = terms; term < quads * 4; term++) store<u32>(offsets + (<usize>term << 2), 0);
  memory.fill(tiles, 0, tileBytes);
  for (let unit = chunk * int(args, 14); unit < min((chunk + 1) * int(args, 14), int(args, 13)); unit++) {
    const image = unit / bands;
    const first = (unit % bands) * bandRows;
    const rows = min(bandRows, int(args, 4) - first);
    const points = bandPoints(args, rows);
    const sourceRows = rows + (int(args, 8) - 1) * int(args, 12);
    turnRows(args, source + <usize>image * sourceImage, <usize>sourceChannels << 2, groupSource, first, sourceRows, planeBytes, planes);
    memory.fill(out, 0, <usize>groupTarget * outBytes);
    const dyBand = dy + (<usize>((image * int(args, 4) + first) * int(args, 5)) * <usize>targetChannels << 2);
    for (let row = 0; row < rows; row++) {
      const from = dyBand + (<usize>(row * int(args, 5)) * <usize>targetChannels << 2);
      transpose(from, <usize>targetChannels << 2, int(args, 5), groupTarget, out + (<usize>(row * pitch(args)) << 2), outBytes);
    }
    let tile = tiles;
    for (let pair = 0; pair < pairs; pair++) {
      const left = out + <usize>(2 * pair) * outBytes;
      const second = 2 * pair + 1 < groupTarget ? outBytes : 0;
      for (let quad = 0; quad < quads; quad++) {
        correlateQuad(left, second, planes, offsets + (<usize>quad << 4), <usize>points << 2, tile);
        tile += OUTER_BYTES;
      }
    }
  }
}

/** Adds 2 channels of dy times 4 terms, over all points, to a tile. */
function correlateQuad(left: usize, second: usize, planes: usize, offsets: usize, bytes: usize, tile: usize): void {
  let c00 = f32x4.splat(0), c01 = c00, c02 = c00, c03 = c00, c10 = c00, c11 = c00, c12 = c00, c13 = c00;
  let r0 = planes + load<u32>(offsets);
  let r1 = planes + load<u32>(offsets, 4);
  let r2 = planes + load<u32>(offsets, 8);
  let r3 = planes + load<u32>(offsets, 12);
  const end = left + bytes;
  do {
    const a0 = v128.load(left);
    const a1 = v128.load(left + second);
    let b = v128.load(r0);
    c00 = multiplyAdd(a0, b, c00); c10 = multiplyAdd(a1, b, c10);
    b = v128.load(r1);
    c01 = multiplyAdd(a0, b, c01); c11 = multiplyAdd(a1, b, c11);
    b = v128.load(r2);
    c02 = multiplyAdd(a0, b, c02); c12 = multiplyAdd(a1, b, c12);
    b = v128.load(r3);
    c03 = multiplyAdd(a0, b, c03); c13 = multiplyAdd(a1, b, c13);
    left += 16; r0 += 16; r1 += 16; r2 += 16; r3 += 16;
  } while (left < end);
  addVector(tile, c00); addVector(tile + 16, c01); addVector(tile + 32, c02); addVector(tile + 48, c03);
  addVector(tile + 64, c10); addVector(tile + 80, c11); addVector(tile + 96, c12); addVector(tile + 112, c13);
}

@inline
function addVector(at: usize, vector: v128): void {
  v128.store(at, f32x4.add(v128.load(at), vector));
}

/**
 * dw [groups * groupTarget, taps, groupSource] from the chunks' partial results, added up in order, then over lanes. A task does a
 * group's pair of channels. [partial results, dw, chunks, groups, groupTarget, groupSource, taps]
 */
export function sumGroupedGradient(args: usize, task: i32): void {
  const groups = int(args, 3);
  const groupTarget = int(args, 4);
  const groupSource = int(args, 5);
  const taps = int(args, 6);
  const terms = groupSource * taps;
  const pairs = ceilDivide(groupTarget, 2);
  const pairBytes = <usize>ceilDivide(terms, 4) * OUTER_BYTES;
  const chunkBytes = <usize>(groups * pairs) * pairBytes;
  const group = task / pairs;
  const first = 2 * (task % pairs);
  for (let i = 0; i < min(2, groupTarget - first); i++) {
    const to = ptr(args, 1) + (<usize>((group * groupTarget + first + i) * terms) << 2);
    for (let term = 0; term < terms; term++) {
      let from = ptr(args, 0) + <usize>task * pairBytes + <usize>(term >> 2) * OUTER_BYTES + (<usize>(i * 4 + (term & 3)) << 4);
      let sum = v128.load(from);
      for (let chunk = 1; chunk < int(args, 2); chunk++) {
        from += chunkBytes;
        sum = f32x4.add(sum, v128.load(from));
      }
      const total = f32x4.extract_lane(sum, 0) + f32x4.extract_lane(sum, 1) + (f32x4.extract_lane(sum, 2) + f32x4.extract_lane(sum, 3));
      store<f32>(to + (<usize>((term % taps) * groupSource + term / taps) << 2), total);
    }
  }
}
