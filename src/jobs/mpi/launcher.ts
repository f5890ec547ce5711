import { ConfigError } from '../../errors.js';

/** Who started this process as one of several that know each other. */
export interface Launcher {
  readonly name: string;
  /** Processes that it started; null where it does not say. */
  readonly size: number | null;
}

/**
 * Open MPI's `mpirun` (`OMPI_COMM_WORLD_SIZE`), or an `srun` with PMIx or PMI-2 (`PMIX_RANK`, `PMI_RANK`). A shell of a batch job has Slurm's variables but
 * none of these, so what it starts without srun is no rank of anything. Null where neither did.
 * @throws ConfigError when a variable is there but makes no sense
 */
export function launcherOf(environment: Readonly<Record<string, string | undefined>>): Launcher | null {
  const { OMPI_COMM_WORLD_SIZE: openMpi, PMI_SIZE: pmi, SLURM_STEP_NUM_TASKS: slurm } = environment;
  if (openMpi !== undefined) return { name: 'mpirun', size: sizeFrom('OMPI_COMM_WORLD_SIZE', openMpi) };
  if (environment['PMIX_RANK'] === undefined && environment['PMI_RANK'] === undefined) return null;
  if (pmi !== undefined) return { name: slurm === undefined ? 'mpiexec' : 'srun', size: sizeFrom('PMI_SIZE', pmi) };
  if (slurm !== undefined) return { name: 'srun', size: sizeFrom('SLURM_STEP_NUM_TASKS', slurm) };
  return { name: 'PMIx', size: null };
}

function sizeFrom(variable: string, text: string): number {
  const size = Number(text);
  if (Number.isInteger(size) && size >= 1) return size;
  throw new ConfigError('ranks', `${variable} is "${text}", needs the number of processes. --ranks off trains without MPI.`);
}
