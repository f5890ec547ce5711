// A training run on all ranks. Arguments: run folder, data folder, recipe as JSON, and as JSON `resume` and what becomes of one rank after a step, as { rank, step }: it
// is told to `stop`, ends by `kill`, or its weights change (`shake`). Rank 0 writes every event as a line of JSON, and at last whether the ranks' models have the same bits.
import fs from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { openSource } from '../../../dist/data/open.js';
import { createEngine } from '../../../dist/engine/index.js';
import { startMpi } from '../../../dist/jobs/mpi/index.js';
import { createRecipeModel } from '../../../dist/train/model.js';
import { digestOf } from '../../../dist/train/ranks.js';
import { train } from '../../../dist/train/train.js';

const [run, data, recipeText, choiceText] = process.argv.slice(2);
const recipe = JSON.parse(recipeText);
const { resume, ...fates } = JSON.parse(choiceText);
const mpi = await startMpi();
const tell = (line) => mpi.rank === 0 && fs.writeSync(1, `${JSON.stringify(line)}\n`);
try {
  const engine = await createEngine({ threads: 1, autotune: 'off' });
  const classes = (await openSource(data, { split: 'train' })).classes.length;
  const model = createRecipeModel(recipe, engine, { classes, inChannels: 1 });
  const controller = new AbortController();
  const meets = (fate, event) => fate && event.kind === 'step' && fate.rank === mpi.rank && fate.step === event.step;
  const { reason } = await train({
    ...(mpi.rank === 0 && { run, resume }),
    ...{ data, recipe, engine, model, ranks: mpi, workers: 0, signal: controller.signal },
    onEvent: (event) => {
      tell(event);
      if (meets(fates.stop, event)) controller.abort();
      if (meets(fates.kill, event)) process.kill(process.pid, 'SIGKILL');
      if (meets(fates.shake, event)) model.parameters().values().next().value.value.view()[0] += 2 ** -20;
    },
  });
  const digest = Uint8Array.from(digestOf([...model.state().values()].map((entry) => entry.read())));
  const first = Uint8Array.from(digest);
  mpi.broadcast(first);
  const different = Float64Array.of(digest.every((byte, i) => byte === first[i]) ? 0 : 1);
  mpi.sum(different);
  tell({ kind: 'ranks', reason, different: different[0] });
} catch (error) {
  // What all found, rank 0 tells.
  if (mpi.rank > 0) await setTimeout(500);
  console.error(`${error.code}: ${error.message}`);
  mpi.abort(1);
}
mpi.finalize();
