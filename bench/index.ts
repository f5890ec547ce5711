/** `npm run bench -- [SUITE or SUITE/PART ...] [--json FILE] [--node 24] [--data FOLDER] [--quick]`: timings, never part of the tests (README.md). */
import { parseArgs } from 'node:util';
import { createEngine, openSource, writeFileAtomic } from '../dist/node.js';
import type { Bench } from './bench.js';
import { runOnNode } from './other-node.js';
import { report } from './report.js';
import type { Result } from './result.js';
import { partsOf, suiteNames } from './suites/index.js';
import { print } from './table.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'string' },
    node: { type: 'string' },
    data: { type: 'string' },
    quick: { type: 'boolean', default: false },
  },
});
const names = positionals.length > 0 ? positionals : ['train', 'kernels', 'infer'];
const unknown = names.find((name) => !suiteNames.includes(name));
if (unknown) {
  console.error(`There is no suite ${unknown}; there are: ${suiteNames.join(', ')}.`);
  process.exit(2);
}
if (values.node !== undefined) process.exit(runOnNode(values.node));

const engine = await createEngine();
const facts = engine.facts();
engine.dispose();
const results: Result[] = [];
const bench: Bench = {
  kernelEffort: values.quick ? { rounds: 2, seconds: 0.05 } : { rounds: 7, seconds: 0.3 },
  stepEffort: values.quick ? { rounds: 2, seconds: 0.1 } : { rounds: 5, seconds: 1 },
  // Opened now, so that a wrong folder does not end a long run.
  data: values.data === undefined ? null : await openSource(values.data, { split: 'train' }),
  report(result) {
    print(result);
    results.push(result);
  },
};
for (const part of names.flatMap(partsOf)) await part(bench);

const whole = report(`npm run bench -- ${process.argv.slice(2).join(' ')}`, facts, results);
console.log(`${whole.machine}, ${whole.processors} processors, Node ${whole.node}, commit ${whole.commit}`);
console.log(`${whole.kernels}: ${whole.features.join(', ')}`);
if (values.json) await writeFileAtomic(values.json, new TextEncoder().encode(`${JSON.stringify(whole, null, 2)}\n`));
