import type { WeightsProblem } from '../../errors.js';
import type { Module } from '../../nn/index.js';
import { formatShape, sameShape, sizeOf } from '../../tensor/shape.js';
import { type StoredTensor, toFloat32 } from '../dtypes.js';
import { oihwToOhwi } from '../layout.js';
import type { Place } from './names.js';
import type { Naming } from './namings.js';

/** Numbers and their shape, row-major. */
export interface Floats {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

type Tensors = ReadonlyMap<string, StoredTensor>;

/** An entry of our state, and the tensors of a file that are it: several for the heads of a dynamic layer. */
export interface MappedTensor {
  readonly to: string;
  readonly from: readonly string[];
  /** As we have it. */
  readonly shape: readonly number[];
}

/** A tensor of a file that a network has no use for. */
export interface LeftOver {
  readonly name: string;
  readonly shape: readonly number[];
  /** Why that does no harm; null when it may. */
  readonly harmless: string | null;
}

/** How the tensors of a file and the state of a network fit. Complete when `problems` is empty. */
export interface StateMatch {
  readonly naming: Naming;
  readonly mapped: readonly MappedTensor[];
  readonly leftOver: readonly LeftOver[];
  /** Of other shapes, then missing, then left over and perhaps not harmless. */
  readonly problems: readonly WeightsProblem[];
}

/** What checkpoints hold beside weights, by their names. */
const harmless: readonly (readonly [name: RegExp, why: string])[] = [
  [/(^|\.)num_batches_tracked$/, 'counter of batches; nothing depends on it'],
  [/^optimizer[./]/, 'kept by an optimiser, for training only'],
  [/(^|\.)total_(ops|params)$/, 'a count that a profiler left'],
];

/** Why a tensor of this name may be left over; null when it may not. */
function harmlessReason(name: string): string | null {
  return harmless.find(([pattern]) => pattern.test(name))?.[1] ?? null;
}

/** Matches by the naming of `namings` (at least one) that finds the most of its names; of equals, the first. */
export function matchState(model: Module, tensors: Tensors, namings: readonly Naming[]): StateMatch {
  const found = namings.map(({ places }) => wantedNames(places).filter((name) => tensors.has(name)).length);
  const naming = namings[found.indexOf(Math.max(...found))]!;
  const state = model.state();
  const mapped: MappedTensor[] = [];
  const missing: WeightsProblem[] = [];
  const otherShapes: WeightsProblem[] = [];
  for (const [to, place] of naming.places) {
    const { shape } = state.get(to)!;
    const needed = theirShape(place, partOf(place, shape));
    const problems = place.names.flatMap((name): WeightsProblem[] => {
      const got = tensors.get(name)?.shape ?? null;
      return got && sameShape(got, needed) ? [] : [{ name, got, needed }];
    });
    missing.push(...problems.filter(({ got }) => !got));
    otherShapes.push(...problems.filter(({ got }) => got));
    if (problems.length === 0) mapped.push({ to, from: place.names, shape });
  }
  const wanted = new Set(wantedNames(naming.places));
  const leftOver = [...tensors]
    .filter(([name]) => !wanted.has(name))
    .map(([name, { shape }]): LeftOver => ({ name, shape, harmless: harmlessReason(name) }));
  const unknown = leftOver
    .filter((tensor) => tensor.harmless === null)
    .map(({ name, shape }): WeightsProblem => ({ name, got: shape, needed: null }));
  return { naming, mapped, leftOver, problems: [...otherShapes, ...missing, ...unknown] };
}

/** Our state from a match that is complete: weights transposed to our layout, the heads of dynamic layers stacked. */
export function takeState({ mapped, naming }: StateMatch, tensors: Tensors): Map<string, Floats> {
  return new Map(mapped.map(({ to, shape }) => [to, { shape, data: stack(naming.places.get(to)!, shape, tensors) }]));
}

/** The first of several problems of each kind, in words. */
export function describeProblems(problems: readonly WeightsProblem[]): string {
  const missing = problems.filter(({ got }) => !got);
  const unknown = problems.filter(({ needed }) => !needed);
  const other = problems.find(({ got, needed }) => got && needed);
  const shapes = other ? [`${other.name} has shape ${formatShape(other.got!)}, needs ${formatShape(other.needed!)}`] : [];
  return [...shapes, ...listed('missing', missing), ...listed('unknown', unknown)].join('; ');
}

function listed(what: string, problems: readonly WeightsProblem[]): string[] {
  if (problems.length === 0) return [];
  const first = problems.slice(0, 3).map(({ name }) => name);
  const rest = problems.length - first.length;
  return [`${what} ${first.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`];
}

function wantedNames(places: Naming['places']): string[] {
  return [...places.values()].flatMap(({ names }) => names);
}

/** The tensors of a place, each transposed, one after another. */
function stack(place: Place, shape: readonly number[], tensors: Tensors): Float32Array {
  const part = partOf(place, shape);
  const data = new Float32Array(sizeOf(shape));
  for (const [i, name] of place.names.entries()) {
    const floats = toFloat32(tensors.get(name)!);
    data.set(isTransposed(place, part) ? oihwToOhwi(floats, theirShape(place, part)).data : floats, i * sizeOf(part));
  }
  return data;
}

/** Our shape of one of the tensors of a place. */
export function partOf({ names }: Place, shape: readonly number[]): readonly number[] {
  return [shape[0]! / names.length, ...shape.slice(1)];
}

/** The shape that a tensor of a place has there, from ours. */
export function theirShape({ form }: Place, ours: readonly number[]): readonly number[] {
  if (ours.length !== 4 || form === 'ours') return ours;
  const [out, height, width, inChannels] = ours as [number, number, number, number];
  return form === 'matrix' ? [out, inChannels] : [out, inChannels, height, width];
}

/** Whether a tensor of a place has its axes in PyTorch's order there. */
export function isTransposed({ form }: Place, ours: readonly number[]): boolean {
  return ours.length === 4 && form === undefined;
}
