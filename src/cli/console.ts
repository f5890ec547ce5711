import process from 'node:process';
import pc from 'picocolors';
import type { TextOutput } from '../report/live-line.js';

/** What a verb writes to: answers go to `output`, what went wrong to `error`. */
export interface Console {
  readonly output: TextOutput;
  readonly error: { write(text: string): void };
  /** Hears that `output` cannot be written any more, perhaps more than once. Ends the program, unless a verb knows better. */
  onOutputLost: (error: NodeJS.ErrnoException) => void;
}

/** Columns of text that goes to a file or a pipe, where nobody says how wide it is. */
const plainColumns = 100;

/** The process's own. NO_COLOR, FORCE_COLOR and TERM=dumb are honoured. */
export function processConsole(): Console {
  const { stdout, stderr, env } = process;
  const isTTY = stdout.isTTY === true && env['TERM'] !== 'dumb';
  return {
    output: {
      isTTY,
      color: pc.isColorSupported && (isTTY || Boolean(env['FORCE_COLOR'])),
      columns: () => (stdout.isTTY ? Math.max(20, stdout.columns || 80) : plainColumns),
      write: (text) => void stdout.write(text),
    },
    error: { write: (text) => void stderr.write(text) },
    onOutputLost: endProgram,
  };
}

/** Whoever reads our answers may have had enough of them (`| head`, a closed terminal): that is no failure. */
function endProgram({ code, message }: NodeJS.ErrnoException): void {
  if (code === 'EPIPE' || code === 'EIO') process.exit(0);
  process.stderr.write(`gossamer: the output cannot be written (${message}).\n`);
  process.exit(1);
}

/** The answer of a verb: one JSON document for machines, or text for people. */
export function answer(console: Console, json: boolean | undefined, document: unknown, text: () => string): void {
  console.output.write(json ? `${JSON.stringify(document, null, 2)}\n` : `${text()}\n`);
}
