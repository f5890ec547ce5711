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

/**
 * Once threads that were told to end have ended: their files are closed, and their memories, which set aside gibibytes of addresses each, collected. On a busy
 * machine that takes a while; what is still held in the end is held.
 */
async function held(descriptors, virtualBefore) {
  for (let patience = 200; patience > 0; patience--) {
    globalThis.gc();
    await sleep(50);
    globalThis.gc();
    if (fs.readdirSync('/proc/self/fd').length <= descriptors && virtual() < virtualBefore + 2 ** 30) break;
  }
  const { heapUsed, external, arrayBuffers } = process.memoryUsage();
  return { heapUsed, external, arrayBuffers, virtual: virtual() };
}

function virtual() {
  return Number(/VmSize:\s+(\d+) kB/.exec(fs.readFileSync('/proc/self/status', 'utf8'))[1]) * 1024;
}

const descriptors = fs.readdirSync('/proc/self/fd').length;
const atStart = virtual();
await use(Math.ceil(Number(times) / 4));
const before = await held(descriptors, atStart);
await use(Number(times));
console.log(JSON.stringify({ before, after: await held(descriptors, before.virtual) }));
