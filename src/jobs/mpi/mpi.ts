import fs from 'node:fs';
import os from 'node:os';
import { UnsupportedError } from '../../errors.js';
import type { Ranks } from '../../train/index.js';
import type { Launcher } from './launcher.js';
import { IN_PLACE, type MpiLibrary, openMpiLibrary, THREAD_FUNNELED, TYPE_SHARED } from './library.js';

/** All processes that one `mpirun` or `srun` started, by MPI. One a process, from `startMpi` to `finalize` or `abort`. */
export class Mpi implements Ranks {
  readonly rank: number;
  readonly size: number;
  /** Threads for this rank: the processors that it may use, divided among the ranks that may use the same ones. */
  readonly threads: number;

  private constructor(private readonly library: MpiLibrary) {
    const { world } = library;
    this.rank = numberFrom((place) => library.rank(world, place));
    this.size = numberFrom((place) => library.size(world, place));
    this.threads = Math.max(1, Math.floor(os.availableParallelism() / this.sharers()));
  }

  /** @internal */
  static start(library: MpiLibrary): Mpi {
    library.init(null, null, THREAD_FUNNELED, new Int32Array(1));
    return new Mpi(library);
  }

  sum(values: Float32Array | Float64Array): void {
    this.sumOver(this.library.world, values);
  }

  broadcast(values: Float32Array | Float64Array | Uint8Array): void {
    const { library } = this;
    library.broadcast(values, values.length, typeOf(library, values), 0, library.world);
  }

  /** Ends all ranks, this one too: what is left to say must be written before. */
  abort(status: number): never {
    this.library.abort(this.library.world, status);
    throw new Error('MPI_Abort came back');
  }

  /** Waits for all ranks and ends MPI; a process that ends without counts as dead. */
  finalize(): void {
    this.library.finalize();
  }

  private sumOver(communicator: bigint, values: Float32Array | Float64Array): void {
    const { library } = this;
    library.allReduce(IN_PLACE, values, values.length, typeOf(library, values), library.sum, communicator);
  }

  /** Ranks on this machine that may use the very processors that this one may: mpirun and Slurm may have bound each to its own. */
  private sharers(): number {
    const { library, rank } = this;
    const local = new BigUint64Array(1);
    library.split(library.world, TYPE_SHARED, rank, library.noInfo, local);
    const communicator = local[0]!;
    const place = numberFrom((at) => library.rank(communicator, at));
    const masks = new Float64Array(numberFrom((at) => library.size(communicator, at)));
    const own = processorsMask();
    masks[place] = own;
    this.sumOver(communicator, masks);
    library.free(local);
    return masks.filter((mask) => mask === own).length;
  }
}

/**
 * Makes this process a rank.
 * @param launcher who started it, as far as is known
 * @throws UnsupportedError without the package koffi or Open MPI's library, or where that is not the launcher's
 */
export async function startMpi(launcher: Launcher | null = null): Promise<Mpi> {
  const mpi = Mpi.start(await openMpiLibrary());
  const expected = launcher?.size ?? mpi.size;
  if (mpi.size !== expected) {
    const { size } = mpi;
    mpi.finalize();
    throw new UnsupportedError(
      'training over MPI',
      `${launcher!.name} started ${expected} processes, but the MPI library that was found knows of ${size}: it is not the launcher's. ` +
        'GOSSAMER_MPI_LIBRARY=/path/to/libmpi.so.40 names the right one; with srun, --mpi=pmix.',
    );
  }
  return mpi;
}

function numberFrom(write: (place: Int32Array) => void): number {
  const place = new Int32Array(1);
  write(place);
  return place[0]!;
}

function typeOf({ float, double, byte }: MpiLibrary, values: Float32Array | Float64Array | Uint8Array): bigint {
  if (values instanceof Float32Array) return float;
  return values instanceof Float64Array ? double : byte;
}

/** A number for the set of processors that this process may use, as Linux tells it; elsewhere the same for all. */
function processorsMask(): number {
  try {
    const list = /^Cpus_allowed_list:\s*(.*)$/m.exec(fs.readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '';
    // FNV-1a: masks that differ give different numbers, but for a chance of one in four billion that costs a few threads.
    return [...list].reduce((hash, letter) => Math.imul(hash ^ letter.charCodeAt(0), 16777619) >>> 0, 2166136261);
  } catch {
    return 0;
  }
}
