import process from 'node:process';
import type { Console } from './console.js';
import { status } from './failure.js';

/** The first Ctrl-C ends training after the step under way, the second ends the program. */
export function listenForInterrupts(console: Console, json: boolean | undefined): { readonly signal: AbortSignal; stop(): void } {
  const controller = new AbortController();
  const interrupt = () => {
    if (controller.signal.aborted) process.exit(status.interrupted);
    controller.abort();
    if (!json)
      console.error.write(`${console.output.isTTY ? '\n' : ''}Finishing the step and saving. Ctrl-C again quits at once.\n`);
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  return {
    signal: controller.signal,
    stop: () => {
      process.off('SIGINT', interrupt);
      process.off('SIGTERM', interrupt);
    },
  };
}
