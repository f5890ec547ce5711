import type { Bench } from '../../bench.js';
import { alternate } from '../../measure.js';
import { Peer } from '../../peer.js';
import { figure, timeRatio } from '../../result.js';

const SIDE = 256;
const NAME = `cdcn step, ${SIDE}x${SIDE}, batch 1`;
const THREADS = 2;
const GIGABYTE = 1e9;

const REACH = { timeOfPytorch: 1.3, gigabytes: 1 };

/** CDCN as face attack detection trains it, in processes of its own so that the memory is that of the step. */
export async function benchCdcn(bench: Bench): Promise<void> {
  using own = new Peer('gossamer', THREADS);
  using native = new Peer('pytorch', THREADS);
  const work = { kind: 'cdcn', batch: 1, side: SIDE } as const;
  const { ours, pytorch } = await alternate({ ours: own.subject(work), pytorch: native.subject(work) }, bench.stepEffort);
  const lower = { threads: THREADS, better: 'lower' } as const;
  const peers = { pytorch };
  bench.report(figure({ ...lower, name: NAME, unit: 's', peers }, ours, ({ seconds }) => seconds));
  bench.report(timeRatio({ ...lower, name: `${NAME}: time over PyTorch's`, reach: REACH.timeOfPytorch }, ours, pytorch));
  const process = { ...lower, name: `${NAME}: most memory of its process`, unit: 'GB', reach: REACH.gigabytes, peers };
  bench.report(figure(process, ours, ({ peakBytes = 0 }) => peakBytes / GIGABYTE));
  const engine = { ...lower, name: `${NAME}: most memory of its tensors`, unit: 'GB', reach: REACH.gigabytes };
  bench.report(figure(engine, ours, ({ engineBytes = 0 }) => engineBytes / GIGABYTE));
}
