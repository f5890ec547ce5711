import { CommanderError } from 'commander';
import { GossamerError } from '../errors.js';
import { printable } from '../report/terminal.js';
import type { Console } from './console.js';

/** Exit statuses: a run that failed, a command that was not understood, one that was interrupted. */
export const status = { failed: 1, usage: 2, interrupted: 130 } as const;

/**
 * Reports what ended a verb and gives the exit status: one clear message on stderr, or with `json` one object `{ error }` on stdout.
 * The stack is shown with GOSSAMER_DEBUG=1 only.
 */
export function reportFailure(error: unknown, console: Console, json: boolean, debug: boolean): number {
  if (error instanceof CommanderError) return reportUsage(error, console, json);
  const known = error instanceof GossamerError;
  const message = error instanceof Error ? error.message : String(error);
  const stack = debug && error instanceof Error ? { stack: error.stack } : {};
  if (json) {
    const facts = known ? { code: error.code, name: error.name, message, ...fieldsOf(error) } : { code: 'INTERNAL', message };
    console.output.write(`${JSON.stringify({ error: { ...facts, ...stack } })}\n`);
    return status.failed;
  }
  const text = message.split('\n').map(printable).join('\n');
  console.error.write(`gossamer: ${known ? '' : 'unexpected error: '}${text}\n`);
  if (debug) console.error.write(`${stack.stack ?? ''}\n`);
  else if (!known) console.error.write('This is a defect of Gossamer. GOSSAMER_DEBUG=1 shows where it happened.\n');
  return status.failed;
}

/** Commander has told people already; help and version are no failures. */
function reportUsage(error: CommanderError, console: Console, json: boolean): number {
  if (error.exitCode === 0) return 0;
  if (json) {
    const message = error.message.replace(/^error: /, '').replaceAll('\n', ' ');
    console.output.write(`${JSON.stringify({ error: { code: 'USAGE', message } })}\n`);
  }
  return status.usage;
}

function fieldsOf(error: GossamerError): Record<string, unknown> {
  const { name: _name, code: _code, ...fields } = { ...error } as Record<string, unknown>;
  delete fields['cause'];
  return fields;
}
