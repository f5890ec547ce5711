import type { Bench } from '../../bench.js';
import { classifierStep, withEngines } from '../../engine.js';
import { alternate, local } from '../../measure.js';
import { figure, result } from '../../result.js';

const NAME = 'ftbnn-compact-cifar';
/** Half the width of the registry's, as two processors train it. */
const WIDTHS = [32, 64, 128, 256];
const BATCH = 64;
const THREADS = 2;

/** A 1-bit network beside its twin with real convolutions: speed, and what the forward pass keeps for the backward one. */
export async function benchBinary(bench: Bench): Promise<void> {
  await withEngines(async (engines) => {
    const engine = engines[THREADS];
    const binary = classifierStep(engine, NAME, BATCH, { model: { widths: WIDTHS } });
    const real = classifierStep(engine, `${NAME}-float`, BATCH, { model: { widths: WIDTHS } });
    const { ours, twin } = await alternate({ ours: local(binary.step), twin: local(real.step) }, bench.stepEffort);
    const name = `${NAME} step, ${WIDTHS[0]} wide, batch ${BATCH}`;
    const step = { name, unit: 'images/s', threads: THREADS };
    bench.report(figure({ ...step, peers: { 'its float twin': twin } }, ours, ({ seconds }) => BATCH / seconds));
    const perImage = (bytes: number) => bytes / 1000 / BATCH;
    const kept = { name: `${name}: kept for backward`, unit: 'KB/image', threads: THREADS, better: 'lower' } as const;
    const with1Bit = (model: Record<string, string>) =>
      perImage(classifierStep(engine, NAME, BATCH, { model: { widths: WIDTHS, ...model } }).bytesKept());
    const peers = {
      'its float twin': perImage(real.bytesKept()),
      'keep: packed (signs in bits, derivative in bytes)': with1Bit({ keep: 'packed' }),
      'surrogate: clip (both in bits)': with1Bit({ surrogate: 'clip' }),
    };
    bench.report(result(kept, [perImage(binary.bytesKept())], { peers }));
  });
}
