import process from 'node:process';
import { paintFor } from '../report/terminal.js';
import type { Console } from './console.js';

/** What one may do next: a command to copy, and what it is good for. */
export interface NextStep {
  readonly command: string;
  readonly why: string;
}

/** A step of this program; arguments are quoted where a shell needs it. */
export function nextStep(why: string, ...words: readonly string[]): NextStep {
  return { command: [programName(), ...words.map(quote)].join(' '), why };
}

/** Commands on lines of their own, below what each is good for. */
export function formatNext(steps: readonly NextStep[], console: Console): string {
  const paint = paintFor(console.output.color);
  return ['Next:', ...steps.flatMap(({ command, why }) => [paint.dim(`  # ${why}`), `  ${command}`])].join('\n');
}

/** How this program was called, so that the commands it suggests work. */
function programName(): string {
  if (process.env['npm_execpath']) return 'npx gossamer';
  const script = process.argv[1] ?? '';
  if (!script.endsWith('.js')) return 'gossamer';
  const here = `${process.cwd()}/`;
  return `node ${quote(script.startsWith(here) ? script.slice(here.length) : script)}`;
}

/** Capitals stand for what the user puts there. */
function quote(argument: string): string {
  return /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", "'\\''")}'`;
}
