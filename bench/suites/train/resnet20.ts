import { type Bench, THREADS } from '../../bench.js';
import { classifierStep, withEngines } from '../../engine.js';
import { alternate, fastest, local, type Measured, median, scaled } from '../../measure.js';
import { Peer } from '../../peer.js';
import { figure, ratios, result, speedRatio } from '../../result.js';

const BATCH = 64;
const NAME = `resnet20 step, batch ${BATCH}`;
/** What jax-js can do in seconds rather than minutes, in one round. */
const JAX_BATCH = 2;
const JAX = `jax-js, batch ${JAX_BATCH}`;

const REACH = { ofPytorch: 0.6, ofJavaScript: 14, scaling: 1.7 };

/** ResNet-20 for CIFAR on one thread and on two, beside all who can train it. */
export async function benchResnet20(bench: Bench): Promise<void> {
  const times = await measure(bench);
  // Neither JavaScript peer has threads in Node: what they reach on one is what they reach.
  const scripted = { 'tfjs-wasm': times.tfjs, [JAX]: times.jax };
  for (const threads of THREADS) {
    const ours = times[`ours${threads}`];
    const pytorch = times[`pytorch${threads}`];
    const peers = { pytorch, 'pytorch, channels last': times[`channelsLast${threads}`], ...scripted };
    const named = { name: NAME, unit: 'images/s', threads, peers };
    bench.report(figure(named, ours, ({ seconds }) => BATCH / seconds));
    bench.report(speedRatio({ name: `${NAME}: speed over PyTorch`, threads, reach: REACH.ofPytorch }, ours, pytorch));
    const over = { name: `${NAME}: speed over the best JavaScript peer`, threads, reach: REACH.ofJavaScript };
    bench.report(speedRatio(over, ours, fastest(Object.values(scripted))));
  }
  const scaling = { name: `${NAME}: speed over one thread`, unit: 'x', threads: 2, reach: REACH.scaling };
  const peers = {
    pytorch: ratios(times.pytorch1, times.pytorch2),
    'pytorch, channels last': ratios(times.channelsLast1, times.channelsLast2),
  };
  bench.report(result(scaling, ratios(times.ours1, times.ours2), { peers: medians(peers) }));
}

async function measure(bench: Bench): Promise<Record<Subjects, Measured>> {
  using pytorch1 = new Peer('pytorch', 1);
  using pytorch2 = new Peer('pytorch', 2);
  using tfjs = new Peer('tfjs-wasm', 1);
  using jax = new Peer('jax-js', 1);
  const work = { kind: 'resnet20', batch: BATCH, layout: 'default' } as const;
  const channelsLast = { ...work, layout: 'channelsLast' } as const;
  const times = await withEngines((engines) =>
    alternate(
      {
        ours1: local(classifierStep(engines[1], 'resnet20', BATCH).step),
        pytorch1: pytorch1.subject(work),
        channelsLast1: pytorch1.subject(channelsLast),
        ours2: local(classifierStep(engines[2], 'resnet20', BATCH).step),
        pytorch2: pytorch2.subject(work),
        channelsLast2: pytorch2.subject(channelsLast),
        tfjs: tfjs.subject(work, 3),
        jax: jax.subject({ ...work, batch: JAX_BATCH }, 1),
      },
      bench.stepEffort,
    ),
  );
  return { ...times, jax: scaled(times.jax, BATCH / JAX_BATCH) };
}

type Subjects = `${'ours' | 'pytorch' | 'channelsLast'}${1 | 2}` | 'tfjs' | 'jax';

function medians(peers: Readonly<Record<string, readonly number[]>>): Record<string, number | null> {
  return Object.fromEntries(Object.entries(peers).map(([name, values]) => [name, values.length > 0 ? median(values) : null]));
}
