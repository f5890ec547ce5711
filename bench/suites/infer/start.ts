import { decodePackedModel } from '../../../dist/node.js';
import { load } from '../../../dist/runtime/index.js';
import type { Bench } from '../../bench.js';
import { median } from '../../measure.js';
import { result } from '../../result.js';
import { type Answering, imagesOf, packedFile } from './networks.js';

const NETWORK: Answering = { name: 'ftbnn-compact', side: 224 };
const LABEL = `${NETWORK.name} at ${NETWORK.side}, packed`;
const THREADS = 1;
const REACH = { loadMilliseconds: 100, firstOverWarm: 1.5, bytesOverBits: 1.05 };

/** How long it takes from a packed file to the first answer, and how large the file is. */
export async function benchStart(bench: Bench): Promise<void> {
  const file = await packedFile(NETWORK);
  const images = imagesOf(NETWORK);
  const loads: number[] = [];
  const firsts: number[] = [];
  for (let round = 0; round < bench.stepEffort.rounds; round++) {
    const start = performance.now();
    const model = await load(file, { threads: THREADS });
    loads.push(performance.now() - start);
    const times: number[] = [];
    for (let call = 0; call < 12; call++) {
      const before = performance.now();
      await model.run(images);
      times.push(performance.now() - before);
    }
    firsts.push(times[0]! / median(times.slice(1)));
    model.dispose();
  }
  const row = { threads: THREADS, better: 'lower' } as const;
  bench.report(result({ ...row, name: `${LABEL}: loading`, unit: 'ms', reach: REACH.loadMilliseconds }, loads));
  bench.report(result({ ...row, name: `${LABEL}: first answer over a warm one`, unit: 'x', reach: REACH.firstOverWarm }, firsts));
  bench.report(
    result({ ...row, name: `${LABEL}: its file over what its weights need`, unit: 'x', reach: REACH.bytesOverBits }, [
      await overhead(file),
    ]),
  );
}

/** Bytes of the file over those of its tensors, where a 1-bit weight is a bit. */
async function overhead(file: Uint8Array): Promise<number> {
  const { tensors } = await decodePackedModel(file, NETWORK.name);
  const bytes = [...tensors.values()].reduce((sum, { data }) => sum + data.byteLength, 0);
  return file.length / bytes;
}
