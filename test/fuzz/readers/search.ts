import fs from 'node:fs';
import path from 'node:path';
import { createEngine } from '#dist/engine/index.js';
import { FormatError, GossamerError } from '#dist/errors.js';
import { cdcnppGenotype, createModel, genotypeText, parseGenotypeText, plainGenotype } from '#dist/models/index.js';
import { Architecture } from '#dist/search/architecture.js';
import { ArchitectureOptimizer } from '#dist/search/architecture-optimizer.js';
import { parseSearchRecipe } from '#dist/search/recipe.js';
import { readSearchState, startingSearch, writeSearchState } from '#dist/search/search-state.js';
import { randomCells } from '#dist/search/space.js';
import { createSupernet } from '#dist/search/supernet.js';
import { readTrials, writeTrials } from '#dist/search/trial-list.js';
import { Rng } from '#dist/tensor/rng.js';
import { chooseModel } from '#dist/train/model-choice.js';
import { createOptimizer } from '#dist/train/optimizer.js';
import { lengthAndJson } from '../json-edits.js';
import { agree, type Reader } from '../reader.js';
import { place } from '../scratch.js';
import { safetensorsSample } from './safetensors.js';

const engine = await createEngine({ threads: 1, autotune: 'off' });

const recipe = parseSearchRecipe({
  name: 'tiny',
  training: { optimizer: { name: 'adam', learningRate: 0.01 }, epochs: 1, batchSize: 4 },
  space: { frame: { task: 'classification', stem: [2], widths: [2, 2, 2] }, nodes: 1, operations: ['none', 'skip', 'conv'] },
  differentiable: { partial: 1 },
});

const words = ['cdc_2_1.6', 'binary@0.7', 'none', 'skip', '1e999', '-1', '__proto__', '"', '[', '9'.repeat(400)].map((text) =>
  Buffer.from(text),
);

const genotypeFile = place('genotype', 'cells.json', '');

export const genotype: Reader = {
  name: 'genotype',
  samples: [plainGenotype, cdcnppGenotype].map((one) => ({ name: one.task, bytes: Buffer.from(JSON.stringify(one, null, 1)) })),
  refusesWith: FormatError,
  read(bytes) {
    fs.writeFileSync(genotypeFile, bytes);
    const { name, options } = chooseModel(`genotype:${genotypeFile}`);
    const read = parseGenotypeText(options['genotype']!);
    agree(genotypeText(read) === options['genotype'], 'its text is not that of its genotype');
    agree(name === (read.task === 'depth-map' ? 'genotype-depth' : 'genotype'), `${name} is not of its task`);
    // Others are networks too, but take their time to be made.
    if (Math.max(...read.stem, ...read.widths, ...read.head) <= 256)
      agree(createModel(name, options).parameters().size > 0, 'it has no parameters');
  },
  tokens: words,
};

const architecture = new Architecture(recipe.space);
const supernet = createSupernet(architecture, { engine, partial: 1, seed: 0, inChannels: 1, classes: 2, mapSize: 3 });
const state = {
  supernet,
  optimizer: createOptimizer(engine, supernet.network.parameters(), recipe.training.optimizer),
  architecture: new ArchitectureOptimizer(architecture, recipe.differentiable),
};
const stateFile = place('search', 'search.safetensors', '');
await writeSearchState(stateFile, state, { ...startingSearch(), step: 3, epoch: 1, seconds: 0.5 });

export const searchState: Reader = {
  name: 'search-state',
  samples: [safetensorsSample('supernet', fs.readFileSync(stateFile))],
  refusesWith: FormatError,
  async read(bytes) {
    fs.writeFileSync(stateFile, bytes);
    const { step, epoch, seconds } = await readSearchState(stateFile, state);
    agree(step >= 0 && epoch >= 0 && seconds >= 0, `step ${step} of epoch ${epoch} after ${seconds} s`);
  },
  header: lengthAndJson,
};

const costs = {
  input: [8, 8, 1],
  answers: { classes: 2 },
  frame: { macs: 1, operations: 1, milliseconds: null },
  levels: [],
} as const;
const context = {
  recipe,
  engine,
  data: '',
  input: [8, 8, 1],
  costs,
  folder: path.dirname(place('candidates', 'candidates.json', '')),
  signal: null,
  emit: () => {},
} as const;
const drawn = { cells: randomCells(recipe.space, new Rng(1)), cost: costs.frame, seconds: 0.5 };
await writeTrials(context, 'random', [
  {
    ...drawn,
    result: { end: 'finished', scores: Array.from({ length: recipe.trial.epochs }, (_, i) => 0.1 * i), loss: 1, seconds: 2 },
  },
  { ...drawn, cells: randomCells(recipe.space, new Rng(5)), result: null },
]);
const candidatesFile = path.join(context.folder, 'candidates.json');

export const candidates: Reader = {
  name: 'candidates',
  samples: [{ name: 'list', bytes: fs.readFileSync(candidatesFile) }],
  refusesWith: GossamerError,
  async read(bytes) {
    fs.writeFileSync(candidatesFile, bytes);
    for (const { cells, result } of await readTrials(context, 'random')) {
      agree(cells.length === 3 && cells.every(({ nodes }) => nodes.length === 1), 'cells that are not of the space');
      agree(result === null || result.seconds >= 0, 'a training that took no time');
    }
  },
  tokens: words,
};
