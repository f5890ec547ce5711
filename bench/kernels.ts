import { createEngine, type Engine } from '#dist/engine/index.js';
import * as ops from '#dist/ops/index.js';
import { Rng, scope, Tensor } from '#dist/tensor/index.js';
import { type Result, rate, time } from './measure.js';
import { measurePyTorch } from './peers.js';

/** Square convolution layers of ResNet-18 at batch 1, by channels and side. */
const LAYERS = [
  [64, 56],
  [128, 28],
  [256, 14],
  [512, 7],
] as const;

/** The layer that the engine's promise is about. */
const PROMISED = { channels: 128, threads: 1, gigaflops: 20 };

/** Convolutions forward at batch 1: effective GFLOP/s (2 x multiply-accumulates), binary ones in G binary MAC/s. */
export async function benchKernels(onResult: (result: Result) => void): Promise<void> {
  for (const threads of [1, 2]) {
    const peer = measurePyTorch(threads);
    const engine = await createEngine({ threads });
    for (const [channels, side] of LAYERS) {
      const macs = side * side * channels * channels * 9;
      const promised = channels === PROMISED.channels && threads === PROMISED.threads;
      const { x, w } = operands(engine, channels, side);
      const suffix = `${channels} channels, ${side}x${side}, ${threads} thread${threads > 1 ? 's' : ''}`;
      onResult(
        rate(
          `conv 3x3 forward, ${suffix}`,
          'GFLOP/s',
          (2 * macs) / 1e9,
          run(engine, () => ops.conv2d(x, w, { padding: 1 })),
          { reach: promised ? PROMISED.gigaflops : null, pytorch: peer?.[`conv3x3-${channels}`] },
        ),
      );
      onResult(
        rate(
          `1-bit conv 3x3 forward, ${suffix}`,
          'GMAC/s',
          macs / 1e9,
          run(engine, () => ops.binaryConv2d(x, w, { padding: 1 })),
        ),
      );
    }
    engine.dispose();
  }
}

function operands(engine: Engine, channels: number, side: number): { x: Tensor; w: Tensor } {
  const rng = new Rng(channels);
  const random = (shape: number[]) => {
    const size = shape.reduce((product, length) => product * length, 1);
    return Tensor.from(
      engine,
      Float32Array.from({ length: size }, () => rng.normal()),
      shape,
    );
  };
  return { x: random([1, side, side, channels]), w: random([channels, 3, 3, channels]) };
}

function run(engine: Engine, body: () => Tensor): number[] {
  return time(() => scope(engine, () => void body()));
}
