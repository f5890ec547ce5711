import { Command } from 'commander';
import { readFileChecked } from '../formats/file.js';
import { decodePackedModel, type PackedModel } from '../formats/packed/model.js';
import { type FrozenLayer, frozenLayers } from '../freeze/index.js';
import { formatBytes, formatShort } from '../report/format.js';
import { printable, wrap } from '../report/terminal.js';
import { answer, type Console } from './console.js';
import { layersTable } from './layers-table.js';
import { formatNext, nextStep } from './next.js';
import { jsonOption } from './options.js';

export function inspectCommand(console: Console): Command {
  return new Command('inspect')
    .description('check a packed model and tell what is in it: steps, what it takes and answers, where it comes from')
    .argument('<model>', 'the packed model, .safetensors (gossamer freeze)')
    .addOption(jsonOption())
    .addHelpText('after', '\nExample:\n  $ gossamer inspect ftbnn-tiny.safetensors\n')
    .action((file: string, choice: { readonly json?: boolean }) => inspect(file, choice.json, console));
}

async function inspect(file: string, json: boolean | undefined, console: Console): Promise<void> {
  const bytes = await readFileChecked(file);
  const model = await decodePackedModel(bytes, file);
  const { graph, contract, provenance, digest } = model;
  const layers = frozenLayers(model);
  answer(console, json, { file, bytes: bytes.length, digest, contract, provenance, graph, layers }, () =>
    [
      layersTable(layers, console),
      '',
      ...facts(model, layers, bytes.length).map((fact) => wrap(printable(fact), console.output.columns())),
      '',
      formatNext([nextStep('what it answers', 'run', file, 'IMAGE')], console),
    ].join('\n'),
  );
}

function facts(
  { graph, contract, provenance, digest }: PackedModel,
  layers: readonly FrozenLayer[],
  bytes: number,
): readonly string[] {
  const sum = (count: 'macs' | 'binaryMacs') => layers.reduce((total, layer) => total + layer[count], 0);
  const [height, width] = graph.values[0]!.shape;
  const { source, prepare, mean, std, labels } = contract;
  const steps = prepare.map(({ name, size }) => `${name} to ${size.join(' x ')}`);
  return [
    `Size: ${formatBytes(bytes)}; ${formatShort(sum('macs'))} real and ${formatShort(sum('binaryMacs'))} 1-bit MACs an image.`,
    `Takes: ${contract.channels} images of ${height} x ${width} pixels (${[`${source.fit} ${source.size.join(' x ')}`, ...steps].join(', ')}), mean ${mean.join(', ')}, std ${std.join(', ')}.`,
    labels
      ? `Answers: a score for each of ${labels.join(', ')}.`
      : `Answers: ${contract.task}, [${graph.values[graph.output]!.shape.join(', ')}].`,
    `Comes from: ${JSON.stringify(provenance)}`,
    `SHA-256: ${digest}`,
  ];
}
