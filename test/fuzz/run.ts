/** `npm run fuzz`: mutated files for every reader of files (docs/layout.md, Hostile files); exit status 1 when one breaks its promise. */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { type Failure, fuzz, judge, replay, type Tally } from './harness.js';
import { readers } from './readers/index.js';
import { clearScratch } from './scratch.js';
import { Watchdog } from './watchdog.js';

const { values } = parseArgs({
  options: {
    files: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
    first: { type: 'string', default: '0' },
    reader: { type: 'string' },
    input: { type: 'string' },
  },
});
const chosen = readers.filter(({ name }) => values.reader === undefined || name === values.reader);
const [files, seed, first] = [values.files, values.seed, values.first].map(Number) as [number, number, number];
if (chosen.length === 0 || ![files, seed, first].every((value) => Number.isSafeInteger(value) && value >= 0)) {
  console.error('npm run fuzz -- [--files N] [--seed N] [--first N] [--reader NAME] [--reader NAME --input FILE]');
  clearScratch();
  console.error(`Readers: ${readers.map(({ name }) => name).join(', ')}`);
  process.exit(2);
}

const kept = path.join(os.tmpdir(), 'gossamer-fuzz-failures');
const watchdog = await Watchdog.start();
const isClean = values.input === undefined ? await fuzzAll() : await readOne(values.input);
await watchdog.close();
clearScratch();
process.exitCode = isClean ? 0 : 1;

async function fuzzAll(): Promise<boolean> {
  const tallies = new Map<string, Tally>(chosen.map(({ name }) => [name, new Map()]));
  const each = Math.ceil(files / chosen.length);
  let failures = 0;
  // In turns, so that a run that is stopped has seen every reader.
  const turn = 500;
  for (let done = 0; done < each; done += turn) {
    for (const reader of chosen) {
      const part = { seed, first: first + done, files: Math.min(turn, each - done) };
      const tally = await fuzz(reader, part, watchdog, (failure) => {
        failures++;
        show(failure);
      });
      const all = tallies.get(reader.name)!;
      for (const [name, count] of tally) all.set(name, (all.get(name) ?? 0) + count);
    }
    const read = Math.min(done + turn, each) * chosen.length;
    console.log(`${read} of ${each * chosen.length} files, ${failures} failures`);
  }
  const line = (tally: Tally) => [...tally].map(([name, count]) => `${count} ${name}`).join(', ');
  const summary = [...tallies].map(([name, tally]) => `${name}: ${line(tally)}`).join('; ');
  console.log(`${failures} failures. ${summary}`);
  return failures === 0;
}

async function readOne(input: string): Promise<boolean> {
  if (chosen.length !== 1) throw new Error('Which reader is to read it? --reader NAME');
  watchdog.begin(`${chosen[0]!.name} reads ${input}`);
  const outcome = await judge(chosen[0]!, Uint8Array.from(fs.readFileSync(input)));
  console.log(outcome);
  return outcome.kind !== 'failed';
}

function show({ reader, seed, number, how, why, bytes }: Failure): void {
  fs.mkdirSync(kept, { recursive: true });
  const file = path.join(kept, `${reader}-${seed}-${number}.bin`);
  fs.writeFileSync(file, bytes);
  console.log(`FAIL ${reader}, seed ${seed}, file ${number} (${how}): ${why}`);
  console.log(`  Again: ${replay(reader, seed, number)}`);
  console.log(`  The file: ${file}; read it by npm run fuzz -- --reader ${reader} --input ${file}`);
}
