import type { Engine } from '../../engine/engine.js';
import type { ForwardKernels } from '../../engine/forward-kernels.js';
import { packed, randomImages } from '../../freeze/freeze.js';
import { trace } from '../../freeze/trace.js';
import { Conv2d, GlobalAveragePool, inTurn, Module, ReLU } from '../../nn/index.js';
import { Plan } from '../../runtime/plan.js';
import { Rng } from '../../tensor/rng.js';
import type { Shape } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';

/** A network on the engine of packed models, ready to run on one image. */
export interface TimedNetwork {
  run(): void;
  dispose(): void;
}

/**
 * The network as it is shipped: frozen, but not compared with itself, since nobody trained it.
 * @param maker an engine that freezes
 * @param runner an engine that runs packed models
 */
export function timedNetwork(network: Module, input: Shape, maker: Engine, runner: Engine<ForwardKernels>): TimedNetwork {
  network.to(maker);
  try {
    network.setProgress(1);
    network.eval();
    const plan = new Plan(packed(trace(network, input), network, maker), runner);
    const image = randomImages(input, 1)[0]!;
    return { run: () => plan.run(1, image), dispose: () => plan.dispose() };
  } finally {
    network.dispose();
  }
}

/**
 * Where an operation is timed: behind a ReLU and before what reads all of its result, as in a cell. Both cost little; the time of the same without the
 * operation is taken off.
 */
export class Surroundings extends Module {
  readonly entry: Conv2d;
  private readonly relu = new ReLU();
  private readonly reader = new GlobalAveragePool();

  /** @param operation null: what comes in is handed on */
  constructor(
    channels: number,
    readonly operation: Module | null,
  ) {
    super();
    this.entry = new Conv2d(1, channels, { kernel: 1, bias: true, rng: new Rng(0) });
  }

  forward(x: Tensor): Tensor {
    return inTurn(x, this.entry, this.relu, ...(this.operation ? [this.operation] : []), this.reader);
  }
}
