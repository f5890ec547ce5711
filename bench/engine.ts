import { createEngine, createModel, createOptimizer, type Engine, ops, Rng, scope, Tensor, withGradients } from '../dist/node.js';
import { THREADS, type Threads } from './bench.js';

/** `body` with an engine of one thread and one of two, which end with it; the one that is not in use sleeps. */
export async function withEngines<T>(body: (engines: Readonly<Record<Threads, Engine>>) => Promise<T>): Promise<T> {
  const engines = { 1: await createEngine({ threads: 1 }), 2: await createEngine({ threads: 2 }) };
  try {
    return await body(engines);
  } finally {
    for (const threads of THREADS) engines[threads].dispose();
  }
}

/** Normal deviates, the same ones every time. */
export function random(engine: Engine, shape: readonly number[]): Tensor {
  const rng = new Rng(1);
  const size = shape.reduce((product, length) => product * length, 1);
  return Tensor.from(
    engine,
    Float32Array.from({ length: size }, () => rng.normal()),
    [...shape],
  );
}

/** A call that computes and frees what it made. */
export function computing(engine: Engine, body: () => unknown): () => void {
  return () => scope(engine, () => void body());
}

export interface ClassifierStep {
  /** Forward, backward and SGD on a fixed batch of 32x32 images. */
  step(): void;
  /** Bytes that the forward pass leaves for the backward one. */
  bytesKept(): number;
}

interface StepOptions {
  /** Share of the training that lies behind, which dynamic networks go by. */
  readonly progress?: number;
  /** Options of the network. */
  readonly model?: Readonly<Record<string, unknown>>;
}

export function classifierStep(engine: Engine, name: string, batch: number, options: StepOptions = {}): ClassifierStep {
  const model = createModel(name, { engine, seed: 1, ...options.model }).train();
  model.setProgress(options.progress ?? 0);
  const parameters = model.parameters();
  const values = [...parameters.values()].map((parameter) => parameter.value);
  const optimizer = createOptimizer(engine, parameters, {
    name: 'sgd',
    learningRate: 0.01,
    momentum: 0.9,
    nesterov: true,
    weightDecay: 1e-4,
    decay: 'all',
  });
  const images = random(engine, [batch, 32, 32, 3]);
  const labels = Tensor.from(
    engine,
    Int32Array.from({ length: batch }, (_, i) => i % 10),
    [batch],
    'int32',
    'labels',
  );
  const loss = () => ops.crossEntropy(model.forward(images), labels);
  return {
    step: computing(engine, () => optimizer.step(withGradients(engine, values, () => [loss()]).gradients, 0.01)),
    bytesKept() {
      let kept = 0;
      scope(engine, () => {
        withGradients(engine, values, () => {
          const before = engine.memory().bytesInUse;
          const value = loss();
          kept = engine.memory().bytesInUse - before;
          return [value];
        });
      });
      return kept;
    },
  };
}
