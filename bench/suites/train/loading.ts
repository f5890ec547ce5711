import { rm } from 'node:fs/promises';
import { type Engine, openSource, parseRecipe, recipes, type Source, train } from '../../../dist/node.js';
import type { Bench } from '../../bench.js';
import { classifierStep, withEngines } from '../../engine.js';
import { generateCifar10 } from '../../generated.js';
import { alternate, local, type Subject } from '../../measure.js';
import { figure, speedRatio } from '../../result.js';

const BATCH = 64;
const THREADS = 2;

/** Steps of a run of which the first few, while the workers start, are not timed. */
const STEPS = 24;
const STARTING_STEPS = 4;

const REACH = 0.97;

/** Training on CIFAR-10 with its augmentation, by the library's own loop, against the same step on a batch that is already there. */
export async function benchLoading(bench: Bench): Promise<void> {
  const generated = bench.data === null ? await generateCifar10(STEPS * BATCH) : null;
  try {
    const source = bench.data ?? (await openSource(generated!, { split: 'train' }));
    const { loaded, fixed } = await withEngines((engines) =>
      alternate(
        { loaded: trainingRun(engines[THREADS], source), fixed: local(classifierStep(engines[THREADS], 'resnet20', BATCH).step) },
        bench.stepEffort,
      ),
    );
    const name = `resnet20 in train(), ${generated ? 'generated' : 'CIFAR-10'} images, batch ${BATCH}`;
    const peers = { 'on a fixed batch': fixed };
    bench.report(figure({ name, unit: 'images/s', threads: THREADS, peers }, loaded, ({ seconds }) => BATCH / seconds));
    bench.report(speedRatio({ name: `${name}: speed over a fixed batch`, threads: THREADS, reach: REACH }, loaded, fixed));
  } finally {
    if (generated) await rm(generated, { recursive: true });
  }
}

function trainingRun(engine: Engine, source: Source): Subject {
  const recipe = parseRecipe({
    ...recipes['resnet20-cifar10'],
    data: { trainImages: STEPS * BATCH },
    epochs: 1,
    batchSize: BATCH,
    validation: { count: 0 },
  });
  return {
    async round() {
      const times: number[] = [];
      const { model } = await train({
        recipe,
        engine,
        data: { train: source },
        onEvent: (event) => {
          if (event.kind === 'step') times.push(performance.now());
        },
      });
      model.dispose();
      const [start, end] = [times[STARTING_STEPS - 1]!, times[STEPS - 1]!];
      return { seconds: (end - start) / 1000 / (STEPS - STARTING_STEPS) };
    },
  };
}
