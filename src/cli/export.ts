import { Command, Option } from 'commander';
import { ConfigError } from '../errors.js';
import { type ExportedOnnx, exportOnnx } from '../freeze/index.js';
import { formatBytes, formatCount, formatShare } from '../report/format.js';
import { wrap } from '../report/terminal.js';
import { type ExportedWeights, type ExportPrecision, exportWeights } from '../train/index.js';
import { checkpointHelp, checkpointPath } from './checkpoint-path.js';
import { answer, type Console } from './console.js';
import { formatNext, nextStep } from './next.js';
import { jsonOption, replaceOption } from './options.js';

type ExportFormat = 'safetensors' | 'onnx';

interface ExportChoice {
  readonly out: string;
  readonly format: ExportFormat;
  readonly precision?: ExportPrecision;
  readonly replace?: boolean;
  readonly json?: boolean;
}

const help = `
ONNX: standard operators of opset 17 in float32. The input "image" is [batch, channels, height, width], whatever the batch;
the metadata says which pixels it takes (mean, std, labels). Where onnxruntime-node or onnxruntime-web is installed, the file
is run beside the network on random images, and not kept if the answers differ.

Examples:
  $ gossamer export runs/ftbnn-tiny-fashion --out ftbnn-tiny-fashion.safetensors
  $ gossamer export runs/ftbnn-tiny-fashion --format onnx --out ftbnn-tiny-fashion.onnx
`;

export function exportCommand(console: Console): Command {
  return new Command('export')
    .description('write a checkpoint to ship: its weights alone, which eval and predict read, or its network as ONNX')
    .argument('<checkpoint>', checkpointHelp)
    .requiredOption('--out <file>', 'the file to write, .safetensors or .onnx')
    .addOption(
      new Option('--format <name>', 'safetensors: weights; onnx: a network that runs elsewhere')
        .choices(['safetensors', 'onnx'])
        .default('safetensors'),
    )
    .addOption(
      new Option(
        '--precision <name>',
        'of safetensors: half (unless given), float16 and 1-bit weights as a byte each; full, float32',
      ).choices(['half', 'full']),
    )
    .addOption(replaceOption())
    .addOption(jsonOption())
    .addHelpText('after', help)
    .action((place: string, choice: ExportChoice) => write(checkpointPath(place), choice, console));
}

async function write(checkpoint: string, choice: ExportChoice, console: Console): Promise<void> {
  const { out, format, precision, replace, json } = choice;
  refuseOtherName(out, format);
  if (format === 'safetensors') {
    const exported = await exportWeights(checkpoint, out, { precision, replace });
    answer(console, json, { checkpoint, ...exported }, () => weightsText(exported, console));
    return;
  }
  if (precision) {
    throw new ConfigError('precision', 'is for --format safetensors: an ONNX file is of float32. Leave it out.');
  }
  const exported = await exportOnnx(checkpoint, out, { replace });
  answer(console, json, { checkpoint, format, ...exported }, () => onnxText(checkpoint, exported, console));
}

/** A file of the one format under the name of the other would be found out late. */
function refuseOtherName(out: string, format: ExportFormat): void {
  const other: ExportFormat = format === 'onnx' ? 'safetensors' : 'onnx';
  if (!out.toLowerCase().endsWith(`.${other}`)) return;
  throw new ConfigError('out', `${out} ends like ${other}, and what is to be written is ${format}: --format ${other}?`);
}

const kinds: Readonly<Record<string, string>> = { F32: 'as float32', F16: 'as float16', I8: 'as signs, a byte each' };

function weightsText({ path, bytes, elements, largestRounding }: ExportedWeights, console: Console): string {
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

function onnxText(checkpoint: string, { path, bytes, metadata, check, unchecked }: ExportedOnnx, console: Console): string {
  const { height, width, channels, pixels } = metadata;
  const taken = `ONNX, opset 17. Input "image" [batch, ${channels}, ${height}, ${width}]: pixels ${pixels}.`;
  return [
    wrap(`${path}: ${formatBytes(bytes)}. ${taken}`, console.output.columns()),
    '',
    wrap(check ? checkedText(check) : uncheckedText(unchecked!), console.output.columns()),
    '',
    formatNext([nextStep('what the network answers here, to compare', 'predict', checkpoint, 'IMAGE')], console),
  ].join('\n');
}

function checkedText({ runtime, images, largestDifference, bound, tipped }: NonNullable<ExportedOnnx['check']>): string {
  const share = largestDifference === 0 ? '0' : largestDifference.toExponential(1);
  const told = `Checked: on ${images - tipped} random images ${runtime} differs by ${share} of the largest answer at most; ${bound} is allowed.`;
  const rest = ` On ${tipped} more, rounding tipped a decision on the edge (the sign of a value next to 0, or which channel is kept).`;
  return tipped > 0 ? told + rest : told;
}

function uncheckedText(why: string): string {
  return `Not checked: ${why}. To have it checked: npm install onnxruntime-node, and export again with --replace.`;
}
