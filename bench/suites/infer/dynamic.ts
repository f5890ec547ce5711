import type { Bench } from '../../bench.js';
import { alternate, local } from '../../measure.js';
import { figure, timeRatio } from '../../result.js';
import { type Answering, answering } from './networks.js';

const THREADS = 1;

interface Pair {
  readonly label: string;
  readonly ours: Answering;
  readonly other: Answering;
  readonly beside: string;
  readonly batch: number;
  /** Of the other's time. */
  readonly reach: number;
}

const dense: Answering = { name: 'dydensenet-imagenet', side: 224, progress: 0 };
const pairs: readonly Pair[] = [
  {
    label: 'dyresnet18 at 224, keep 0.45',
    ours: { name: 'dyresnet18', side: 224 },
    other: { name: 'resnet18', side: 224 },
    ...{ beside: 'resnet18', batch: 1, reach: 0.6 },
  },
  ...[1, 8].map((batch) => ({
    label: `dydensenet-imagenet at 224, keep 0.25, batch ${batch}`,
    ours: { ...dense, progress: 1 },
    other: dense,
    ...{ beside: 'all channels kept', batch, reach: 0.5 },
  })),
];

/** Packed dynamic networks beside what they are meant to be faster than. */
export async function benchDynamicAnswers(bench: Bench): Promise<void> {
  for (const { label, ours, other, beside, batch, reach } of pairs) {
    const [mine, theirs] = [await answering(ours, THREADS, batch), await answering(other, THREADS, batch)];
    const times = await alternate({ mine: local(mine.call), theirs: local(theirs.call) }, bench.stepEffort);
    for (const { model } of [mine, theirs]) model.dispose();
    const row = { threads: THREADS, better: 'lower' } as const;
    const peers = { [beside]: times.theirs };
    bench.report(figure({ ...row, name: `${label}, packed`, unit: 'ms', peers }, times.mine, ({ seconds }) => 1000 * seconds));
    bench.report(timeRatio({ ...row, name: `${label}, packed: time over ${beside}`, reach }, times.mine, times.theirs));
  }
}
