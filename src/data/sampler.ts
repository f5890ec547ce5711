import { ConfigError } from '../errors.js';
import { Rng } from '../tensor/rng.js';
import type { Source } from './source.js';

/** Which records an epoch takes. */
export interface Sampler {
  /** Records in an epoch: the same in all. */
  readonly length: number;
  /** The records of epoch `epoch` in their order; the same whenever it is asked for. */
  order(epoch: number): Int32Array;
}

/** All of `indices`, in their order or, given a seed, in a new one every epoch. */
export function orderedSampler(indices: Int32Array, seed: number | null): Sampler {
  return {
    length: indices.length,
    order(epoch) {
      const order = Int32Array.from(indices);
      // Records are numbered from 0: no record's own stream is this one.
      return seed === null ? order : streamOf(seed, epoch).shuffle(order);
    },
  };
}

export interface BalancedOptions {
  /** Records to take. */
  readonly indices: Int32Array;
  readonly seed: number;
  /** `one-per-video`: of every video one frame an epoch, each time another one by chance. */
  readonly frames: 'all' | 'one-per-video';
  /**
   * `label`: as many of each class; `species`: half of them bona fide, the other half an equal share of each attack species. Shares that are not whole
   * differ by one.
   */
  readonly balance: 'none' | 'label' | 'species';
}

/**
 * Frames by chance, in a new order every epoch, as many as there are videos (or, with `all`, frames). What is rare for its share is taken several times:
 * everything of a stratum once before anything of it again.
 * @throws ConfigError for a choice by video or species where the source does not tell them
 */
export function balancedSampler(source: Source, { indices, seed, frames, balance }: BalancedOptions): Sampler {
  const units = frames === 'one-per-video' ? videosOf(source, indices) : [...indices].map((record) => [record]);
  const strata = strataOf(source, units, balance);
  return {
    length: units.length,
    order(epoch) {
      const rng = streamOf(seed, epoch);
      const chosen = quotas(strata, units.length, rng).flatMap(({ stratum, quota }) =>
        take(stratum.units, quota, rng).map((unit) => unit[unit.length === 1 ? 0 : rng.integer(unit.length)]!),
      );
      return rng.shuffle(Int32Array.from(chosen));
    },
  };
}

/** What is drawn from: the frames of a video, or one frame. */
type Unit = readonly number[];

interface Stratum {
  /** Strata of one side share its half evenly. */
  readonly side: string;
  readonly units: readonly Unit[];
}

function streamOf(seed: number, epoch: number): Rng {
  return Rng.for(seed, epoch, -1);
}

function videosOf(source: Source, indices: Int32Array): readonly Unit[] {
  const { frames } = source;
  if (!frames) throw new ConfigError('sampling.frames', `${source.name} does not tell which video an image is a frame of.`);
  return [...groupBy(indices, (record) => frames.video(record)).values()];
}

function strataOf(source: Source, units: readonly Unit[], balance: BalancedOptions['balance']): readonly Stratum[] {
  if (balance === 'none') return [{ side: '', units }];
  const { frames } = source;
  if (balance === 'species' && !frames) {
    throw new ConfigError('sampling.balance', `${source.name} does not tell the species of an attack. Balance by label.`);
  }
  const speciesOf = ([record]: Unit) => frames!.species(record!);
  const keyOf = (unit: Unit) => (balance === 'label' ? String(source.label(unit[0]!)) : JSON.stringify(speciesOf(unit)));
  const sideOf = (unit: Unit) => (balance === 'label' ? keyOf(unit) : speciesOf(unit) === null ? 'bona fide' : 'attack');
  return [...groupBy(units, keyOf)]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, members]) => ({ side: sideOf(members[0]!), units: members }));
}

function groupBy<T>(items: Iterable<T>, keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}

/** `total` shared evenly among the sides, and a side's part among its strata; who gets what does not divide is chance. */
function quotas(strata: readonly Stratum[], total: number, rng: Rng): { stratum: Stratum; quota: number }[] {
  const sides = [...groupBy(strata, ({ side }) => side).values()];
  const parts = shares(total, sides.length, rng);
  return sides.flatMap((members, i) => {
    const own = shares(parts[i]!, members.length, rng);
    return members.map((stratum, j) => ({ stratum, quota: own[j]! }));
  });
}

function shares(total: number, parts: number, rng: Rng): number[] {
  const base = Math.floor(total / parts);
  return rng.shuffle(Array.from({ length: parts }, (_, i) => base + (i < total % parts ? 1 : 0)));
}

/** `quota` of the units by chance: all of them once before any of them again. */
function take(units: readonly Unit[], quota: number, rng: Rng): Unit[] {
  const taken: Unit[] = [];
  while (taken.length < quota) taken.push(...rng.shuffle([...units]).slice(0, quota - taken.length));
  return taken;
}
