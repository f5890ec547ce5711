import fs from 'node:fs';
import { FormatError } from '#dist/errors.js';
import { type CheckpointContent, readCheckpoint, writeCheckpoint } from '#dist/train/checkpoint.js';
import { startingProgress } from '#dist/train/progress.js';
import { parseRecipe } from '#dist/train/recipe.js';
import { lengthAndJson } from '../json-edits.js';
import { agree, type Reader } from '../reader.js';
import { place } from '../scratch.js';
import { safetensorsSample } from './safetensors.js';

const values = (...data: number[]) => ({ shape: [data.length], data: Float32Array.from(data) });

const content: CheckpointContent = {
  model: { name: 'ftbnn-tiny', options: { widths: [8, 16], seed: 3 } },
  classes: ['a', 'b'],
  input: [8, 8, 1],
  source: [10, 10, 1],
  faceCrop: { scale: 1.4, aspect: 'keep', fill: 'edge' },
  recipe: parseRecipe({
    name: 'stripes',
    model: { name: 'ftbnn-tiny', options: { widths: [8, 16] } },
    transforms: { evaluate: [{ name: 'normalize', mean: [0.5], std: [0.25] }] },
    optimizer: { name: 'sgd', learningRate: 0.1 },
    epochs: 2,
    batchSize: 8,
  }),
  images: { train: 7, validation: 3 },
  progress: { ...startingProgress(), step: 5 },
  holds: 'training',
  weights: new Map([['stem.conv.weight', values(1.1, 2)]]),
  optimizer: new Map([['velocity/stem.conv.weight', values(-0, 2)]]),
  average: new Map([['stem.conv.weight', values(4, 5)]]),
};
const file = place('checkpoint', 'x.safetensors', '');
await writeCheckpoint(file, content);

export const checkpoint: Reader = {
  name: 'checkpoint',
  samples: [safetensorsSample('training', fs.readFileSync(file))],
  refusesWith: FormatError,
  async read(bytes) {
    fs.writeFileSync(file, bytes);
    const read = await readCheckpoint(file);
    for (const state of [read.weights, read.optimizer, read.average]) {
      for (const [name, { shape, data }] of state) {
        agree(
          data.length === shape.reduce((a, b) => a * b, 1),
          `"${name}" has ${data.length} elements for [${shape.join(', ')}]`,
        );
      }
    }
    agree(read.classes.length > 0 && read.input.every((side) => side > 0), 'it has no classes, or no input');
    parseRecipe(JSON.parse(JSON.stringify(read.recipe)));
  },
  header: lengthAndJson,
};
