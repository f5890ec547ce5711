import { UnsupportedError } from '../../errors.js';

/** Memory that a call reads and writes where it lies. */
type Place = Float32Array | Float64Array | Uint8Array | Int32Array;

/** A pointer of the library's. */
type Handle = bigint;

/**
 * The functions of MPI that are used, as C declares them. No code needs to be looked at: the standard's default is that a call that fails ends the
 * whole job, with a message of the library's own.
 */
export interface MpiLibrary {
  init(argumentCount: null, words: null, threadLevel: number, provided: Int32Array): number;
  finalize(): number;
  abort(communicator: Handle, status: number): number;
  rank(communicator: Handle, rank: Int32Array): number;
  size(communicator: Handle, size: Int32Array): number;
  split(communicator: Handle, type: number, key: number, info: Handle, split: BigUint64Array): number;
  free(communicator: BigUint64Array): number;
  broadcast(place: Place, count: number, type: Handle, root: number, communicator: Handle): number;
  allReduce(inPlace: Handle, place: Place, count: number, type: Handle, operation: Handle, communicator: Handle): number;
  readonly world: Handle;
  readonly float: Handle;
  readonly double: Handle;
  readonly byte: Handle;
  readonly sum: Handle;
  readonly noInfo: Handle;
}

/** Open MPI 4 and 5: the handles of its ABI are addresses of symbols. */
const NAMES = ['libmpi.so.40', 'libmpi.so', 'libmpi.40.dylib', 'libmpi.dylib'];

/** `MPI_IN_PLACE`, `MPI_THREAD_FUNNELED` and `MPI_COMM_TYPE_SHARED` of Open MPI's mpi.h. */
export const IN_PLACE = 1n;
export const THREAD_FUNNELED = 1;
export const TYPE_SHARED = 0;

/**
 * Opens Open MPI's library, by the package koffi: what is passed to its functions are addresses of the caller's own memory, nothing is copied.
 * @throws UnsupportedError without koffi, without the library, or with one of another MPI
 */
export async function openMpiLibrary(named = process.env['GOSSAMER_MPI_LIBRARY']): Promise<MpiLibrary> {
  const koffi = await loadKoffi();
  const library = openFirst(koffi, named === undefined ? NAMES : [named]);
  const symbol = (name: string): Handle => {
    try {
      return library.symbol(name) as Handle;
    } catch {
      throw new UnsupportedError(
        'training over MPI',
        `the MPI library that was found is not Open MPI 4 or 5 (it has no ${name}). GOSSAMER_MPI_LIBRARY=/path/to/libmpi.so.40 names one that is.`,
      );
    }
  };
  return {
    world: symbol('ompi_mpi_comm_world'),
    float: symbol('ompi_mpi_float'),
    double: symbol('ompi_mpi_double'),
    byte: symbol('ompi_mpi_byte'),
    sum: symbol('ompi_mpi_op_sum'),
    noInfo: symbol('ompi_mpi_info_null'),
    init: library.func('int MPI_Init_thread(void *, void *, int, int *)'),
    finalize: library.func('int MPI_Finalize()'),
    abort: library.func('int MPI_Abort(void *, int)'),
    rank: library.func('int MPI_Comm_rank(void *, int *)'),
    size: library.func('int MPI_Comm_size(void *, int *)'),
    split: library.func('int MPI_Comm_split_type(void *, int, int, void *, void *)'),
    free: library.func('int MPI_Comm_free(void *)'),
    broadcast: library.func('int MPI_Bcast(void *, int, void *, int, void *)'),
    allReduce: library.func('int MPI_Allreduce(void *, void *, int, void *, void *, void *)'),
  };
}

type Koffi = Pick<typeof import('koffi'), 'load'>;

async function loadKoffi(): Promise<Koffi> {
  try {
    return (await import('koffi')).default;
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const why = code === 'ERR_MODULE_NOT_FOUND' ? 'is not installed' : `does not run here (${message})`;
    throw new UnsupportedError('training over MPI', `the package koffi ${why}: npm install koffi.`);
  }
}

/** Its plug-ins look for the library's symbols among the global ones. */
function openFirst(koffi: Koffi, names: readonly string[]): ReturnType<Koffi['load']> {
  const failures: string[] = [];
  for (const name of names) {
    try {
      return koffi.load(name, { global: true });
    } catch (error) {
      failures.push((error as Error).message);
    }
  }
  throw new UnsupportedError(
    'training over MPI',
    `Open MPI's library was not found (${failures[0]}). Install it (Debian: apt-get install openmpi-bin), or name it: ` +
      'GOSSAMER_MPI_LIBRARY=/path/to/libmpi.so.40.',
  );
}
