import { listPictures, readPicture } from '../data/index.js';
import { type ImageShape, middleSize, Pipeline } from '../data/pipeline.js';
import { parseTransforms, type Transform } from '../data/transforms.js';
import { createEngine, type Engine, type EngineOptions } from '../engine/index.js';
import { ConfigError, FreezeError, UnsupportedError } from '../errors.js';
import { writeFileAtomic } from '../formats/file.js';
import { type Contract, channelOrder, type Preparation } from '../formats/packed/contract.js';
import { decodePackedModel, encodePackedModel } from '../formats/packed/model.js';
import { agreement, relativeToSize } from '../metrics/agreement.js';
import { modelEntry, twinSpec } from '../models/registry.js';
import type { Module } from '../nn/index.js';
import { ImageReader } from '../runtime/images.js';
import { load } from '../runtime/index.js';
import { valueBytes } from '../runtime/steps.js';
import { refuseToReplace } from '../train/export.js';
import { type Checkpoint, loadModel, normalization, readCheckpoint } from '../train/index.js';
import { type FrozenModel, freeze } from './freeze.js';
import { type FreezeTiming, packTwin, timeSteps } from './timing.js';

/** Those of the engine are for checking the network, and for timing. */
export interface FreezeFileOptions extends EngineOptions {
  /** Whether `out` may be there: it is then replaced as a whole. */
  readonly replace?: boolean;
  /** Whether every step is timed beside the float twin. */
  readonly time?: boolean;
  /** Pictures, or folders of them, that it is compared on besides random images: prepared as the file's contract says. */
  readonly images?: readonly string[];
}

export interface FrozenFile extends FrozenModel {
  readonly path: string;
  /** Size of the file. */
  readonly bytes: number;
  /** SHA-256 of what is in it, as the file has it. */
  readonly digest: string;
  /** What of the checkpoint is not in the file. */
  readonly dropped: readonly Dropped[];
  readonly memory: FrozenMemory;
  /** Null unless asked for. */
  readonly timing: FreezeTiming | null;
}

/** Something that evaluation does without. */
export interface Dropped {
  readonly what: string;
  /** Numbers that it has. */
  readonly elements: number;
  readonly why: string;
}

/** Bytes that the runtime takes for one image. */
export interface FrozenMemory {
  /** Tensors, as the file has them. */
  readonly weights: number;
  /** The one block in which all that lies between the steps has its place. */
  readonly arena: number;
  /** The same without sharing: every value in memory of its own. */
  readonly unshared: number;
}

/**
 * Freezes the network of a checkpoint (its averaged weights where there are such) into a packed model that takes and answers what the checkpoint's
 * recipe says. Its bytes are read back, checked, loaded and run before they are written.
 * @param checkpoint its file
 * @param out the file to write
 * @throws FormatError as `readCheckpoint`, or `not-writable`; ConfigError when `out` is there and not to be replaced; UnsupportedError for what a
 *   packed model cannot hold; FreezeError when it does not compute what the network does, and then nothing is written; DataError for a picture that
 *   cannot be read, or a folder without
 */
export async function freezeCheckpoint(
  checkpoint: string,
  out: string,
  { replace = false, time = false, images = [], ...options }: FreezeFileOptions = {},
): Promise<FrozenFile> {
  if (!replace) refuseToReplace(out);
  const read = await readCheckpoint(checkpoint);
  const contract = contractOf(read);
  const engine = await createEngine(options);
  try {
    const given = await preparedImages(images, read.input, contract);
    const { model } = await loadModel(read, engine);
    const frozen = freeze(model, { input: read.input, contract, provenance: provenanceOf(read), images: given });
    const bytes = await encodePackedModel(frozen);
    const { digest } = await decodePackedModel(bytes, out);
    const memory = await loaded(bytes, frozen, options);
    const timing = time ? await timeBesideTwin(bytes, frozen, read, engine, options) : null;
    await writeFileAtomic(out, bytes);
    return { ...frozen, path: out, bytes: bytes.length, digest, dropped: droppedOf(read, frozen, model), memory, timing };
  } finally {
    engine.dispose();
  }
}

/** As many pictures as are held in memory at once; steps are compared on each. */
const MOST_IMAGES = 1000;

async function preparedImages(
  places: readonly string[],
  input: Checkpoint['input'],
  contract: Contract,
): Promise<readonly Float32Array[]> {
  const files = await listPictures(places);
  if (files.length > MOST_IMAGES) {
    throw new ConfigError(
      'images',
      `${files.length} pictures are more than the ${MOST_IMAGES} that can be compared. Name fewer.`,
    );
  }
  const reader = new ImageReader(input, contract);
  const images: Float32Array[] = [];
  for (const file of files) images.push(reader.read(await readPicture(file)).data);
  return images;
}

/**
 * What the file's bytes take once they are loaded. They must answer as the steps did one by one, to the bit: the runtime adds only places in memory.
 * @throws FreezeError when they do not
 */
async function loaded(bytes: Uint8Array, { graph, answers }: FrozenModel, options: EngineOptions): Promise<FrozenMemory> {
  const model = await load(bytes, { ...options, threads: 1, memoryPerImage: Number.POSITIVE_INFINITY });
  try {
    for (const { image, answer } of answers) {
      const { data } = await model.run({ data: image, shape: [1, ...model.facts.input] });
      const isSame = data.every((value, i) => value === answer[i]);
      if (!isSame) throw new FreezeError('the loaded file', agreement(data, answer, relativeToSize).largestShare, 0);
    }
    const { weightBytes, arenaBytes } = model.facts;
    const unshared = graph.values.reduce((sum, value) => sum + valueBytes(value), 0);
    return { weights: weightBytes, arena: arenaBytes, unshared };
  } finally {
    model.dispose();
  }
}

async function timeBesideTwin(
  bytes: Uint8Array,
  { graph, contract }: FrozenModel,
  { model, input }: Checkpoint,
  engine: Engine,
  options: EngineOptions,
): Promise<FreezeTiming> {
  const spec = model && twinSpec(model);
  const twin = spec && (await packTwin(spec, { input, contract, engine }));
  return timeSteps({ bytes, steps: graph.steps }, twin, options);
}

function droppedOf({ weights, average, optimizer }: Checkpoint, { unused }: FrozenModel, model: Module): readonly Dropped[] {
  const elements = (entries: Iterable<{ readonly data: Float32Array }>) =>
    [...entries].reduce((sum, { data }) => sum + data.length, 0);
  const replaced = [...weights].filter(([path]) => average.has(path)).map(([, entry]) => entry);
  const oneBit = [...model.parameters().values()].filter(({ bits }) => bits === 1);
  return [
    {
      what: 'real numbers behind 1-bit weights',
      elements: oneBit.reduce((sum, { size }) => sum + size, 0),
      why: 'only their signs, and sizes that became scales, act',
    },
    ...unused.map((path) => ({
      what: path,
      elements: weights.get(path)?.data.length ?? 1,
      why: 'evaluation does not read it',
    })),
    { what: 'state of the optimiser', elements: elements(optimizer.values()), why: 'only training goes on from it' },
    { what: 'weights before averaging', elements: elements(replaced), why: 'the averaged ones are frozen' },
  ].filter((dropped) => dropped.elements > 0);
}

/** @throws UnsupportedError for a transform that a runtime does not know */
function contractOf({ classes, source, input, recipe, model, faceCrop }: Checkpoint): Contract {
  const task = model ? modelEntry(model.name).task : 'classification';
  const [height, width, channels] = source;
  const transforms = parseTransforms(recipe.transforms.evaluate);
  const normalized = normalization(recipe);
  const spread = (numbers: readonly number[] | undefined, otherwise: number) =>
    Array.from({ length: channels }, (_, c) => numbers?.[numbers.length === 1 ? 0 : c] ?? otherwise);
  return {
    task,
    channels: channelOrder(input[2]),
    source: { size: [height, width], fit: recipe.data.fit ?? 'cover' },
    prepare: transforms.flatMap((transform, i) => preparation(transform, transforms.slice(0, i + 1), source)),
    mean: spread(normalized?.mean, 0),
    std: spread(normalized?.std, 1),
    labels: classes.length > 0 ? classes : null,
    ...(faceCrop && task === 'depth-map' && { faces: faceCrop }),
  };
}

/** @param upTo the transforms up to this one, which tell the size that it gives */
function preparation(transform: Transform, upTo: readonly Transform[], source: Checkpoint['source']): readonly Preparation[] {
  switch (transform.name) {
    case 'normalize':
      return [];
    case 'resize':
    case 'center-crop': {
      const [height, width] = new Pipeline(upTo, source).shape;
      return [{ name: transform.name, size: [height, width] }];
    }
    case 'face-scale': {
      const middle = middleOf(transform, new Pipeline(upTo.slice(0, -1), source).shape);
      const [height, width] = new Pipeline(upTo, source).shape;
      return [
        { name: 'center-crop', size: middle },
        { name: 'resize', size: [height, width] },
      ];
    }
    default:
      throw new UnsupportedError(
        `freezing a network whose images go through "${transform.name}"`,
        'a packed model knows resize, center-crop and normalize. Leave it out of transforms.evaluate.',
      );
  }
}

/** @throws UnsupportedError where chance decides the scale */
function middleOf(transform: Extract<Transform, { name: 'face-scale' }>, [height, width]: ImageShape): readonly [number, number] {
  const [scale, ...others] = transform.scales;
  if (others.length > 0) {
    throw new UnsupportedError(
      'freezing a network whose images are shown at several scales',
      'a packed model shows each image once. Leave one scale in transforms.evaluate.',
    );
  }
  return middleSize(transform.stored, scale!, height, width);
}

/** What made the network, without places on anybody's machine. */
function provenanceOf({ model, recipe, images, progress }: Checkpoint) {
  return { model, recipe: recipe.name, seed: recipe.seed, epochs: recipe.epochs, images, step: progress.step };
}
