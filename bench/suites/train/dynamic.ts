import type { Bench } from '../../bench.js';
import { classifierStep, withEngines } from '../../engine.js';
import { alternate, local } from '../../measure.js';
import { figure, timeRatio } from '../../result.js';

const BATCH = 64;
const THREADS = 2;

/** Of the time that the same network takes before its channels are switched off. */
const REACH = 0.6;

/** Dynamic networks at the end of their training, when a quarter of the channels is kept, against their beginning. */
export async function benchDynamic(bench: Bench): Promise<void> {
  for (const name of ['dydensenet86-cifar', 'dydensenet-small-cifar']) {
    const { pruned, whole } = await withEngines((engines) =>
      alternate(
        {
          pruned: local(classifierStep(engines[THREADS], name, BATCH, { progress: 1 }).step),
          whole: local(classifierStep(engines[THREADS], name, BATCH, { progress: 0 }).step),
        },
        bench.stepEffort,
      ),
    );
    const peers = { 'before pruning': whole };
    const step = `${name} step, pruned, batch ${BATCH}`;
    const row = { name: step, unit: 'images/s', threads: THREADS, peers };
    bench.report(figure(row, pruned, ({ seconds }) => BATCH / seconds));
    const ratio = { name: `${step}: time over before pruning`, threads: THREADS, better: 'lower', reach: REACH } as const;
    bench.report(timeRatio(ratio, pruned, whole));
  }
}
