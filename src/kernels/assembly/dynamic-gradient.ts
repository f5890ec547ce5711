import { int, ptr } from './arguments';
import { GEOMETRY, gatherChannels, headColumns, headWeightBytes, keptChannels, listTerms, readsInPlace, termBytes } from './dynamic-heads';
import { multiplyAdd, OUTER_BYTES, TILE_COLUMNS, TILE_POINTS } from './gemm';
import { transpose } from './transpose';

/**
 * Gradient towards weights and gates. For an image and a head let
 *
 *     e[term, column] = sum over points of source[point + term] * dy[point, column].
 *
 * y is linear in gate * weight, so dw[term, column] = sum over images of gate * e, and dgate = sum over the channel's
 * taps and all columns of weight * e: the gates' gradient costs no convolution of its own.
 *
 * Tasks: (block of images, some heads); each adds up, image by image, to partial results that lie like the packed weights, and
 * `sumDynamicWeights` adds up those. An image goes by bands of rows: a band is near when the next head wants it. Workspace of a task: for each
 * head the tiles of e and the terms; a band's gathered channels, dy's columns.
 *
 * After the geometry: images of a block, heads of a task, rows of a band, x, weights, gates, index, dy, dgates, partial results, workspaces,
 * and bytes of one, of a head in it, of a head's tiles, of the gathered channels.
 */
export function dynamicWeightGradient(args: usize, task: i32): void {
  const heads = int(args, 7);
  const taps = int(args, 9) * int(args, 10);
  const imagesOfBlock = int(args, GEOMETRY);
  const headsOfTask = int(args, GEOMETRY + 1);
  const rowsOfBand = int(args, GEOMETRY + 2);
  const dgates = ptr(args, GEOMETRY + 8);
  const work = ptr(args, GEOMETRY + 10) + <usize>task * <usize>int(args, GEOMETRY + 11);
  const headBytes = <usize>int(args, GEOMETRY + 12);
  const tileBytes = <usize>int(args, GEOMETRY + 13);
  const gathered = work + <usize>headsOfTask * headBytes;
  const shares = (heads + headsOfTask - 1) / headsOfTask;
  const block = task / shares;
  const firstHead = (task % shares) * headsOfTask;
  const endHead = min(firstHead + headsOfTask, heads);
  const partials = ptr(args, GEOMETRY + 9) + <usize>(block * heads) * headWeightBytes(args);
  memory.fill(partials + <usize>firstHead * headWeightBytes(args), 0, <usize>(endHead - firstHead) * headWeightBytes(args));
  for (let image = block * imagesOfBlock; image < min((block + 1) * imagesOfBlock, int(args, 0)); image++) {
    for (let row = 0; row < int(args, 4); row += rowsOfBand) {
      const rows = min(rowsOfBand, int(args, 4) - row);
      for (let head = firstHead; head < endHead; head++) {
        const tiles = work + <usize>(head - firstHead) * headBytes;
        correlateBand(args, image, head, row, rows, tiles, tiles + tileBytes, gathered);
      }
    }
    for (let head = firstHead; head < endHead; head++) {
      const tiles = work + <usize>(head - firstHead) * headBytes;
      const dgate = dgates + ((<usize>(image * heads + head) * <usize>int(args, 3)) << 2);
      memory.fill(dgate, 0, <usize>int(args, 3) << 2);
      const weights = ptr(args, GEOMETRY + 4) + <usize>head * headWeightBytes(args);
      const partial = partials + <usize>head * headWeightBytes(args);
      addTiles(args, tiles, tiles + tileBytes, keptChannels(args, ptr(args, GEOMETRY + 6), image, head) * taps, weights, partial, dgate);
    }
  }
}

/** Adds a band of an image's rows to the tiles of e; the first band begins them, and lists the head's terms. */
function correlateBand(args: usize, image: i32, head: i32, firstRow: i32, rows: i32, tiles: usize, terms: usize, gathered: usize): void {
  const inChannels = int(args, 3);
  const outWidth = int(args, 5);
  const outChannels = int(args, 6);
  const headOut = outChannels / int(args, 7);
  const taps = int(args, 9) * int(args, 10);
  const stride = int(args, 11);
  const columns = headColumns(args);
  const count =
    firstRow === 0
      ? listTerms(args, ptr(args, GEOMETRY + 5), ptr(args, GEOMETRY + 6), image, head, terms)
      : keptChannels(args, ptr(args, GEOMETRY + 6), image, head);
  let source = ptr(args, GEOMETRY + 3) + (<usize>(image * int(args, 1) * int(args, 2)) * <usize>inChannels << 2);
  let pointStep = <usize>(stride * inChannels) << 2;
  let lineStep = <usize>int(args, 2) * pointStep;
  if (readsInPlace(args)) {
    source += <usize>firstRow * lineStep;
  } else {
    const inRows = (rows - 1) * stride + (int(args, 9) - 1) * int(args, 13) + 1;
    gatherChannels(args, source, terms, count, firstRow * stride, inRows, gathered);
    source = gathered;
    pointStep = <usize>(stride * count) << 2;
    lineStep = <usize>(int(args, 2) + 2 * int(args, 12)) * pointStep;
  }
  const pixel = (image * int(args, 4) + firstRow) * outWidth;
  let right = ptr(args, GEOMETRY + 7) + ((<usize>pixel * <usize>outChannels + <usize>(head * headOut)) << 2);
  let rightStep = <usize>outChannels << 2;
  if (columns > headOut) {
    const ownColumns = gathered + <usize>int(args, GEOMETRY + 14);
    fillColumns(right, rightStep, rows * outWidth, headOut, columns, ownColumns);
    right = ownColumns;
    rightStep = <usize>columns << 2;
  }
  for (let term = 0; term < count * taps; term += TILE_POINTS) {
    const at = terms + (<usize>term << 2);
    const there = min(TILE_POINTS, count * taps - term);
    for (let column = 0; column < columns; column += TILE_COLUMNS) {
      const from = right + (<usize>column << 2);
      correlateTile(source, at, there, rows, lineStep, outWidth, pointStep, from, rightStep, tiles, firstRow > 0);
      tiles += OUTER_BYTES;
    }
  }
}

/** dy's columns of a head, filled up with zeros: a tile reads eight, and the tensor might end before. */
function fillColumns(from: usize, fromStep: usize, rows: i32, headOut: i32, columns: i32, to: usize): void {
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      store<f32>(to, column < headOut ? load<f32>(from + (<usize>column << 2)) : 0);
      to += 4;
    }
    from += fromStep;
  }
}

/** One tile of four terms (the last one repeated) and eight columns, over `lines` lines of `length` points; added to it, or in its place. */
function correlateTile(
  source: usize, terms: usize, there: i32, lines: i32, lineStep: usize, length: i32, pointStep: usize,
  right: usize, rightStep: usize, tile: usize, adds: bool,
): void {
  let c00 = f32x4.splat(0), c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00, c30 = c00, c31 = c00;
  if (adds) {
    c00 = v128.load(tile); c01 = v128.load(tile, 16);
    c10 = v128.load(tile, 32); c11 = v128.load(tile, 48);
    c20 = v128.load(tile, 64); c21 = v128.load(tile, 80);
    c30 = v128.load(tile, 96); c31 = v128.load(tile, 112);
  }
  const t1 = terms + (<usize>min(1, there - 1) << 2);
  const t2 = terms + (<usize>min(2, there - 1) << 2);
  const t3 = terms + (<usize>(there - 1) << 2);
  for (let line = 0; line < lines; line++) {
    let a0 = source + load<u32>(terms);
    let a1 = source + load<u32>(t1);
    let a2 = source + load<u32>(t2);
    let a3 = source + load<u32>(t3);
    const end = right + <usize>length * rightStep;
    do {
      const b0 = v128.load(right);
      const b1 = v128.load(right, 16);
      let a = v128.load32_splat(a0);
      c00 = multiplyAdd(a, b0, c00); c01 = multiplyAdd(a, b1, c01);
      a = v128.load32_splat(a1);
      c10 = multiplyAdd(a, b0, c10); c11 = multiplyAdd(a, b1, c11);
      a = v128.load32_splat(a2);
      c20 = multiplyAdd(a, b0, c20); c21 = multiplyAdd(a, b1, c21);
      a = v128.load32_splat(a3);
      c30 = multiplyAdd(a, b0, c30); c31 = multiplyAdd(a, b1, c31);
      a0 += pointStep; a1 += pointStep; a2 += pointStep; a3 += pointStep;
      right += rightStep;
    } while (right < end);
    source += lineStep;
  }
  v128.store(tile, c00); v128.store(tile, c01, 16);
  v128.store(tile, c10, 32); v128.store(tile, c11, 48);
  v128.store(tile, c20, 64); v128.store(tile, c21, 80);
  v128.store(tile, c30, 96); v128.store(tile, c31, 112);
}

/** All tiles of a head. */
function addTiles(args: usize, tile: usize, terms: usize, count: i32, weights: usize, partial: usize, dgate: usize): void {
  const array = termBytes(args);
  for (let term = 0; term < count; term += TILE_POINTS) {
    const at = terms + (<usize>term << 2);
    for (let column: usize = 0; column < <usize>headColumns(args) << 2; column += <usize>TILE_COLUMNS << 2) {
      addTile(tile, at, array, min(TILE_POINTS, count - term), weights + column, partial + column, dgate);
      tile += OUTER_BYTES;
    }
  }
}

/** partial += gate * tile, dgate += sum of weight * tile, for the `there` terms that are no repetitions. */
function addTile(tile: usize, terms: usize, array: usize, there: i32, weights: usize, partial: usize, dgate: usize): void {
  for (let i = 0; i < there; i++) {
    const low = v128.load(tile);
    const high = v128.load(tile, 16);
    const row = load<u32>(terms + array);
    const gate = v128.load32_splat(terms + 2 * array);
    const target = partial + row;
    v128.store(target, multiplyAdd(gate, low, v128.load(target)));
    v128.store(target, multiplyAdd(gate, high, v128.load(target, 16)), 16);
    const weight = weights + row;
    const products = multiplyAdd(high, v128.load(weight, 16), f32x4.mul(low, v128.load(weight)));
    const gradient = dgate + (<usize>load<u32>(terms + 3 * array) << 2);
    const sum =
      f32x4.extract_lane(products, 0) + f32x4.extract_lane(products, 1) + (f32x4.extract_lane(products, 2) + f32x4.extract_lane(products, 3));
    store<f32>(gradient, load<f32>(gradient) + sum);
    tile += 32;
    terms += 4;
  }
}

/** dw from the partial results of `blocks` blocks of images, added up in order. Tasks: (head, tap, block of channels). */
export function sumDynamicWeights(args: usize, task: i32): void {
  const inChannels = int(args, 3);
  const taps = int(args, 9) * int(args, 10);
  const heads = int(args, 7);
  const headOut = int(args, 6) / heads;
  const rowBytes = <usize>headColumns(args) << 2;
  const channelsOfTask = int(args, GEOMETRY);
  const channelBlocks = int(args, GEOMETRY + 1);
  const blocks = int(args, GEOMETRY + 2);
  const first = (task % channelBlocks) * channelsOfTask;
  const channels = min(channelsOfTask, inChannels - first);
  const tap = (task / channelBlocks) % taps;
  const head = task / (channelBlocks * taps);
  const blockBytes = <usize>heads * headWeightBytes(args);
  const sums = ptr(args, GEOMETRY + 3) + <usize>head * headWeightBytes(args) + <usize>(tap * inChannels + first) * rowBytes;
  const bytes = <usize>channels * rowBytes;
  for (let block = 1; block < blocks; block++) {
    const more = sums + <usize>block * blockBytes;
    for (let at: usize = 0; at < bytes; at += 16) v128.store(sums + at, f32x4.add(v128.load(sums + at), v128.load(more + at)));
  }
  const to = ptr(args, GEOMETRY + 4) + ((<usize>(head * headOut * taps + tap) * <usize>inChannels + <usize>first) << 2);
  transpose(sums, rowBytes, channels, headOut, to, <usize>(taps * inChannels) << 2);
}

/**
 * Gradient towards the input: dx[pixel, channel] = sum over heads that keep the channel of gate * (dy convolved backwards with its
 * weights).
 *
 * Adding single channels into NHWC would cost a scalar load, add and store for each; so dx is made with pixels innermost, one
 * plane a channel, where whole vectors of pixels are added, and turned round once when all heads are done. dy is turned round
 * likewise, a head at a time.
 *
 * The plane of a channel is its padded image split into stride x stride phases, each phaseHeight x phaseWidth. Output point
 * (r, c) meets tap (i, j) at the padded pixel (r stride + i dilation, c stride + j dilation): in the phase
 * ((i dilation) mod stride, (j dilation) mod stride), and there at (r, c) + (i dilation, j dilation) div stride. With dy's
 * rows as far apart as a phase's, a tap is one constant offset for all points: what is between dy's rows is zero and adds
 * nothing. A 1x1 convolution of stride 1 needs no image, its plane is any chunk of points.
 *
 * Units: (image, chunk of points), one chunk unless planes are lines. Workspace of a task: terms, a panel [columns][4], dy's columns
 * [headOut][dyPitch], planes [inChannels][planePitch].
 */
export function dynamicInputGradient(args: usize, task: i32): void {
  const inChannels = int(args, 3);
  const outPixels = int(args, 4) * int(args, 5);
  const outChannels = int(args, 6);
  const heads = int(args, 7);
  const headOut = outChannels / heads;
  const taps = int(args, 9) * int(args, 10);
  const unitsOfTask = int(args, GEOMETRY + 1);
  const chunk = int(args, GEOMETRY + 2);
  const chunks = int(args, GEOMETRY + 3);
  const planeBytes = <usize>int(args, GEOMETRY + 7) << 2;
  const dyBytes = <usize>int(args, GEOMETRY + 8) << 2;
  const array = termBytes(args);
  const terms = ptr(args, GEOMETRY + 14) + <usize>task * <usize>int(args, GEOMETRY + 15);
  const panel = terms + 4 * array;
  const turned = panel + (<usize>headColumns(args) << 4);
  const planes = turned + <usize>headOut * dyBytes;
  for (let unit = task * unitsOfTask; unit < min((task + 1) * unitsOfTask, int(args, GEOMETRY)); unit++) {
    const image = unit / chunks;
    const first = (unit % chunks) * chunk;
    const count = min(chunk, outPixels - first);
    memory.fill(turned, 0, <usize>headOut * dyBytes);
    memory.fill(planes, 0, <usize>inChannels * planeBytes);
    const dy = ptr(args, GEOMETRY + 12) + ((<usize>(image * outPixels + first) * <usize>outChannels) << 2);
    for (let head = 0; head < heads; head++) {
      const kept = listTerms(args, ptr(args, GEOMETRY + 10), ptr(args, GEOMETRY + 11), image, head, terms);
      const weights = ptr(args, GEOMETRY + 9) + <usize>head * headWeightBytes(args);
      turnOutputs(args, dy + (<usize>(head * headOut) << 2), count, turned, dyBytes);
      for (let tap = 0; tap < taps; tap++) {
        const met = planes + tapOffset(args, tap);
        for (let k = 0; k < kept; k += 4) {
          const at = terms + (<usize>(tap * kept + k) << 2);
          gateQuad(weights, at, array, min(4, kept - k), headColumns(args), panel);
          spread(panel, headOut, turned, dyBytes, met, planeBytes, at + 3 * array, min(4, kept - k));
        }
      }
    }
    const pixel = image * int(args, 1) * int(args, 2) + first;
    const dx = ptr(args, GEOMETRY + 13) + ((<usize>pixel * <usize>inChannels) << 2);
    if (planesAreLines(args)) transpose(planes, planeBytes, inChannels, count, dx, <usize>inChannels << 2);
    else turnImage(args, planes, planeBytes, dx);
  }
}

/** A 1x1 convolution of stride 1: input and output points are the same. */
@inline
function planesAreLines(args: usize): bool {
  return readsInPlace(args) && int(args, 11) === 1;
}

/** Bytes from an output point to where it meets a tap. */
function tapOffset(args: usize, tap: i32): usize {
  const stride = int(args, 11);
  const phaseWidth = int(args, GEOMETRY + 5);
  const down = (tap / int(args, 10)) * int(args, 13);
  const right = (tap % int(args, 10)) * int(args, 13);
  const phase = (down % stride) * stride + (right % stride);
  return <usize>((phase * int(args, GEOMETRY + 6) + down / stride) * phaseWidth + right / stride) << 2;
}

/** dy [points, a head's columns] to [columns][points]: `lineLength` points side by side, the next ones a phase's width further. */
function turnOutputs(args: usize, dy: usize, count: i32, turned: usize, dyBytes: usize): void {
  const pixelBytes = <usize>int(args, 6) << 2;
  const headOut = int(args, 6) / int(args, 7);
  const lineLength = int(args, GEOMETRY + 4);
  for (; count > 0; count -= lineLength) {
    transpose(dy, pixelBytes, min(lineLength, count), headOut, turned, dyBytes);
    dy += <usize>lineLength * pixelBytes;
    turned += <usize>int(args, GEOMETRY + 5) << 2;
  }
}

/** Four terms' weights (the last one repeated) times their gates, as [columns][4]. */
function gateQuad(weights: usize, terms: usize, array: usize, there: i32, columns: i32, panel: usize): void {
  const t1 = terms + (<usize>min(1, there - 1) << 2);
  const t2 = terms + (<usize>min(2, there - 1) << 2);
  const t3 = terms + (<usize>(there - 1) << 2);
  const w0 = weights + load<u32>(terms + array);
  const w1 = weights + load<u32>(t1 + array);
  const w2 = weights + load<u32>(t2 + array);
  const w3 = weights + load<u32>(t3 + array);
  const g0 = v128.load32_splat(terms + 2 * array);
  const g1 = v128.load32_splat(t1 + 2 * array);
  const g2 = v128.load32_splat(t2 + 2 * array);
  const g3 = v128.load32_splat(t3 + 2 * array);
  for (let at: usize = 0; at < <usize>columns << 2; at += 16) {
    const v0 = f32x4.mul(g0, v128.load(w0 + at));
    const v1 = f32x4.mul(g1, v128.load(w1 + at));
    const v2 = f32x4.mul(g2, v128.load(w2 + at));
    const v3 = f32x4.mul(g3, v128.load(w3 + at));
    const low01 = i32x4.shuffle(v0, v1, 0, 4, 1, 5);
    const high01 = i32x4.shuffle(v0, v1, 2, 6, 3, 7);
    const low23 = i32x4.shuffle(v2, v3, 0, 4, 1, 5);
    const high23 = i32x4.shuffle(v2, v3, 2, 6, 3, 7);
    v128.store(panel, i64x2.shuffle(low01, low23, 0, 2));
    v128.store(panel, i64x2.shuffle(low01, low23, 1, 3), 16);
    v128.store(panel, i64x2.shuffle(high01, high23, 0, 2), 32);
    v128.store(panel, i64x2.shuffle(high01, high23, 1, 3), 48);
    panel += 64;
  }
}

/** Adds, to four channels' planes, the panel's columns times dy's, over all points. */
function spread(
  panel: usize, headOut: i32, turned: usize, dyBytes: usize, planes: usize, planeBytes: usize, channels: usize, there: i32,
): void {
  const panelEnd = panel + (<usize>headOut << 4);
  const p0 = planes + <usize>load<u32>(channels) * planeBytes;
  const p1 = planes + <usize>load<u32>(channels + (<usize>min(1, there - 1) << 2)) * planeBytes;
  const p2 = planes + <usize>load<u32>(channels + (<usize>min(2, there - 1) << 2)) * planeBytes;
  const p3 = planes + <usize>load<u32>(channels + (<usize>(there - 1) << 2)) * planeBytes;
  for (let point: usize = 0; point < dyBytes; point += 32) {
    spreadTile(panel, panelEnd, turned + point, dyBytes, p0 + point, p1 + point, p2 + point, p3 + point);
  }
}

/** One tile of four channels and eight points. All sums are read before the first is written: a repeated channel is written twice, added once. */
function spreadTile(panel: usize, panelEnd: usize, dy: usize, dyBytes: usize, p0: usize, p1: usize, p2: usize, p3: usize): void {
  let c00 = v128.load(p0), c01 = v128.load(p0, 16);
  let c10 = v128.load(p1), c11 = v128.load(p1, 16);
  let c20 = v128.load(p2), c21 = v128.load(p2, 16);
  let c30 = v128.load(p3), c31 = v128.load(p3, 16);
  do {
    const b0 = v128.load(dy);
    const b1 = v128.load(dy, 16);
    let a = v128.load32_splat(panel);
    c00 = multiplyAdd(a, b0, c00); c01 = multiplyAdd(a, b1, c01);
    a = v128.load32_splat(panel, 4);
    c10 = multiplyAdd(a, b0, c10); c11 = multiplyAdd(a, b1, c11);
    a = v128.load32_splat(panel, 8);
    c20 = multiplyAdd(a, b0, c20); c21 = multiplyAdd(a, b1, c21);
    a = v128.load32_splat(panel, 12);
    c30 = multiplyAdd(a, b0, c30); c31 = multiplyAdd(a, b1, c31);
    panel += 16;
    dy += dyBytes;
  } while (panel < panelEnd);
  v128.store(p0, c00); v128.store(p0, c01, 16);
  v128.store(p1, c10); v128.store(p1, c11, 16);
  v128.store(p2, c20); v128.store(p2, c21, 16);
  v128.store(p3, c30); v128.store(p3, c31, 16);
}

/** The planes' phases back to an image [height, width, inChannels], without the border. */
function turnImage(args: usize, planes: usize, planeBytes: usize, dx: usize): void {
  const width = int(args, 2);
  const inChannels = int(args, 3);
  const stride = int(args, 11);
  const padding = int(args, 12);
  const phaseWidth = int(args, GEOMETRY + 5);
  for (let row = 0; row < int(args, 1); row++) {
    const phaseRow = ((row + padding) % stride) * stride;
    for (let start = 0; start < min(stride, width); start++) {
      const phase = phaseRow + ((start + padding) % stride);
      const at = (phase * int(args, GEOMETRY + 6) + (row + padding) / stride) * phaseWidth + (start + padding) / stride;
      const to = dx + ((<usize>(row * width + start) * <usize>inChannels) << 2);
      transpose(planes + (<usize>at << 2), planeBytes, inChannels, (width - start + stride - 1) / stride, to, <usize>(stride * inChannels) << 2);
    }
  }
}
