import { ConfigError, ShapeError, UnsupportedError } from '../../errors.js';
import { Cdcn, CdcnPlusPlus, DyDenseNet, ResNet } from '../../models/index.js';
import { DynamicGroupConv2d, type Module } from '../../nn/index.js';
import { refuseOtherState } from '../../nn/state.js';
import { formatShape, sameShape, sizeOf } from '../../tensor/shape.js';
import { type StoredTensor, toFloat32 } from '../dtypes.js';
import { ohwiToOihw, oihwToOhwi } from '../layout.js';
import { cdcnNames, cdcnPlusPlusNames } from './cdcn.js';
import { dyDenseNetNames, dynamicLayerNames } from './dydensenet.js';
import type { NameMap, Place } from './names.js';
import { resnetNames } from './resnet.js';

/** Numbers and their shape, row-major. */
export interface Floats {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** What `nn.DataParallel` puts before every name. */
const PARALLEL_PREFIX = 'module.';
/** Counters that PyTorch keeps beside batch statistics; nothing that we do depends on them. */
const COUNTER = /(^|\.)num_batches_tracked$/;

/**
 * A PyTorch state by its authors' names, as `model.loadState` takes it: renamed, weights transposed from OIHW to OHWI, the heads of
 * dynamic layers stacked. Checkpoints of DGC's authors answer as they were trained on a model made with `ties: 'drop'`.
 * @throws UnsupportedError for a network whose names are not known
 * @throws ConfigError when entries are missing or unknown, naming them
 * @throws ShapeError when a tensor has not the shape that the model needs
 */
export function importPyTorchState(model: Module, state: ReadonlyMap<string, StoredTensor>): Map<string, Floats> {
  const theirs = withoutPrefix(state);
  const places = placesOf(model);
  const wanted = [...places.values()].flatMap(({ names }) => names);
  const missing = wanted.filter((name) => !theirs.has(name));
  const known = new Set(wanted);
  const unknown = [...theirs.keys()].filter((name) => !known.has(name) && !COUNTER.test(name));
  refuseOtherState(missing, unknown);
  const ours = model.state();
  return new Map(
    [...places].map(([path, place]) => {
      const { shape } = ours.get(path)!;
      return [path, { shape, data: stack(place, shape, theirs) }];
    }),
  );
}

/**
 * Values by our paths (a state, gradients, or some of them) by their authors' names and in PyTorch's layouts: the reverse of
 * `importPyTorchState`.
 * @throws UnsupportedError for a network whose names are not known
 * @throws ConfigError for a path that the model has not
 */
export function exportPyTorchState(model: Module, values: ReadonlyMap<string, Floats>): Map<string, Floats> {
  const places = placesOf(model);
  const result = new Map<string, Floats>();
  for (const [path, { shape, data }] of values) {
    const place = places.get(path);
    if (!place) throw new ConfigError('values', `this network has no ${path}`);
    const part = data.length / place.names.length;
    for (const [i, name] of place.names.entries()) {
      const ours = [shape[0]! / place.names.length, ...shape.slice(1)];
      result.set(name, toTheirs(place, ours, data.slice(i * part, (i + 1) * part)));
    }
  }
  return result;
}

function placesOf(model: Module): Map<string, Place> {
  const names = nameMapOf(model);
  return new Map(
    [...model.state().keys()].map((path) => {
      const place = names(path);
      if (!place)
        throw new UnsupportedError(`PyTorch names for ${model.constructor.name}`, `nobody told what ${path} is called there.`);
      return [path, place];
    }),
  );
}

function nameMapOf(model: Module): NameMap {
  if (model instanceof CdcnPlusPlus) return cdcnPlusPlusNames;
  if (model instanceof Cdcn) return cdcnNames;
  if (model instanceof ResNet) return resnetNames;
  if (model instanceof DyDenseNet) return dyDenseNetNames(headsOf(model));
  if (model instanceof DynamicGroupConv2d) return dynamicLayerNames(model.heads);
  throw new UnsupportedError(
    `PyTorch names for ${model.constructor.name}`,
    'they are known for resnet20, dydensenet, cdcn, cdcnpp and a single dynamic layer; for others rename the entries to those of model.state() yourself.',
  );
}

function headsOf(model: DyDenseNet): number {
  const layer = model.modules().find(([, module]) => module instanceof DynamicGroupConv2d)?.[1];
  return layer instanceof DynamicGroupConv2d ? layer.heads : 1;
}

function withoutPrefix(state: ReadonlyMap<string, StoredTensor>): ReadonlyMap<string, StoredTensor> {
  if (![...state.keys()].every((name) => name.startsWith(PARALLEL_PREFIX))) return state;
  return new Map([...state].map(([name, tensor]) => [name.slice(PARALLEL_PREFIX.length), tensor]));
}

/** The tensors of a place, each transposed, one after another. @throws ShapeError */
function stack(place: Place, shape: readonly number[], theirs: ReadonlyMap<string, StoredTensor>): Float32Array {
  const part = [shape[0]! / place.names.length, ...shape.slice(1)];
  const needed = theirShape(place, part);
  const data = new Float32Array(sizeOf(shape));
  for (const [i, name] of place.names.entries()) {
    const tensor = theirs.get(name)!;
    if (!sameShape(tensor.shape, needed)) {
      throw new ShapeError(`importing ${name}`, formatShape(tensor.shape), formatShape(needed));
    }
    const floats = toFloat32(tensor);
    data.set(isImageWeight(place, part) ? oihwToOhwi(floats, needed).data : floats, i * sizeOf(part));
  }
  return data;
}

function toTheirs(place: Place, ours: readonly number[], data: Float32Array): Floats {
  return { shape: theirShape(place, ours), data: isImageWeight(place, ours) ? ohwiToOihw(data, ours).data : data };
}

function theirShape({ form }: Place, ours: readonly number[]): readonly number[] {
  if (ours.length !== 4) return ours;
  const [out, height, width, inChannels] = ours as [number, number, number, number];
  return form === 'matrix' ? [out, inChannels] : [out, inChannels, height, width];
}

function isImageWeight({ form }: Place, ours: readonly number[]): boolean {
  return ours.length === 4 && form !== 'matrix';
}
