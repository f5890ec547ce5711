import path from 'node:path';
import type { Command } from 'commander';
import { ConfigError } from '../errors.js';
import { writeFileAtomic } from '../formats/file.js';
import { type FrozenFile, freezeCheckpoint, type ReportedLayer, reportedLayers } from '../freeze/index.js';
import { formatBytes, formatCheckedImages, formatCount, formatMilliseconds, formatRatio } from '../report/format.js';
import { wrap } from '../report/terminal.js';
import { checkpointHelp, checkpointPath } from './checkpoint-path.js';
import { answer, type Console } from './console.js';
import { type EngineChoice, EngineCommand, engineChoice } from './engine-command.js';
import { layersTable } from './layers-table.js';
import { formatNext, nextStep } from './next.js';
import { jsonOption, pathEndingIn, replaceOption } from './options.js';
import { answersOf } from './packed-next.js';

interface FreezeChoice extends Pick<EngineChoice, 'autotune'> {
  readonly out: string;
  readonly replace?: boolean;
  readonly report?: string;
  readonly time?: boolean;
  readonly images?: readonly string[];
  readonly json?: boolean;
}

export function freezeCommand(console: Console): Command {
  return new EngineCommand('freeze')
    .description(
      'pack a checkpoint into a model that only answers: 1-bit weights as bits, batch norms folded, and checked step by step',
    )
    .argument('<checkpoint>', checkpointHelp)
    .requiredOption('--out <file>', 'the file to write, .safetensors')
    .addOption(replaceOption())
    .option('--images <path...>', 'pictures, or folders of them, to check it on besides random images')
    .option('--report <file>', 'an HTML page of all that was found, with --time: layers, graph, checks', pathEndingIn('.html'))
    .option('--time', 'time every step beside the float twin, the same network of real, plain layers')
    .engineOptions()
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nExamples:\n  $ gossamer freeze ftbnn-tiny-cifar10 --out ftbnn-tiny.safetensors --report ftbnn-tiny.html\n' +
        '  $ gossamer freeze ftbnn-tiny-cifar10 --out ftbnn-tiny.safetensors --images frog.png pictures/\n',
    )
    .action((place: string, choice: FreezeChoice) => write(checkpointPath(place), choice, console));
}

async function write(checkpoint: string, choice: FreezeChoice, console: Console): Promise<void> {
  const { out, replace, report, images, json } = choice;
  if (out.toLowerCase().endsWith('.html')) throw new ConfigError('out', `${out} ends like the report: --report is for that.`);
  const time = choice.time || report !== undefined;
  const frozen = await freezeCheckpoint(checkpoint, out, { ...engineChoice(choice), replace, time, images });
  const layers = reportedLayers(frozen);
  if (report !== undefined) {
    // The page is made where it is asked for: no other run waits for it.
    const { freezePage } = await import('../report/freeze-page.js');
    await writeFileAtomic(report, Buffer.from(freezePage({ name: path.parse(out).name, frozen, layers })));
  }
  const { path: file, bytes, digest, contract, provenance, verification, dropped, memory, timing } = frozen;
  const page = report === undefined ? {} : { report };
  const facts = { bytes, digest, contract, provenance, verification, dropped, memory, timing };
  answer(console, json, { checkpoint, path: file, ...page, ...facts, layers }, () => text(frozen, layers, report, console));
}

function text(frozen: FrozenFile, layers: readonly ReportedLayer[], report: string | undefined, console: Console): string {
  const { path: file, bytes, contract, verification } = frozen;
  const floats = layers.reduce((sum, { floatBytes }) => sum + floatBytes, 0);
  const facts = [
    `${file}: ${formatBytes(bytes)}; as float32 its tensors would be ${formatBytes(floats)}.`,
    ...verificationText(verification),
    ...timeText(frozen),
    ...(report === undefined ? [] : [`All of it is in ${report}.`]),
  ];
  return [
    layersTable(layers, console),
    '',
    wrap(facts.join(' '), console.output.columns()),
    '',
    formatNext([answersOf(contract, file), nextStep('what is in it', 'inspect', file)], console),
  ].join('\n');
}

function verificationText({
  images,
  givenImages,
  signs,
  largestDifference,
  whole,
}: FrozenFile['verification']): readonly string[] {
  const equal = signs > 0 ? `${formatCount(signs)} signs are equal, floats` : 'results';
  const others = signs > 0 ? `, and ${formatCount(whole.otherSigns)} signs on the way are others` : '';
  const best = whole.sameBest === null ? '' : `; the best class is the same on ${whole.sameBest} of ${images}`;
  return [
    `Every step was run beside the network on ${formatCheckedImages(images, givenImages)}: ${equal} differ by at most ${largestDifference.toExponential(1)} of their size.`,
    `From the image on, as the file answers, the answers differ by at most ${whole.largestDifference.toExponential(1)} of theirs${others}${best}.`,
  ];
}

function timeText({ timing }: FrozenFile): readonly string[] {
  if (!timing) return [];
  const { steps, twin, threads, host, rounds } = timing;
  const total = steps.reduce((sum, time) => sum + time, 0);
  const beside = twin ? `; ${twin.name} takes ${formatMilliseconds(twin.total)}, ${formatRatio(twin.total, total)} as long` : '';
  const how = `medians of ${rounds} runs, ${threads} ${threads === 1 ? 'thread' : 'threads'}, ${host}`;
  return [`An image takes ${formatMilliseconds(total)}${beside} (${how}).`];
}
