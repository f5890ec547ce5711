import type { Engine } from '../../../dist/node.js';
import type { Bench } from '../../bench.js';
import { withEngines } from '../../engine.js';
import { compileLimits } from '../../limits.js';
import { alternate, fastest, local, scaled } from '../../measure.js';
import { figure, speedRatio } from '../../result.js';
import { type Layer, label, macs, RESNET18 } from './layers.js';

/** Of the faster of the micro-kernels that count nibbles and words, alone. */
const REACH = 0.75;

/** 1-bit convolutions of signs that are bits already with weights that stay, as in a packed model: each step's kernel without its finish. */
export async function benchPackedBinaryConvolutions(bench: Bench): Promise<void> {
  await withEngines(async ({ 1: engine }) => {
    const relaxed = engine.facts().features.some(({ name, on }) => name === 'relaxed-simd' && on);
    const { popcount, nibbles } = await compileLimits(relaxed);
    for (const layer of RESNET18) {
      const ours = local(convolving(engine, layer));
      const times = await alternate({ ours, popcount: popcount.subject, nibbles: nibbles.subject }, bench.kernelEffort);
      const peers = {
        'popcounts alone': scaled(times.popcount, macs(layer) / popcount.work),
        'nibble tables alone': scaled(times.nibbles, macs(layer) / nibbles.work),
      };
      const name = `packed 1-bit conv ${label(layer)}`;
      bench.report(figure({ name, unit: 'GMAC/s', threads: 1, peers }, times.ours, ({ seconds }) => macs(layer) / 1e9 / seconds));
      const share = { name: `${name}: share of the limit`, threads: 1, reach: REACH };
      bench.report(speedRatio(share, times.ours, fastest(Object.values(peers))));
    }
  });
}

function convolving(engine: Engine, { batch, side, channels, kernel, groups }: Layer): () => void {
  const { kernels } = engine;
  const sides = { height: side, width: side, outHeight: side, outWidth: side };
  const window = { kernelHeight: kernel, kernelWidth: kernel, stride: 1, padding: (kernel - 1) / 2, dilation: 1, groups };
  const g = { batch, inChannels: channels, outChannels: channels, ...sides, ...window };
  const integers = (count: number) => {
    const address = engine.allocate(count, 'int32', 'operand', [count]);
    engine.ints(address, count).set(Int32Array.from({ length: count }, (_, i) => Math.imul(i + 1, 0x9e3779b1)));
    return address;
  };
  const signs = integers((batch * side * side * channels) / 32);
  const bits = integers((channels * kernel * kernel * channels) / groups / 32);
  const packed = integers(kernels.packedWeightInts(g));
  const y = integers(batch * side * side * channels);
  kernels.packSignBits(g, bits, packed);
  return () => kernels.packedBinaryConv2d(g, signs, packed, null, y);
}
