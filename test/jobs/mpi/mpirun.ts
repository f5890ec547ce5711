import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { env } from '../../cli/gossamer.js';

/** The tests of MPI are left out only where one says so: a machine without mpirun fails them. */
export const skipsMpi = process.env['GOSSAMER_SKIP_MPI'] === '1';

/** On any machine: as root, more ranks than processors, messages within the machine only, ranks that give way to each other while they wait. */
const options = [
  ...['--allow-run-as-root', '--oversubscribe', '--bind-to', 'none'],
  ...['--mca', 'btl', 'self,vader', '--mca', 'mpi_yield_when_idle', '1'],
];

/** Runs `words` of Node on so many ranks. */
export function mpirun(ranks: number, words: readonly string[]): SpawnSyncReturns<string> {
  const result = spawnSync('mpirun', [...options, '-n', String(ranks), process.execPath, ...words], {
    encoding: 'utf8',
    env,
    timeout: 60_000,
  });
  if ((result.error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT') {
    throw new Error(
      'There is no mpirun. Install it (Debian: apt-get install openmpi-bin), or leave these tests out by GOSSAMER_SKIP_MPI=1.',
    );
  }
  return result;
}

/** What the script beside this file says on rank 0, as JSON, after all ranks came to a good end. */
export function answerOf<T>(script: string, ranks: number, ...words: readonly string[]): T {
  const { status, stdout, stderr } = mpirun(ranks, [scriptPath(script), ...words]);
  expect([status, stderr]).toEqual([0, '']);
  return JSON.parse(stdout) as T;
}

export function scriptPath(script: string): string {
  return fileURLToPath(new URL(script, import.meta.url));
}
