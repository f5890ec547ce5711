// A thread beside the fuzzer: a reader that does not come back blocks its own thread, so that no timer there could stop it.
import fs from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';

const { state, label, seconds } = workerData;
const [counted, never] = [0, 1];
const counts = new Int32Array(state);
const bytes = new Uint8Array(label);

parentPort.postMessage('ready');
for (let last = -1; ; ) {
  const now = Atomics.load(counts, counted);
  if (now === last) {
    const text = Buffer.from(bytes.slice(0, bytes.indexOf(0))).toString('utf8');
    fs.writeSync(2, `\nFAIL hang: no answer in ${seconds} s. ${text}\n`);
    process.kill(process.pid, 'SIGKILL');
  }
  last = now;
  Atomics.wait(counts, never, 0, seconds * 1000);
}
