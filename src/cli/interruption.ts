import process from 'node:process';
import type { Console } from './console.js';
import { status } from './failure.js';

/**
 * npm and npx send a Ctrl-C on to what they run, which the terminal told already: two signals within so many milliseconds are one wish.
 */
const samePress = 500;

/** What may end a long run before its time; each leaves the step under way its end, and time to save. */
export interface Interruption {
  readonly signal: AbortSignal;
  /** Where to write what is left to say: nobody may be reading the output any more. */
  readonly place: { write(text: string): void };
  stop(): void;
}

/**
 * Ctrl-C, SIGTERM, a terminal that was closed (SIGHUP) and an output that cannot be written any more (its reader went away, its disk is
 * full) end the run after the step under way. A second Ctrl-C ends the program on the spot.
 */
export function listenForInterruption(console: Console, json: boolean | undefined): Interruption {
  const controller = new AbortController();
  let since = 0;
  let isOutputLost = false;
  const finish = (why: string) => {
    if (controller.signal.aborted) return;
    since = performance.now();
    controller.abort();
    if (!json) console.error.write(`${console.output.isTTY ? '\n' : ''}${why}\n`);
  };
  const onInterrupt = () => {
    if (controller.signal.aborted && performance.now() - since > samePress) process.exit(status.interrupted);
    finish('Finishing the step and saving. Ctrl-C again quits at once.');
  };
  // A closed terminal, or a system that shuts down, may say so more than once.
  const onEnd = () => finish('Finishing the step and saving.');
  process.on('SIGINT', onInterrupt);
  process.on('SIGTERM', onEnd);
  process.on('SIGHUP', onEnd);
  console.onOutputLost = (error) => {
    isOutputLost = true;
    finish(`The output cannot be written any more (${error.message}): finishing the step and saving.`);
  };
  return {
    signal: controller.signal,
    get place() {
      return isOutputLost ? console.error : console.output;
    },
    stop: () => {
      process.off('SIGINT', onInterrupt);
      process.off('SIGTERM', onEnd);
      process.off('SIGHUP', onEnd);
    },
  };
}
