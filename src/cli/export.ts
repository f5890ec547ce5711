import { Command, Option } from 'commander';
import { formatBytes, formatCount, formatShare } from '../report/format.js';
import { wrap } from '../report/terminal.js';
import { type ExportedWeights, type ExportPrecision, exportWeights } from '../train/index.js';
import { checkpointHelp, checkpointPath } from './checkpoint-path.js';
import { answer, type Console } from './console.js';
import { formatNext, nextStep } from './next.js';
import { jsonOption } from './options.js';

interface ExportChoice {
  readonly out: string;
  readonly precision: ExportPrecision;
  readonly json?: boolean;
}

export function exportCommand(console: Console): Command {
  return new Command('export')
    .description('write the weights of a checkpoint alone, small enough to ship: eval and predict read them')
    .argument('<checkpoint>', checkpointHelp)
    .requiredOption('--out <file>', 'the file to write, .safetensors')
    .addOption(
      new Option('--precision <name>', 'half: float16, 1-bit weights as a byte each; full: float32')
        .choices(['half', 'full'])
        .default('half'),
    )
    .addOption(jsonOption())
    .addHelpText('after', '\nExample:\n  $ gossamer export runs/ftbnn-tiny-fashion --out ftbnn-tiny-fashion.safetensors\n')
    .action((place: string, choice: ExportChoice) => write(checkpointPath(place), choice, console));
}

async function write(checkpoint: string, { out, precision, json }: ExportChoice, console: Console): Promise<void> {
  const exported = await exportWeights(checkpoint, out, { precision });
  answer(console, json, { checkpoint, ...exported }, () => text(exported, console));
}

const kinds: Readonly<Record<string, string>> = { F32: 'as float32', F16: 'as float16', I8: 'as signs, a byte each' };

function text({ path, bytes, elements, largestRounding }: ExportedWeights, console: Console): string {
  const stored = Object.entries(elements).map(([dtype, count]) => `${formatCount(count)} ${kinds[dtype]}`);
  const rounding =
    largestRounding > 0
      ? ` Rounding moved no number by more than ${formatShare(largestRounding, 3)} of the largest beside it.`
      : '';
  return [
    wrap(`${path}: ${formatBytes(bytes)}. ${stored.join(', ')}.${rounding}`, console.output.columns()),
    '',
    formatNext([nextStep('judge what is in it', 'eval', path)], console),
  ].join('\n');
}
