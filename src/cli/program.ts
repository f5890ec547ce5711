import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import type { Console } from './console.js';
import { dataCommand } from './data.js';
import { doctorCommand } from './doctor.js';
import { evalCommand } from './eval.js';
import { exportCommand } from './export.js';
import { freezeCommand } from './freeze.js';
import { importCommand } from './import.js';
import { inspectCommand } from './inspect.js';
import { modelsCommand } from './models.js';
import { padCommand } from './pad.js';
import { predictCommand } from './predict.js';
import { recipesCommand } from './recipes.js';
import { reproduceCommand } from './reproduce.js';
import { runCommand } from './run.js';
import { scoreAllCommand } from './score-all.js';
import { searchCommand } from './search.js';
import { summaryCommand } from './summary.js';
import { sweepCommand } from './sweep.js';
import { trainCommand } from './train.js';
import { workerCommand } from './worker.js';

/** In the order in which they are met. */
const groups: readonly (readonly [heading: string, commands: readonly ((console: Console) => Command)[]])[] = [
  ['Train and judge:', [trainCommand, evalCommand, predictCommand, summaryCommand, searchCommand]],
  ['Ship:', [freezeCommand, runCommand, inspectCommand, importCommand, exportCommand]],
  ['Data:', [dataCommand, padCommand]],
  ['Many runs and pictures:', [sweepCommand, scoreAllCommand, workerCommand, reproduceCommand]],
  ['What there is:', [modelsCommand, recipesCommand, doctorCommand]],
];

/** All verbs. What a command line means is decided here; what a verb does, in its file. */
export function createProgram(console: Console, json: boolean): Command {
  const program = new Command('gossamer')
    .description('Trains, judges and runs featherweight vision networks on ordinary CPUs.')
    .version(packageVersion(), '-V, --version', 'print the version')
    .showHelpAfterError('(--help shows what there is)')
    .addHelpText('after', '\nStart here:\n  $ gossamer train ftbnn-tiny-fashion\n');
  for (const [heading, commands] of groups) {
    program.commandsGroup(heading);
    for (const command of commands) program.addCommand(command(console));
  }
  forAll(program, (command) => {
    command.exitOverride().configureOutput({
      writeOut: (text) => console.output.write(text),
      // With --json the failure is reported as an object instead.
      writeErr: (text) => (json ? undefined : console.error.write(text)),
      getOutHelpWidth: () => console.output.columns(),
      getErrHelpWidth: () => console.output.columns(),
      getOutHasColors: () => console.output.color,
      getErrHasColors: () => console.output.color,
    });
  });
  return program;
}

function forAll(command: Command, change: (command: Command) => void): void {
  change(command);
  for (const child of command.commands) forAll(child, change);
}

function packageVersion(): string {
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };
  return manifest.version;
}
