/** `npm run golden -- DIR`: checks every case of a folder against the wasm engine (docs/golden.md); exit status 1 on a failure. */
import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { createEngine } from '#dist/engine/index.js';
import { checkFile } from './check.js';

const folder = process.argv[2];
if (!folder) {
  console.error('Which folder? npm run golden -- DIR, where DIR holds *.safetensors cases (see docs/golden.md).');
  process.exit(2);
}
if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) {
  console.error(`${folder} is not a folder.`);
  console.log('0 passed, 1 failed');
  process.exit(1);
}
const files = readdirSync(folder)
  .filter((file) => file.endsWith('.safetensors'))
  .sort();
const engines = { fast: await createEngine(), direct: await createEngine({ convolution: 'direct' }) };
let passed = 0;
let failed = 0;
for (const file of files) {
  const failures = await checkFile(engines, path.join(folder, file));
  if (failures.length === 0) passed++;
  else failed++;
  for (const failure of failures) console.log(`FAIL ${path.basename(file)}: ${failure}`);
}
engines.fast.dispose();
engines.direct.dispose();
if (files.length === 0) {
  console.error(`${folder} holds no *.safetensors cases.`);
  failed++;
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
