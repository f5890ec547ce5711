import { type ImageShape, middleSize, Pipeline } from '../data/pipeline.js';
import { parseTransforms, type Transform } from '../data/transforms.js';
import { createEngine, type EngineOptions } from '../engine/index.js';
import { UnsupportedError } from '../errors.js';
import { writeFileAtomic } from '../formats/file.js';
import { type Contract, channelOrder, type Preparation } from '../formats/packed/contract.js';
import { encodePackedModel } from '../formats/packed/model.js';
import { modelEntry } from '../models/registry.js';
import { refuseToReplace } from '../train/export.js';
import { type Checkpoint, loadModel, normalization, readCheckpoint } from '../train/index.js';
import { type FrozenModel, freeze } from './freeze.js';

export interface FrozenFile extends FrozenModel {
  readonly path: string;
  /** Size of the file. */
  readonly bytes: number;
}

/**
 * Freezes the network of a checkpoint (its averaged weights where there are such) into a packed model that takes and answers what the checkpoint's
 * recipe says.
 * @param checkpoint its file
 * @param out the file to write; it must not be there yet
 * @param options of the engine that the network is checked on
 * @throws FormatError as `readCheckpoint`, or `not-writable`; ConfigError when `out` is there; UnsupportedError for what a packed model cannot
 *   hold; FreezeError when it does not compute what the network does, and then nothing is written
 */
export async function freezeCheckpoint(checkpoint: string, out: string, options: EngineOptions = {}): Promise<FrozenFile> {
  refuseToReplace(out);
  const read = await readCheckpoint(checkpoint);
  const contract = contractOf(read);
  const engine = await createEngine(options);
  try {
    const { model } = await loadModel(read, engine);
    const frozen = freeze(model, { input: read.input, contract, provenance: provenanceOf(read) });
    const bytes = await encodePackedModel(frozen);
    await writeFileAtomic(out, bytes);
    return { ...frozen, path: out, bytes: bytes.length };
  } finally {
    engine.dispose();
  }
}

/** @throws UnsupportedError for a transform that a runtime does not know */
function contractOf({ classes, source, input, recipe, model }: Checkpoint): Contract {
  const [height, width, channels] = source;
  const transforms = parseTransforms(recipe.transforms.evaluate);
  const normalized = normalization(recipe);
  const spread = (numbers: readonly number[] | undefined, otherwise: number) =>
    Array.from({ length: channels }, (_, c) => numbers?.[numbers.length === 1 ? 0 : c] ?? otherwise);
  return {
    task: model ? modelEntry(model.name).task : 'classification',
    channels: channelOrder(input[2]),
    source: { size: [height, width], fit: recipe.data.fit ?? 'cover' },
    prepare: transforms.flatMap((transform, i) => preparation(transform, transforms.slice(0, i + 1), source)),
    mean: spread(normalized?.mean, 0),
    std: spread(normalized?.std, 1),
    labels: classes.length > 0 ? classes : null,
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
