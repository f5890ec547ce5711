import { createLoader } from '../../data/batches.js';
import { type Columns, linearShares } from '../../metrics/linearity.js';
import { BinaryBlock } from '../../models/binary-block.js';
import type { Module } from '../../nn/module.js';
import { Rng } from '../../tensor/rng.js';
import { scope } from '../../tensor/scope.js';
import type { Tensor } from '../../tensor/tensor.js';
import type { Selection } from '../dataset.js';
import type { Recipe } from '../recipe.js';
import { uploadBatch } from '../upload.js';
import type { BlockLinearity } from './result.js';

/** Images that are looked at, and pixels of each block's output that are looked at in each of them. */
const IMAGES = 1536;
const PIXELS = 8;
/** Rows and columns of the patch that a block's convolution sees. */
const PATCH = 3;

/**
 * How linear each block of a 1-bit network is, on images: what share of the variance of its branch (1-bit convolution and batch norm), and of its
 * output, the best linear map of the 3x3 patch of its float input explains. Pixels are drawn by the recipe's seed; the map is fitted on half of
 * the images and judged on the others.
 */
export async function blockLinearity(model: Module, { source, indices }: Selection, recipe: Recipe): Promise<BlockLinearity[]> {
  const blocks = model
    .modules()
    .flatMap(([path, block]) => (block instanceof BinaryBlock ? [{ path, block, samples: new Samples(recipe.seed) }] : []));
  const loader = createLoader(source, {
    batchSize: recipe.batchSize,
    indices: indices.subarray(0, IMAGES),
    transforms: recipe.transforms.evaluate,
  });
  const { engine } = model.parameters().values().next().value!.value;
  const wasTraining = model.training;
  model.eval();
  for (const { block, samples } of blocks) block.probe = (part, value) => samples.see(part, value);
  try {
    for await (const batch of loader.epoch(0)) scope(engine, () => void model.forward(uploadBatch(engine, batch).images));
  } finally {
    for (const { block } of blocks) block.probe = null;
    model.train(wasTraining);
    await loader.close();
  }
  return blocks.map(({ path, samples }) => ({ block: path, ...samples.shares() }));
}

interface Values {
  readonly shape: readonly number[];
  readonly values: ArrayLike<number>;
}

/** Input patches of a block with what it made of them, as rows. */
class Samples {
  private readonly patches: Float32Array[] = [];
  private readonly branches: Float32Array[] = [];
  private readonly outputs: Float32Array[] = [];
  private readonly rng: Rng;
  /** What the block has shown of the pass under way; its tensors may be gone when it ends. */
  private readonly shown = new Map<string, Values>();

  constructor(seed: number) {
    this.rng = Rng.for(seed, PIXELS);
  }

  see(part: 'input' | 'branch' | 'output', value: Tensor): void {
    this.shown.set(part, { shape: value.shape, values: value.toArray() });
    if (part === 'output') this.draw(this.shown.get('input')!, this.shown.get('branch')!, this.shown.get('output')!);
  }

  private draw(input: Values, branch: Values, output: Values): void {
    const [batch, height, width] = output.shape as [number, number, number];
    const [down, right] = [Math.ceil(input.shape[1]! / height), Math.ceil(input.shape[2]! / width)];
    for (let image = 0; image < batch; image++) {
      for (let drawn = 0; drawn < PIXELS; drawn++) {
        const [y, x] = [this.rng.integer(height), this.rng.integer(width)];
        this.patches.push(patchAt(input, image, y * down, x * right));
        this.branches.push(pixelAt(branch, image, y, x));
        this.outputs.push(pixelAt(output, image, y, x));
      }
    }
  }

  shares(): { branch: number; output: number } {
    const [branch, output] = linearShares(columnsOf(this.patches), [columnsOf(this.branches), columnsOf(this.outputs)]);
    return { branch: branch!, output: output! };
  }
}

/** The values about a pixel, zeros beyond the border, as a 3x3 convolution with padding 1 sees them. */
function patchAt({ shape, values }: Values, image: number, y: number, x: number): Float32Array {
  const [, height, width, channels] = shape as [number, number, number, number];
  const patch = new Float32Array(PATCH * PATCH * channels);
  for (let tap = 0; tap < PATCH * PATCH; tap++) {
    const [row, column] = [y + Math.floor(tap / PATCH) - 1, x + (tap % PATCH) - 1];
    if (row < 0 || column < 0 || row >= height || column >= width) continue;
    const from = ((image * height + row) * width + column) * channels;
    for (let channel = 0; channel < channels; channel++) patch[tap * channels + channel] = values[from + channel]!;
  }
  return patch;
}

function pixelAt({ shape, values }: Values, image: number, y: number, x: number): Float32Array {
  const [, height, width, channels] = shape as [number, number, number, number];
  const from = ((image * height + y) * width + x) * channels;
  return Float32Array.from({ length: channels }, (_, channel) => values[from + channel]!);
}

function columnsOf(rows: readonly Float32Array[]): Columns {
  return Array.from({ length: rows[0]!.length }, (_, column) => Float64Array.from(rows, (row) => row[column]!));
}
