import { createLoader, type Loader } from '../data/batches.js';
import type { Source } from '../data/source.js';
import type { MapSize } from '../data/view.js';
import type { ColourImage } from '../formats/png.js';
import type { Module } from '../nn/module.js';
import { normalization } from './checkpoint.js';
import type { Selection } from './dataset.js';
import { judgeBatches } from './judging.js';
import type { Recipe } from './recipe.js';

/** Columns of the grid, half of them bona fide; pixels of a cell, between cells, and of the bar that tells attacks from bona fide images. */
const columns = 8;
const cell = 128;
const gap = 4;
const bar = 6;

const colours = { page: [255, 255, 255], bonafide: [47, 133, 90], attack: [197, 48, 48] } as const;

/**
 * A few images, always the same ones, with their target maps and what a model answers: input above target above answer, a green bar over bona fide
 * images and a red one over attacks. Maps are black at 0 and white from 1 on.
 */
export class DepthGrid {
  private readonly loader: Loader;

  /** @param selection the images to choose from, with target maps */
  constructor(
    { source, indices }: Selection,
    mapSize: MapSize,
    private readonly recipe: Recipe,
  ) {
    this.loader = createLoader(source, {
      batchSize: columns,
      indices: chooseExamples(source, indices),
      transforms: recipe.transforms.evaluate,
      mapSize,
      workers: 0,
    });
  }

  async draw(model: Module): Promise<ColourImage> {
    const { length } = this.loader;
    const [height, width] = [bar + 3 * (cell + gap), length * (cell + gap) - gap];
    const picture: ColourImage = { height, width, data: new Uint8Array(height * width * 3) };
    fill(picture, { top: 0, left: 0, height, width }, colours.page);
    await judgeBatches(model, this.loader, {}, ({ images }, { images: inputs, shape, maps, labels }) => {
      const answers = model.forward(images).view();
      const input = this.colourOf(inputs, shape);
      const [, mapHeight, mapWidth] = maps!.shape;
      for (const [column, label] of labels.entries()) {
        const left = column * (cell + gap);
        fill(picture, { top: 0, left, height: bar, width: cell }, label === 1 ? colours.bonafide : colours.attack);
        const mapAt = (values: ArrayLike<number>) => (y: number, x: number) =>
          values[(column * mapHeight + Math.floor(y * mapHeight)) * mapWidth + Math.floor(x * mapWidth)]!;
        const [target, answer] = [mapAt(maps!.values), mapAt(answers)];
        const top = (row: number) => bar + gap + row * (cell + gap);
        paint(picture, { top: top(0), left }, (y, x, channel) => input(column, y, x, channel));
        paint(picture, { top: top(1), left }, target);
        paint(picture, { top: top(2), left }, answer);
      }
    });
    return picture;
  }

  /** Values of 0 to 1 again, as they were before they were normalised. */
  private colourOf(inputs: Float32Array, [, height, width, channels]: readonly [number, number, number, number]) {
    const { mean, std } = normalization(this.recipe) ?? { mean: [0], std: [1] };
    return (image: number, y: number, x: number, channel: number) => {
      const source = channels === 3 ? channel : 0;
      const pixel = (image * height + Math.floor(y * height)) * width + Math.floor(x * width);
      return inputs[pixel * channels + source]! * std[std.length === 1 ? 0 : source]! + mean[mean.length === 1 ? 0 : source]!;
    };
  }
}

/** Half of the columns bona fide and half attacks, as far as there are so many, spread evenly over the records of each. */
function chooseExamples(source: Source, indices: Int32Array): number[] {
  return [1, 0].flatMap((label) => {
    const records = indices.filter((record) => source.label(record) === label);
    const count = Math.min(columns / 2, records.length);
    return Array.from({ length: count }, (_, i) => records[Math.floor((i * records.length) / count)]!);
  });
}

interface Place {
  readonly top: number;
  readonly left: number;
}

function fill(
  { data, width: stride }: ColourImage,
  { top, left, height, width }: Place & { readonly height: number; readonly width: number },
  colour: readonly number[],
): void {
  for (let row = top; row < top + height; row++) {
    for (let column = left; column < left + width; column++) data.set(colour, (row * stride + column) * 3);
  }
}

/** A cell of values from 0 to 1, at places given as shares of its height and width. */
function paint(
  { data, width }: ColourImage,
  { top, left }: Place,
  valueAt: (y: number, x: number, channel: number) => number,
): void {
  const bytes = new Uint8ClampedArray(data.buffer, data.byteOffset, data.length);
  for (let row = 0; row < cell; row++) {
    for (let column = 0; column < cell; column++) {
      const at = ((top + row) * width + left + column) * 3;
      for (let channel = 0; channel < 3; channel++) bytes[at + channel] = 255 * valueAt(row / cell, column / cell, channel);
    }
  }
}
