import path from 'node:path';
import { Command } from 'commander';
import { readFileChecked, writeFileAtomic } from '../formats/file.js';
import type { Contract } from '../formats/packed/contract.js';
import { decodePackedModel, type PackedModel } from '../formats/packed/model.js';
import { type FrozenLayer, frozenLayers } from '../freeze/index.js';
import { formatCrop } from '../images/face-crop.js';
import { formatBytes, formatShort } from '../report/format.js';
import { renderGraph } from '../report/graph-drawing.js';
import { printable, wrap } from '../report/terminal.js';
import { answer, type Console } from './console.js';
import { layersTable } from './layers-table.js';
import { formatNext } from './next.js';
import { jsonOption, pathEndingIn } from './options.js';
import { answersOf } from './packed-next.js';

interface InspectChoice {
  readonly svg?: string;
  readonly json?: boolean;
}

export function inspectCommand(console: Console): Command {
  return new Command('inspect')
    .description('check a packed model and tell what is in it: steps, what it takes and answers, where it comes from')
    .argument('<model>', 'the packed model, .safetensors (gossamer freeze)')
    .option('--svg <file>', 'draw its graph: a box a step, coloured by how its weights are stored', pathEndingIn('.svg'))
    .addOption(jsonOption())
    .addHelpText('after', '\nExample:\n  $ gossamer inspect ftbnn-tiny.safetensors --svg ftbnn-tiny.svg\n')
    .action((file: string, choice: InspectChoice) => inspect(file, choice, console));
}

async function inspect(file: string, { svg, json }: InspectChoice, console: Console): Promise<void> {
  const bytes = await readFileChecked(file);
  const model = await decodePackedModel(bytes, file);
  const { graph, contract, provenance, digest } = model;
  const layers = frozenLayers(model);
  if (svg !== undefined) await writeFileAtomic(svg, Buffer.from(renderGraph(graph, layers, path.basename(file))));
  const picture = svg === undefined ? {} : { svg };
  answer(console, json, { file, bytes: bytes.length, ...picture, digest, contract, provenance, graph, layers }, () =>
    [
      layersTable(layers, console),
      '',
      ...[...facts(model, layers, bytes.length), ...(svg === undefined ? [] : [`Picture: ${svg}`])].map((fact) =>
        wrap(printable(fact), console.output.columns()),
      ),
      '',
      formatNext([answersOf(contract, file)], console),
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
    ...decisionFacts(contract),
    `Comes from: ${JSON.stringify(provenance)}`,
    `SHA-256: ${digest}`,
  ];
}

function decisionFacts({ faces, decision }: Contract): readonly string[] {
  if (!faces) return [];
  const cut = `Faces: cut at ${formatCrop(faces)}.`;
  if (!decision) return [cut, 'Decides: nothing; it has no threshold (gossamer pad calibrate).'];
  const { threshold, criterion, by, smallestFace, evidence } = decision;
  const { dataset, protocol, split } = evidence.data;
  const where = `${dataset}, protocol ${protocol}, ${split}, by ${by}; scores ${evidence.scores}`;
  return [
    cut,
    `Decides: live from a score of ${threshold} up, by ${criterion} (${where}); nothing of faces below ${smallestFace} pixels.`,
  ];
}
