import { writeSync } from 'node:fs';
import { createInterface } from 'node:readline';

/** Where answers go: standard output belongs to whatever the measured libraries print. */
const ANSWERS = 3;

/**
 * Answers the requests of `bench/peer.ts`, one JSON object a line: `{ work, seconds }` asks for one round of at least `seconds`.
 * The answer is `{ seconds, peakBytes }` (seconds of one call; the process's largest resident size so far), or `{ absent }`,
 * which says why this cannot be measured here.
 *
 * @param {(work: any) => Promise<() => unknown> | (() => unknown)} prepare one call of the work, ready to run; throws where it cannot be done
 * @param {() => object} facts what else to say in every answer
 */
export async function serve(prepare, facts = () => ({})) {
  const prepared = new Map();
  for await (const line of createInterface({ input: process.stdin })) {
    const { work, seconds } = JSON.parse(line);
    const key = JSON.stringify(work);
    let answer;
    try {
      if (!prepared.has(key)) prepared.set(key, await warm(await prepare(work), seconds));
      answer = { ...(await round(prepared.get(key))), ...facts() };
    } catch (error) {
      answer = { absent: String(error.message ?? error).split('\n')[0] };
    }
    writeSync(ANSWERS, `${JSON.stringify(answer)}\n`);
  }
  process.exit(0);
}

/** Runs `body` until its code is warm, and tells how many calls fill `seconds`. */
async function warm(body, seconds) {
  await body();
  let calls = 0;
  const start = performance.now();
  do {
    await body();
    calls++;
  } while (performance.now() - start < seconds * 1000);
  return { body, calls: Math.max(1, Math.round((calls * seconds * 1000) / (performance.now() - start))) };
}

async function round({ body, calls }) {
  const start = performance.now();
  for (let call = 0; call < calls; call++) await body();
  const seconds = (performance.now() - start) / 1000 / calls;
  return { seconds, peakBytes: process.resourceUsage().maxRSS * 1024 };
}
