import { BatchNorm2d, type Engine, ops, withGradients } from '../../../dist/node.js';
import type { Bench } from '../../bench.js';
import { computing, random, withEngines } from '../../engine.js';
import { alternate, local, scaled } from '../../measure.js';
import { figure } from '../../result.js';

/** The first map of ResNet-20 at batch 64: 4 MB. */
const SHAPE = [64, 32, 32, 16];
const ELEMENTS = SHAPE.reduce((product, length) => product * length, 1);
const GIGABYTES = (ELEMENTS * 4) / 1e9;

/** What a copy reads and writes. */
const COPY_PASSES = 2;

interface Walk {
  readonly name: string;
  /** Times that a map is read or written where each is walked over no more often than its result needs. */
  readonly passes: number;
  readonly body: () => void;
}

/** What walks over maps and computes little: bytes a second, beside those of a plain copy; on one thread. */
export async function benchElements(bench: Bench): Promise<void> {
  await withEngines(async ({ 1: engine }) => {
    const [from, to] = [new Float32Array(ELEMENTS), new Float32Array(ELEMENTS)];
    for (const { name, passes, body } of walks(engine)) {
      const copy = local(() => to.set(from));
      const times = await alternate({ ours: local(body), copy }, bench.kernelEffort);
      const peer = scaled(times.copy, passes / COPY_PASSES);
      const row = { name: `${name}, ${SHAPE.join('x')}`, unit: 'GB/s', threads: 1, peers: { 'a plain copy': peer } };
      bench.report(figure(row, times.ours, ({ seconds }) => (passes * GIGABYTES) / seconds));
    }
  });
}

function walks(engine: Engine): Walk[] {
  const channels = SHAPE.at(-1)!;
  const [x, other] = [random(engine, SHAPE), random(engine, SHAPE)];
  const [positive, negative] = [random(engine, [channels]), random(engine, [channels])];
  const norm = new BatchNorm2d(channels).train();
  norm.to(engine);
  const walk = (name: string, passes: number, body: () => unknown): Walk => ({ name, passes, body: computing(engine, body) });
  const towardsX = (compute: () => ReturnType<typeof ops.relu>) => () =>
    withGradients(engine, [x], () => [ops.meanSquaredError(compute(), other)]);
  return [
    walk('relu', 2, () => ops.relu(x)),
    walk('fprelu', 2, () => ops.fprelu(x, positive, negative)),
    walk('add', 3, () => ops.add(x, other)),
    // Statistics of the whole map go before its first result.
    walk('batch norm in training', 3, () => norm.forward(x)),
    // The loss reads two maps and writes its gradient from two; relu's gradient then reads two and writes one.
    walk(
      'relu and a loss, with gradient',
      10,
      towardsX(() => ops.relu(x)),
    ),
    // As before, but one reading more forward, and two backward.
    walk(
      'batch norm and a loss, with gradient',
      13,
      towardsX(() => norm.forward(x)),
    ),
  ];
}
