import { FormatError } from '../../errors.js';
import { type FaceCrop, isCropScale } from '../../images/face-crop.js';
import type { ImageFit } from '../../images/fit.js';
import type { ImageSize } from '../../images/raster.js';
import { type Decision, decisionFault } from './decision.js';
import type { PackedGraph } from './graph.js';

/** What is done to an image once it has the source's size and before its values are normalised. */
export interface Preparation {
  /** `resize`: bilinear, whatever the aspect. `center-crop`: the middle of the image. */
  readonly name: 'resize' | 'center-crop';
  readonly size: ImageSize;
}

/** What a packed model takes, and what its answer means. */
export interface Contract {
  readonly task: 'classification' | 'depth-map';
  /** Channels in this order; of one channel `grey`. */
  readonly channels: 'rgb' | 'grey' | 'other';
  /** Size of the images that the model was trained on, before any preparation. */
  readonly source: { readonly size: ImageSize; readonly fit: ImageFit };
  /** In this order; the last one's size, or the source's, is what the graph takes. */
  readonly prepare: readonly Preparation[];
  /** A value v from 0 to 255 becomes (v / 255 - mean) / std, by channel. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
  /** Names of the classes in the order of the answer; null where it is no list of scores. */
  readonly labels: readonly string[] | null;
  /** How faces are cut out of pictures to be images of the source's size; of a model of faces alone. */
  readonly faces?: FaceCrop;
  /** From which score on a face counts as live; nothing is assumed where it is absent. */
  readonly decision?: Decision;
}

/** @throws FormatError with reason `bad-contract` when something is missing, or does not fit the graph */
export function checkContract(value: unknown, graph: PackedGraph, file: string): Contract {
  const fail = (detail: string) => new FormatError(file, 'bad-contract', detail);
  if (typeof value !== 'object' || value === null) throw fail('its contract is no object.');
  const { task, channels, source, prepare, mean, std, labels, faces, decision } = value as Readonly<
    Record<keyof Contract, unknown>
  >;
  const [inHeight, inWidth, inChannels] = graph.values[0]!.shape;
  const [, , outChannels] = graph.values[graph.output]!.shape;
  if (task !== 'classification' && task !== 'depth-map')
    throw fail(`its task is ${JSON.stringify(task)}: classification or depth-map.`);
  if (channels !== channelOrder(inChannels))
    throw fail(`its channels are ${JSON.stringify(channels)}, of an image of ${inChannels}.`);
  if (!isSource(source)) throw fail('it does not say the size of its source images and how others are made to fit it.');
  if (!Array.isArray(prepare) || !prepare.every(isPreparation)) {
    throw fail('it says no list of resize and center-crop, with height and width, to prepare an image.');
  }
  let [height, width] = source.size;
  for (const { name, size } of prepare) {
    if (name === 'center-crop' && (size[0] > height || size[1] > width)) {
      throw fail(`its center-crop of ${size[0]} x ${size[1]} is larger than the image of ${height} x ${width}.`);
    }
    [height, width] = size;
  }
  if (height !== inHeight || width !== inWidth) {
    throw fail(`its images have ${height} x ${width} pixels in the end, and its graph takes ${inHeight} x ${inWidth}.`);
  }
  for (const [name, numbers] of [
    ['mean', mean],
    ['std', std],
  ] as const) {
    const isFit = Array.isArray(numbers) && numbers.length === inChannels && numbers.every((number) => Number.isFinite(number));
    if (!isFit) throw fail(`its ${name} is not a number for each of ${inChannels} channels.`);
  }
  if ((std as number[]).some((number) => number <= 0)) throw fail('its std is not positive.');
  if (
    labels !== null &&
    !(Array.isArray(labels) && labels.length === outChannels && labels.every((label) => typeof label === 'string'))
  ) {
    throw fail(`its labels are not a name for each of ${outChannels} scores.`);
  }
  const contract = { task, channels, source, prepare, mean, std, labels } as Contract;
  if (faces === undefined && decision === undefined) return contract;
  if (task !== 'depth-map' || channels !== 'rgb' || source.size[0] !== source.size[1] || !isFaces(faces)) {
    throw fail('it does not say how faces are cut to square images in colour that become depth maps.');
  }
  if (decision === undefined) return { ...contract, faces };
  const fault = decisionFault(decision);
  if (fault !== null) throw fail(fault);
  return { ...contract, faces, decision: decision as Decision };
}

export function channelOrder(channels: number): Contract['channels'] {
  return channels === 3 ? 'rgb' : channels === 1 ? 'grey' : 'other';
}

function isSource(value: unknown): value is Contract['source'] {
  if (typeof value !== 'object' || value === null) return false;
  const { size, fit, ...more } = value as Readonly<Record<string, unknown>>;
  return isSize(size) && (fit === 'cover' || fit === 'contain' || fit === 'fill') && Object.keys(more).length === 0;
}

function isFaces(value: unknown): value is FaceCrop {
  if (typeof value !== 'object' || value === null) return false;
  const { scale, aspect, fill, ...more } = value as Readonly<Record<string, unknown>>;
  const isKnown = (aspect === 'keep' || aspect === 'stretch') && (fill === 'edge' || fill === 'black');
  return isCropScale(scale) && isKnown && Object.keys(more).length === 0;
}

function isPreparation(value: unknown): value is Preparation {
  if (typeof value !== 'object' || value === null) return false;
  const { name, size, ...more } = value as Readonly<Record<string, unknown>>;
  return (name === 'resize' || name === 'center-crop') && isSize(size) && Object.keys(more).length === 0;
}

function isSize(value: unknown): value is ImageSize {
  const isSide = (side: unknown) => typeof side === 'number' && Number.isInteger(side) && side >= 1 && side <= 16384;
  return Array.isArray(value) && value.length === 2 && value.every(isSide);
}
