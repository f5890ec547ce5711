import process from 'node:process';
import { setTimeout } from 'node:timers/promises';
import { Option } from 'commander';
import { launcherOf, type Mpi, startMpi } from '../jobs/mpi/index.js';
import type { Console } from './console.js';
import { reportFailure } from './failure.js';

export type RanksChoice = 'auto' | 'mpi' | 'off';

export const ranksOption = () =>
  new Option(
    '--ranks <how>',
    'one training on all processes of an mpirun or srun: where one started this (auto), in any case (mpi), or not (off)',
  )
    .choices(['auto', 'mpi', 'off'])
    .default('auto');

/** This process as one of several; null for one by itself. @throws UnsupportedError where MPI is asked for and not there; ConfigError */
export async function ranksOf(choice: RanksChoice): Promise<Mpi | null> {
  if (choice === 'off') return null;
  const launcher = launcherOf(process.env);
  if (choice === 'auto' && (launcher === null || launcher.size === 1)) return null;
  return startMpi(launcher);
}

/** What all ranks find, rank 0 tells: the others give it so many milliseconds to end them. */
const precedence = 1000;

/**
 * Runs `body` as a rank, and MPI's end after it. Only rank 0 says anything but what ends a rank; that also ends the others, once it was told: they would
 * wait for ever.
 */
export async function asRank(
  mpi: Mpi,
  console: Console,
  json: boolean,
  body: (console: Console) => Promise<void>,
): Promise<void> {
  const isFirst = mpi.rank === 0;
  try {
    await body(isFirst ? plain(console) : silent(console));
  } catch (error) {
    if (!isFirst) await setTimeout(precedence);
    const place = isFirst ? console : prefixed(console, `rank ${mpi.rank}: `);
    mpi.abort(reportFailure(error, place, json && isFirst, process.env['GOSSAMER_DEBUG'] === '1'));
  }
  mpi.finalize();
}

/** mpirun gives its processes terminals that nobody sees: what comes out may well go to a file. */
function plain(console: Console): Console {
  const { write } = console.output;
  return withPlaces(console, { isTTY: false, color: false, columns: () => 100, write }, console.error);
}

function silent(console: Console): Console {
  const write = () => {};
  return withPlaces(console, { isTTY: false, color: false, columns: () => 100, write }, { write });
}

function prefixed(console: Console, prefix: string): Console {
  const error = { write: (text: string) => console.error.write(text.replaceAll(/^(?=.)/gm, prefix)) };
  return withPlaces(console, console.output, error);
}

/** Who loses the real output hears of it all the same. */
function withPlaces(console: Console, output: Console['output'], error: Console['error']): Console {
  return {
    output,
    error,
    get onOutputLost() {
      return console.onOutputLost;
    },
    set onOutputLost(listener) {
      console.onOutputLost = listener;
    },
  };
}
