import type { Sampler } from '../data/sampler.js';
import { ConfigError } from '../errors.js';
import { Rng } from '../tensor/rng.js';
import type { PadSource } from './source.js';

export interface PadSamplerOptions {
  /** `one`: of every presentation one frame an epoch, another each time; `all`: every frame. */
  readonly frames: 'one' | 'all';
  /**
   * `none`: as the data is; `label`: half of an epoch is bona fide, half attacks; `species`: the same, and every attack species has the same share of
   * its half. An epoch is as long as without: some are then taken several times, some not in every epoch.
   */
  readonly balance: 'none' | 'label' | 'species';
  readonly seed: number;
}

/** What is drawn: the frames of a presentation, one of which is taken, or a single frame. */
type Unit = readonly number[];

interface Group {
  readonly units: readonly Unit[];
  /** How many are drawn in an epoch. */
  readonly quota: number;
}

/** Chooses the records of every epoch, by the seed and the epoch alone. */
export class PadSampler implements Sampler {
  readonly length: number;
  private readonly groups: readonly Group[];

  /** @throws ConfigError when there is nothing to balance: no bona fide presentation, or no attack */
  constructor(
    source: PadSource,
    private readonly options: PadSamplerOptions,
  ) {
    const units = unitsOf(source, options.frames);
    this.length = units.length;
    this.groups = groupsOf(source, units, options.balance);
  }

  order(epoch: number): Int32Array {
    const { seed } = this.options;
    const drawn = this.groups.flatMap(({ units, quota }, i) => draw(units, quota, Rng.for(seed, epoch, i)));
    return Rng.for(seed, epoch, this.groups.length).shuffle(Int32Array.from(drawn));
  }
}

function unitsOf(source: PadSource, frames: PadSamplerOptions['frames']): Unit[] {
  const records = Array.from({ length: source.length }, (_, record) => record);
  if (frames === 'all') return records.map((record) => [record]);
  const byPresentation = new Map<string, number[]>();
  for (const record of records) {
    const { id } = source.presentation(record);
    const own = byPresentation.get(id) ?? [];
    byPresentation.set(id, own);
    own.push(record);
  }
  return [...byPresentation.values()];
}

function groupsOf(source: PadSource, units: readonly Unit[], balance: PadSamplerOptions['balance']): Group[] {
  if (balance === 'none') return [{ units, quota: units.length }];
  const byKind = new Map<string | null, Unit[]>();
  for (const unit of units) {
    const { label, species } = source.presentation(unit[0]!);
    // Bona fide ones have no species; by label all attacks are of one kind.
    const kind = label === 'bona-fide' ? null : balance === 'species' ? species : 'attack';
    const own = byKind.get(kind) ?? [];
    byKind.set(kind, own);
    own.push(unit);
  }
  const bonaFide = byKind.get(null);
  const attacks = [...byKind].filter(([kind]) => kind !== null).sort(([a], [b]) => (a! < b! ? -1 : 1));
  if (!bonaFide || attacks.length === 0) {
    const what = bonaFide ? 'attack' : 'bona fide presentation';
    throw new ConfigError('balance', `${source.name} has no ${what}: there is nothing to balance.`);
  }
  const half = Math.ceil(units.length / 2);
  const others = units.length - half;
  return [
    { units: bonaFide, quota: half },
    // Shares that are not whole differ by one.
    ...attacks.map(([, own], i) => ({
      units: own,
      quota: Math.floor(((i + 1) * others) / attacks.length) - Math.floor((i * others) / attacks.length),
    })),
  ];
}

/** `quota` of the units, all as often as each other or once more; of each a frame. */
function draw(units: readonly Unit[], quota: number, rng: Rng): number[] {
  const drawn: number[] = [];
  while (drawn.length < quota) {
    const order = rng.shuffle([...units]).slice(0, quota - drawn.length);
    for (const unit of order) drawn.push(unit[rng.integer(unit.length)]!);
  }
  return drawn;
}
