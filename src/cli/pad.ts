import { Command } from 'commander';
import type { Console } from './console.js';
import { calibrateCommand } from './pad/calibrate.js';
import { evaluateCommand } from './pad/evaluate.js';
import { prepareCommand } from './pad/prepare.js';
import { scoreCommand } from './pad/score.js';
import { synthesizeCommand } from './pad/synthesize.js';

export function padCommand(console: Console): Command {
  return new Command('pad')
    .description('tell live faces from pictures of them (presentation attack detection)')
    .addCommand(prepareCommand(console))
    .addCommand(synthesizeCommand(console))
    .addCommand(scoreCommand(console))
    .addCommand(evaluateCommand(console))
    .addCommand(calibrateCommand(console));
}
