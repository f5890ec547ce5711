#!/usr/bin/env node
import process from 'node:process';
import { processConsole } from './console.js';
import { reportFailure } from './failure.js';
import { createProgram } from './program.js';

const console = processConsole();
process.stdout.on('error', (error) => console.onOutputLost(error));
// There is no place left to complain.
process.stderr.on('error', () => {});

const words = process.argv.slice(2);
const json = words.includes('--json');
const program = createProgram(console, json);
try {
  if (words.length === 0) program.outputHelp();
  else await program.parseAsync(words, { from: 'user' });
} catch (error) {
  process.exitCode = reportFailure(error, console, json, process.env['GOSSAMER_DEBUG'] === '1');
}
