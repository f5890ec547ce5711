import { Command } from 'commander';
import type { Console } from './console.js';
import { evaluateCommand } from './pad/evaluate.js';

export function padCommand(console: Console): Command {
  return new Command('pad')
    .description('tell live faces from attacks: judge the scores of any detector by ISO/IEC 30107-3')
    .addCommand(evaluateCommand(console));
}
