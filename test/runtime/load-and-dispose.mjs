// Loads and disposes of a packed model again and again, and prints what memory is held, before and after.
//   node --expose-gc load-and-dispose.mjs FILE THREADS TIMES
import fs from 'node:fs';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { load } from '#dist/runtime/index.js';

const [file, threads, times] = process.argv.slice(2);
const bytes = fs.readFileSync(file);
const image = { data: new Uint8Array(30 * 20 * 4), width: 30, height: 20 };

async function use(count) {
  for (let i = 0; i < count; i++) {
    const model = await load(bytes, { threads: Number(threads), autotune: 'off' });
    await model.run(image);
    model.dispose();
  }
}

/** Once threads that were told to end have ended: their files are closed, and their memories collected. */
async function held(descriptors) {
  for (let patience = 200; patience > 0; patience--) {
    globalThis.gc();
    await sleep(50);
    globalThis.gc();
    if (fs.readdirSync('/proc/self/fd').length <= descriptors) break;
  }
  const { heapUsed, external, arrayBuffers } = process.memoryUsage();
  const virtual = Number(/VmSize:\s+(\d+) kB/.exec(fs.readFileSync('/proc/self/status', 'utf8'))[1]) * 1024;
  return { heapUsed, external, arrayBuffers, virtual };
}

const descriptors = fs.readdirSync('/proc/self/fd').length;
await use(Math.ceil(Number(times) / 4));
const before = await held(descriptors);
await use(Number(times));
console.log(JSON.stringify({ before, after: await held(descriptors) }));
