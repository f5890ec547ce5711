// A training run in a process of its own, for a test to kill. Arguments: run folder, data folder, recipe as JSON, threads, `resume` or nothing.
// Every event is a line of JSON on standard output, written before the run goes on.
import fs from 'node:fs';
import { train } from '../../dist/train/train.js';

const [run, data, recipe, threads, resume] = process.argv.slice(2);
await train({
  run,
  data,
  recipe: JSON.parse(recipe),
  threads: Number(threads),
  resume: resume === 'resume',
  onEvent: (event) => fs.writeSync(1, `${JSON.stringify(event)}\n`),
});
process.exit(0);
