import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../../src/errors.js';
import { launcherOf } from '../../../src/jobs/mpi/index.js';
import { answerOf, skipsMpi } from './mpirun.js';

describe.skipIf(skipsMpi)('MPI', () => {
  it("sums and broadcasts in the engine's memory, shared or not, and leaves its traps alone", () => {
    const engine = {
      squares: 9 * 100_003,
      drawn: new Array(7).fill(5),
      doubles: new Array(3).fill(2 ** -39 + 1),
      allocations: 1,
    };
    expect(answerOf('memory.mjs', 2)).toEqual({
      size: 2,
      threads: expect.any(Number),
      engines: [
        { shared: false, ...engine },
        { shared: true, ...engine },
      ],
      trap: 'RuntimeError',
      bytes: [0, 200],
      different: 0,
    });
  });

  it('gives batch norm the results of one process, to rounding: forward, backward, running statistics', () => {
    const differences = answerOf<Record<string, number>>('norm.mjs', 2);
    expect(Object.keys(differences)).toHaveLength(24);
    for (const [result, difference] of Object.entries(differences)) {
      expect(difference, result).toBeLessThan(result.startsWith('wasm') ? 5e-6 : 1e-14);
    }
  });
});

describe('launcherOf', () => {
  it.each([
    [
      { OMPI_COMM_WORLD_SIZE: '4', PMIX_RANK: '0' },
      { name: 'mpirun', size: 4 },
    ],
    [
      { PMIX_RANK: '3', SLURM_STEP_NUM_TASKS: '8', SLURM_NTASKS: '16' },
      { name: 'srun', size: 8 },
    ],
    [
      { PMI_RANK: '1', PMI_SIZE: '2', SLURM_STEP_NUM_TASKS: '2' },
      { name: 'srun', size: 2 },
    ],
    [
      { PMI_RANK: '1', PMI_SIZE: '2' },
      { name: 'mpiexec', size: 2 },
    ],
    [{ PMIX_RANK: '0' }, { name: 'PMIx', size: null }],
    // A batch job's own shell, which started nothing yet.
    [{ SLURM_JOB_ID: '7', SLURM_NTASKS: '16', SLURM_PROCID: '0' }, null],
    [{}, null],
  ])('%j is %j', (environment, launcher) => {
    expect(launcherOf(environment)).toEqual(launcher);
  });

  it('does not guess', () => {
    expect(() => launcherOf({ OMPI_COMM_WORLD_SIZE: 'two' })).toThrow(ConfigError);
  });
});
