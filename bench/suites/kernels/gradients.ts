import type { Engine } from '../../../dist/node.js';
import { Tensor } from '../../../dist/node.js';
import { type Bench, THREADS } from '../../bench.js';
import { random, withEngines } from '../../engine.js';
import { alternate, local } from '../../measure.js';
import { Peer } from '../../peer.js';
import { figure } from '../../result.js';
import { type Layer, label, macs, RESNET20, square, work } from './layers.js';

const LAYERS = [...RESNET20, square(128, 28, 4)];
const PASSES = { inputGradient: 'input gradient', weightGradient: 'weight gradient' } as const;

/** Both gradients of float convolutions, which multiply as often as the convolution itself. */
export async function benchGradients(bench: Bench): Promise<void> {
  for (const threads of THREADS) {
    using native = new Peer('pytorch', threads);
    for (const pass of ['inputGradient', 'weightGradient'] as const) {
      for (const layer of LAYERS) {
        const { ours, pytorch } = await withEngines((engines) =>
          alternate(
            { ours: local(gradient(engines[threads], layer, pass)), pytorch: native.subject(work(layer, pass)) },
            bench.kernelEffort,
          ),
        );
        const row = { name: `conv ${label(layer)}, ${PASSES[pass]}`, unit: 'GFLOP/s', threads, peers: { pytorch } };
        bench.report(figure(row, ours, ({ seconds }) => (2 * macs(layer)) / 1e9 / seconds));
      }
    }
  }
}

function gradient(engine: Engine, { batch, side, channels, kernel, groups }: Layer, pass: keyof typeof PASSES): () => void {
  const geometry = {
    ...{ batch, height: side, width: side, inChannels: channels },
    ...{ outHeight: side, outWidth: side, outChannels: channels },
    ...{ kernelHeight: kernel, kernelWidth: kernel, stride: 1, padding: (kernel - 1) / 2, dilation: 1, groups },
  };
  const image = [batch, side, side, channels];
  const filter = [channels, kernel, kernel, channels / groups];
  const dy = random(engine, image).address;
  const { kernels } = engine;
  if (pass === 'inputGradient') {
    const w = random(engine, filter).address;
    const dx = Tensor.empty(engine, image, 'float32', 'gradient').address;
    return () => kernels.conv2dInputGradient(geometry, dy, w, dx);
  }
  const x = random(engine, image).address;
  const dw = Tensor.empty(engine, filter, 'float32', 'gradient').address;
  return () => kernels.conv2dWeightGradient(geometry, x, dy, dw);
}
