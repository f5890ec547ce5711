import type { Engine } from '../engine/engine.js';
import { ConfigError } from '../errors.js';
import { type Contract, channelOrder } from '../formats/packed/contract.js';
import type { PackedModel, Provenance } from '../formats/packed/model.js';
import type { Module } from '../nn/index.js';
import { restoring } from '../nn/restoring.js';
import { Rng } from '../tensor/rng.js';
import { type Shape, sizeOf } from '../tensor/shape.js';
import { fuse } from './fuse.js';
import { lower } from './lower.js';
import { type Packing, pack } from './pack.js';
import { type FrozenPart, partsOf, unusedOf } from './parts.js';
import { joinThresholds } from './thresholds.js';
import { type Trace, trace } from './trace.js';
import { type AnsweredImage, type FreezeVerification, verify } from './verify.js';

export interface FreezeOptions {
  /** Height, width and channels of the image that it shall take. */
  readonly input: Shape;
  /** What it takes and answers; unless given, values from 0 to 1 as they are and scores without names. */
  readonly contract?: Partial<Contract>;
  readonly provenance?: Provenance;
  /** Images to compare on besides random ones: values as the network takes them, channels innermost. */
  readonly images?: readonly Float32Array[];
}

export interface FrozenModel extends Omit<PackedModel, 'digest'> {
  readonly verification: FreezeVerification;
  /** What its steps answered the images that it was compared on. */
  readonly answers: readonly AnsweredImage[];
  /** Of each step the calls of the model that it stands for. */
  readonly parts: readonly (readonly FrozenPart[])[];
  /** Paths of what the model keeps and evaluation does not read. */
  readonly unused: readonly string[];
}

/** Random images that every frozen model is compared on. */
const RANDOM_IMAGES = 2;

/**
 * A model as it stands, in evaluation form, as a packed model: batch norms, central differences and activations are part of the steps before
 * them, 1-bit weights are bits. Then every step is run on what the model itself has in its place, and all of them from the image on, and compared with it.
 * @param model on an engine; it is left as it was
 * @throws UnsupportedError for a layer that a packed model cannot hold, naming it; ShapeError for an image that the model does not take;
 *   ConfigError for a model without parameters, or of results that are not finite; FreezeError when a step does not compute what the model does
 */
export function freeze(model: Module, { input, contract, provenance = {}, images = [] }: FreezeOptions): FrozenModel {
  const [parameter] = model.parameters().values();
  if (!parameter) throw new ConfigError('model', 'has no parameters: there is nothing to freeze.');
  const { engine } = parameter.value;
  return restoring(model, () => {
    model.eval();
    const traced = trace(model, input);
    const packing = packed(traced, model, engine);
    const compared = [...randomImages(input, RANDOM_IMAGES), ...images];
    const { verification, answers } = verify(model, traced, packing, engine, compared);
    const { graph, tensors } = packing;
    return {
      ...{ graph, tensors, contract: { ...plainContract(input), ...contract }, provenance },
      ...{ verification: { ...verification, givenImages: images.length }, answers },
      parts: partsOf(traced, packing),
      unused: unusedOf(
        [...model.state()].map(([path]) => path),
        traced,
      ),
    };
  });
}

/** What `freeze` makes of a trace, before it is compared with the model. Throws as `freeze` */
export function packed(traced: Trace, model: Module, engine: Engine): Packing {
  return pack(fuse(joinThresholds(lower(traced, model), traced, model, engine)));
}

function plainContract([height, width, channels]: Shape): Contract {
  const every = (value: number) => new Array<number>(channels!).fill(value);
  return {
    task: 'classification',
    channels: channelOrder(channels!),
    source: { size: [height!, width!], fit: 'cover' },
    prepare: [],
    mean: every(0),
    std: every(1),
    labels: null,
  };
}

/** Normal values, as those of a normalised image are spread. */
export function randomImages(input: Shape, count: number): readonly Float32Array[] {
  const rng = new Rng(0);
  return Array.from({ length: count }, () => Float32Array.from({ length: sizeOf(input) }, () => rng.normal()));
}
