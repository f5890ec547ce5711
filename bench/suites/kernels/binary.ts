import { ops } from '../../../dist/node.js';
import { type Bench, THREADS } from '../../bench.js';
import { computing, random, withEngines } from '../../engine.js';
import { alternate, local } from '../../measure.js';
import { figure, speedRatio } from '../../result.js';
import { label, macs, RESNET18, WIDE_CIFAR } from './layers.js';

/** Times as fast as our own float convolution of the same layer in training, weights and signs packed anew every time. */
const REACH = 4;

/** 1-bit convolutions forward, beside float ones of the same layer. */
export async function benchBinaryConvolutions(bench: Bench): Promise<void> {
  for (const threads of THREADS) {
    for (const layer of [...RESNET18, ...WIDE_CIFAR]) {
      const { batch, side, channels } = layer;
      const { ours, real } = await withEngines((engines) => {
        const engine = engines[threads];
        const [x, w] = [random(engine, [batch, side, side, channels]), random(engine, [channels, 3, 3, channels])];
        return alternate(
          {
            ours: local(computing(engine, () => ops.binaryConv2d(x, w, { padding: 1 }))),
            real: local(computing(engine, () => ops.conv2d(x, w, { padding: 1 }))),
          },
          bench.kernelEffort,
        );
      });
      const name = `1-bit conv ${label(layer)}, forward`;
      const row = { name, unit: 'GMAC/s', threads };
      bench.report(figure(row, ours, ({ seconds }) => macs(layer) / 1e9 / seconds));
      bench.report(
        speedRatio({ name: `${name}: speed over the float one`, threads, reach: batch > 1 ? REACH : null }, ours, real),
      );
    }
  }
}
