// A training run in a process of its own, for a test to stop and kill. Arguments: run folder, data folder, recipe as JSON, threads, `resume` or
// `start`, and the number of steps after each of which it stops itself (SIGSTOP; 0: never).
// Every event is a line of JSON on standard output, written before the run goes on.
import fs from 'node:fs';
import { train } from '../../dist/train/train.js';

const [run, data, recipe, threads, beginning, stopEvery] = process.argv.slice(2);
await train({
  run,
  data,
  recipe: JSON.parse(recipe),
  threads: Number(threads),
  resume: beginning === 'resume',
  onEvent: (event) => {
    fs.writeSync(1, `${JSON.stringify(event)}\n`);
    if (event.kind === 'step' && event.step % Number(stopEvery) === 0) process.kill(process.pid, 'SIGSTOP');
  },
});
process.exit(0);
