import { Command } from 'commander';
import { type FrozenFile, type FrozenLayer, freezeCheckpoint, frozenLayers } from '../freeze/index.js';
import { formatBytes, formatCount } from '../report/format.js';
import { wrap } from '../report/terminal.js';
import { checkpointHelp, checkpointPath } from './checkpoint-path.js';
import { answer, type Console } from './console.js';
import { layersTable } from './layers-table.js';
import { formatNext, nextStep } from './next.js';
import { autotuneOption, type EngineChoice, jsonOption } from './options.js';

interface FreezeChoice extends Pick<EngineChoice, 'autotune'> {
  readonly out: string;
  readonly json?: boolean;
}

export function freezeCommand(console: Console): Command {
  return new Command('freeze')
    .description(
      'pack a checkpoint into a model that only answers: 1-bit weights as bits, batch norms folded, and checked step by step',
    )
    .argument('<checkpoint>', checkpointHelp)
    .requiredOption('--out <file>', 'the file to write, .safetensors')
    .addOption(autotuneOption())
    .addOption(jsonOption())
    .addHelpText('after', '\nExample:\n  $ gossamer freeze ftbnn-tiny-cifar10 --out ftbnn-tiny.safetensors\n')
    .action((place: string, choice: FreezeChoice) => write(checkpointPath(place), choice, console));
}

async function write(checkpoint: string, { out, autotune, json }: FreezeChoice, console: Console): Promise<void> {
  const frozen = await freezeCheckpoint(checkpoint, out, { autotune });
  const layers = frozenLayers(frozen);
  const { path, bytes, contract, verification } = frozen;
  answer(console, json, { checkpoint, path, bytes, contract, verification, layers }, () => text(frozen, layers, console));
}

function text({ path, bytes, verification }: FrozenFile, layers: readonly FrozenLayer[], console: Console): string {
  const floats = layers.reduce((sum, { floatBytes }) => sum + floatBytes, 0);
  const { images, signs, largestDifference } = verification;
  const equal = signs > 0 ? `${formatCount(signs)} signs are equal, floats` : 'results';
  const facts = [
    `${path}: ${formatBytes(bytes)}; as float32 its tensors would be ${formatBytes(floats)}.`,
    `Every step was run beside the network on ${images} images: ${equal} differ by at most ${largestDifference.toExponential(1)} of their size.`,
  ];
  return [
    layersTable(layers, console),
    '',
    wrap(facts.join(' '), console.output.columns()),
    '',
    formatNext([nextStep('what it answers', 'run', path, 'IMAGE'), nextStep('what is in it', 'inspect', path)], console),
  ].join('\n');
}
