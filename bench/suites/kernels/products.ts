import { type Engine, ops } from '../../../dist/node.js';
import type { Bench } from '../../bench.js';
import { computing, random, withEngines } from '../../engine.js';
import { compileLimits, type Limit, type Limits } from '../../limits.js';
import { alternate, fastest, local, type Measured, scaled } from '../../measure.js';
import { figure, type Peers, speedRatio } from '../../result.js';

/** Of what the micro-kernel alone reaches. */
const REACH = 0.85;

/** Matrix products large enough that their operands come from memory, packing included: a 1x1 convolution, and a 1-bit 3x3 one. */
const FLOAT = { rows: 56 * 56, depth: 512, columns: 256 };
const BINARY = { side: 28, channels: 256, batch: 4 };

/** The matrix products inside, as shares of what their micro-kernels reach alone; on one thread. */
export async function benchProducts(bench: Bench): Promise<void> {
  await withEngines(async ({ 1: engine }) => {
    const relaxed = engine.facts().features.some(({ name, on }) => name === 'relaxed-simd' && on);
    const limits = await compileLimits(relaxed);
    await benchFloat(bench, engine, limits.float);
    await benchBinary(bench, engine, limits);
  });
}

async function benchFloat(bench: Bench, engine: Engine, limit: Limit): Promise<void> {
  const { rows, depth, columns } = FLOAT;
  const [x, w] = [random(engine, [1, 1, rows, depth]), random(engine, [columns, 1, 1, depth])];
  const ours = local(computing(engine, () => ops.conv2d(x, w)));
  const times = await alternate({ ours, alone: limit.subject }, bench.kernelEffort);
  const product = { name: `product ${rows} x ${depth} x ${columns}`, unit: 'GFLOP/s', work: 2 * rows * depth * columns };
  report(bench, product, times.ours, { 'its micro-kernel alone': scaled(times.alone, product.work / limit.work) }, REACH);
}

async function benchBinary(bench: Bench, engine: Engine, { popcount, nibbles }: Limits): Promise<void> {
  const { side, channels, batch } = BINARY;
  const [x, w] = [random(engine, [batch, side, side, channels]), random(engine, [channels, 3, 3, channels])];
  const ours = local(computing(engine, () => ops.binaryConv2d(x, w, { padding: 1 })));
  const times = await alternate({ ours, popcount: popcount.subject, nibbles: nibbles.subject }, bench.kernelEffort);
  const name = `1-bit conv 3x3 ${channels} at ${side}x${side}, batch ${batch}`;
  const product = { name, unit: 'GMAC/s', work: batch * side * side * 9 * channels * channels };
  const limits = {
    'popcounts alone': scaled(times.popcount, product.work / popcount.work),
    'nibble tables alone': scaled(times.nibbles, product.work / nibbles.work),
  };
  report(bench, product, times.ours, limits, null);
}

/** The product's rate beside those of its limits, which are timed as for the same work, and its share of the highest. */
function report(
  bench: Bench,
  { name, unit, work }: { readonly name: string; readonly unit: string; readonly work: number },
  ours: Measured,
  limits: Peers,
  reach: number | null,
): void {
  bench.report(figure({ name, unit, threads: 1, peers: limits }, ours, ({ seconds }) => work / 1e9 / seconds));
  bench.report(speedRatio({ name: `${name}: share of the limit`, threads: 1, reach }, ours, fastest(Object.values(limits))));
}
