/** `npm run bench -- [kernels] [train] [--json FILE]`: timings, never part of the tests. */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { benchKernels } from './kernels.js';
import { print, type Result, report } from './measure.js';
import { benchTrain } from './train.js';

const suites = { kernels: benchKernels, train: benchTrain };

const { values, positionals } = parseArgs({ allowPositionals: true, options: { json: { type: 'string' } } });
const names = positionals.length > 0 ? positionals : Object.keys(suites);
const unknown = names.find((name) => !(name in suites));
if (unknown) {
  console.error(`There is no suite ${unknown}; there are: ${Object.keys(suites).join(', ')}.`);
  process.exit(2);
}
const results: Result[] = [];
for (const name of names as (keyof typeof suites)[]) {
  await suites[name]((result) => {
    print(result);
    results.push(result);
  });
}
const whole = report(`npm run bench -- ${names.join(' ')}`, results);
console.log(`${whole.machine}, ${whole.processors} processors, Node ${whole.node}, commit ${whole.commit}`);
if (values.json) writeFileSync(values.json, `${JSON.stringify(whole, null, 2)}\n`);
