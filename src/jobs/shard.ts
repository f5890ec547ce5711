import { ConfigError } from '../errors.js';

/** One part of a list of tasks that is divided among machines. */
export interface Shard {
  /** From 1 on. */
  readonly number: number;
  readonly count: number;
}

/** `2/8`. @throws ConfigError */
export function parseShard(text: string): Shard {
  const [number, count] = (/^(\d{1,6})\/(\d{1,6})$/.exec(text)?.slice(1) ?? []).map(Number);
  if (number === undefined || count === undefined || number < 1 || number > count) {
    throw new ConfigError('shard', `got "${text}", needs I/N, the number of this part and how many there are, such as 2/8.`);
  }
  return { number, count };
}

/**
 * The part that a cluster gave to this process: of a Slurm array (`SLURM_ARRAY_TASK_ID`, `_MIN`, `_COUNT`; numbers without gaps), or of a Kubernetes Indexed Job
 * (`JOB_COMPLETION_INDEX`, from 0 on, and `JOB_COMPLETIONS`, which the job's file must set). Null where neither is there.
 * @throws ConfigError when they are there but make no sense
 */
export function shardOfEnvironment(environment: Readonly<Record<string, string | undefined>>): Shard | null {
  const { SLURM_ARRAY_TASK_ID: slurm, JOB_COMPLETION_INDEX: kubernetes } = environment;
  if (slurm !== undefined) {
    const { SLURM_ARRAY_TASK_COUNT: count, SLURM_ARRAY_TASK_MIN: first = '0' } = environment;
    return fromVariables('SLURM_ARRAY_TASK_ID', slurm, Number(first), 'SLURM_ARRAY_TASK_COUNT', count);
  }
  if (kubernetes === undefined) return null;
  return fromVariables('JOB_COMPLETION_INDEX', kubernetes, 0, 'JOB_COMPLETIONS', environment['JOB_COMPLETIONS']);
}

function fromVariables(name: string, value: string, first: number, countName: string, count: string | undefined): Shard {
  if (count === undefined) {
    throw new ConfigError(
      'shard',
      `${name} is ${value}, but ${countName} does not say of how many: set it, or give --shard I/N.`,
    );
  }
  const shard = { number: Number(value) - first + 1, count: Number(count) };
  const isSound = Number.isInteger(shard.number) && Number.isInteger(shard.count) && shard.number >= 1;
  if (!isSound || shard.number > shard.count) {
    throw new ConfigError(
      'shard',
      `${name} is ${value} and ${countName} ${count}: the part must lie within their number, without gaps.`,
    );
  }
  return shard;
}

/** Every count-th of a list, so that neighbours, which often cost alike, go to different machines. */
export function partOfShard<T>(list: readonly T[], { number, count }: Shard): readonly T[] {
  return list.filter((_, i) => i % count === number - 1);
}
