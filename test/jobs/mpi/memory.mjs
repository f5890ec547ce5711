// Sums and broadcasts on the memory of engines with and without shared memory; what all ranks found goes to standard output.
import { createEngine } from '../../../dist/engine/index.js';
import { startMpi } from '../../../dist/jobs/mpi/index.js';
import { Tensor } from '../../../dist/tensor/tensor.js';

const mpi = await startMpi();
const found = { size: mpi.size, threads: mpi.threads, engines: [] };
for (const threads of [1, 2]) {
  const engine = await createEngine({ threads, autotune: 'off' });
  const tensor = Tensor.full(engine, [100_003], mpi.rank + 1);
  const before = engine.memory().allocations;
  const view = tensor.view();
  mpi.sum(view);
  // The kernels read what MPI wrote, in the place of the tensor.
  const norm = Tensor.empty(engine, [1]);
  engine.kernels.sumSquares(tensor.size, tensor.address, norm.address);
  const squares = norm.item();
  norm.dispose();
  const drawn = Tensor.full(engine, [7], mpi.rank + 5);
  mpi.broadcast(drawn.view());
  const doubles = new Float64Array(view.buffer, view.byteOffset, 3).fill(2 ** -40 + mpi.rank);
  mpi.sum(doubles);
  found.engines.push({
    shared: view.buffer instanceof SharedArrayBuffer,
    squares,
    drawn: [...drawn.toArray()],
    doubles: [...doubles],
    allocations: engine.memory().allocations - before,
  });
  engine.dispose();
}
// MPI may not take over the signal by which V8 hears of a wrong address in WebAssembly: (func (export "f") (drop (i32.load (i32.const -4)))).
const trap = [
  0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 5, 3, 1, 0, 1, 7, 5, 1, 1, 102, 0, 0, 10, 10, 1, 8, 0, 65, 124, 40,
  2, 0, 26, 11,
];
try {
  new WebAssembly.Instance(new WebAssembly.Module(Uint8Array.from(trap))).exports.f();
} catch (error) {
  found.trap = error.constructor.name;
}
const bytes = Uint8Array.of(mpi.rank, 200);
mpi.broadcast(bytes);
found.bytes = [...bytes];
// The ranks' findings must be the same: their difference is summed.
const text = new TextEncoder().encode(JSON.stringify(found));
const first = Uint8Array.from(text);
mpi.broadcast(first);
const different = Float64Array.of(text.every((byte, i) => byte === first[i]) ? 0 : 1);
mpi.sum(different);
if (mpi.rank === 0) console.log(JSON.stringify({ ...found, different: different[0] }));
mpi.finalize();
