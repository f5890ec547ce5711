import { ConfigError, ShapeError } from '../../errors.js';
import type { Module } from '../../nn/index.js';
import { refuseOtherState } from '../../nn/state.js';
import { formatShape } from '../../tensor/shape.js';
import type { StoredTensor } from '../dtypes.js';
import { ohwiToOihw } from '../layout.js';
import { withoutParallelPrefix } from '../pytorch/prefix.js';
import { type Floats, isTransposed, matchState, partOf, takeState, theirShape } from './match.js';
import { type Naming, namingsOf, refuseUnnamed } from './namings.js';

/**
 * A PyTorch state by its authors' names, as `model.loadState` takes it: renamed, weights transposed from OIHW to OHWI, the heads of
 * dynamic layers stacked. Checkpoints of DGC's authors answer as they were trained on a model made with `ties: 'drop'`.
 * @throws UnsupportedError for a network whose names are not known
 * @throws ConfigError when entries are missing or unknown, naming them
 * @throws ShapeError when a tensor has not the shape that the model needs
 */
export function importPyTorchState(model: Module, state: ReadonlyMap<string, StoredTensor>): Map<string, Floats> {
  const tensors = withoutParallelPrefix(state);
  const match = matchState(model, tensors, knownNamings(model));
  const named = (kind: 'got' | 'needed') => match.problems.filter((problem) => !problem[kind]).map(({ name }) => name);
  refuseOtherState(named('got'), named('needed'));
  const [problem] = match.problems;
  if (problem) throw new ShapeError(`importing ${problem.name}`, formatShape(problem.got!), formatShape(problem.needed!));
  return takeState(match, tensors);
}

/**
 * Values by our paths (a state, gradients, or some of them) by their authors' names and in PyTorch's layouts: the reverse of
 * `importPyTorchState`.
 * @throws UnsupportedError for a network whose names are not known
 * @throws ConfigError for a path that the model has not
 */
export function exportPyTorchState(model: Module, values: ReadonlyMap<string, Floats>): Map<string, Floats> {
  const [{ places }] = knownNamings(model);
  const result = new Map<string, Floats>();
  for (const [path, { shape, data }] of values) {
    const place = places.get(path);
    if (!place) throw new ConfigError('values', `this network has no ${path}`);
    const size = data.length / place.names.length;
    const part = partOf(place, shape);
    for (const [i, name] of place.names.entries()) {
      const own = data.slice(i * size, (i + 1) * size);
      result.set(name, { shape: theirShape(place, part), data: isTransposed(place, part) ? ohwiToOihw(own, part).data : own });
    }
  }
  return result;
}

/** @throws UnsupportedError */
function knownNamings(model: Module): readonly [Naming, ...Naming[]] {
  const namings = namingsOf(model);
  refuseUnnamed(model, namings);
  return namings as [Naming, ...Naming[]];
}
