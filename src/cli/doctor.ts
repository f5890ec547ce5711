import os from 'node:os';
import type { Command } from 'commander';
import { createEngine, type Engine, type EngineFacts } from '../engine/index.js';
import { conv2d } from '../ops/index.js';
import { formatBytes } from '../report/format.js';
import { paintFor, wrap } from '../report/terminal.js';
import { Rng, Scope, scope, Tensor } from '../tensor/index.js';
import { answer, type Console } from './console.js';
import { type EngineChoice, EngineCommand, engineChoice } from './engine-command.js';
import { formatNext, type NextStep, nextStep } from './next.js';
import { jsonOption } from './options.js';

interface DoctorChoice extends EngineChoice {
  readonly json?: boolean;
}

export function doctorCommand(console: Console): Command {
  return new EngineCommand('doctor')
    .description('say what this machine offers, what is on, what is off and why; measure one convolution')
    .engineOptions()
    .addOption(jsonOption())
    .addHelpText('after', '\nExample:\n  $ gossamer doctor --relaxed-simd on\n')
    .action((choice: DoctorChoice) => examine(choice, console));
}

interface Examination extends EngineFacts {
  readonly processor: string;
  readonly memoryBytes: number;
  readonly sharp: { readonly present: boolean; readonly version: string | null };
  /** Measured now, on this machine as busy as it is. */
  readonly convolution: { readonly what: string; readonly gigaflops: number };
}

async function examine(choice: DoctorChoice, console: Console): Promise<void> {
  const engine = await createEngine(engineChoice(choice));
  try {
    const examination: Examination = {
      ...engine.facts(),
      processor: os.cpus()[0]?.model.trim() ?? 'unknown',
      memoryBytes: os.totalmem(),
      sharp: await findSharp(),
      convolution: { what: '3x3 convolution, 128 to 128 channels, 28x28, batch 1, forward', gigaflops: measure(engine) },
    };
    answer(console, choice.json, examination, () => format(examination, console));
  } finally {
    engine.dispose();
  }
}

async function findSharp(): Promise<Examination['sharp']> {
  try {
    const { default: sharp } = await import('sharp');
    return { present: true, version: sharp.versions.sharp ?? null };
  } catch {
    return { present: false, version: null };
  }
}

const measuredMilliseconds = 400;

/** The best of many tries: what the machine can do when nobody disturbs it. */
function measure(engine: Engine): number {
  using lifetime = new Scope(engine);
  void lifetime;
  const [side, channels] = [28, 128];
  const random = new Rng(1);
  const tensor = (shape: readonly number[]) => {
    const values = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => random.uniform(-1, 1));
    return Tensor.from(engine, values, shape);
  };
  const x = tensor([1, side, side, channels]);
  const w = tensor([channels, 3, 3, channels]);
  const operations = 2 * side * side * channels * channels * 9;
  let fastest = Number.POSITIVE_INFINITY;
  for (const start = performance.now(); performance.now() - start < measuredMilliseconds; ) {
    const before = performance.now();
    scope(engine, () => void conv2d(x, w, { padding: 1 }));
    fastest = Math.min(fastest, performance.now() - before);
  }
  return operations / (fastest * 1e6);
}

const nameWidth = 15;

function format(found: Examination, console: Console): string {
  const paint = paintFor(console.output.color);
  const width = console.output.columns();
  const fact = (name: string, text: string) =>
    name.padEnd(nameWidth) + wrap(text, width - nameWidth).replaceAll('\n', `\n${' '.repeat(nameWidth)}`);
  const features = found.features.map(({ name, on, why }) =>
    fact(name, `${on ? paint.green('on ') : paint.yellow('off')}  ${why}`),
  );
  return [
    fact('host', `${found.host} on ${os.type()} ${os.release()}, ${process.arch}`),
    fact('processor', `${found.processor}, ${found.processors} usable`),
    fact('memory', `${formatBytes(found.memoryBytes)}, at most ${formatBytes(found.memory.bytesLimit)} for tensors`),
    fact('engine', `${found.backend}, ${found.build}, ${found.threads} ${found.threads === 1 ? 'thread' : 'threads'}`),
    ...features,
    fact(
      'sharp',
      found.sharp.present
        ? `${paint.green('on ')}  version ${found.sharp.version}`
        : `${paint.yellow('off')}  not installed: pictures (png, jpg, …) cannot be read. npm install sharp`,
    ),
    fact('speed', `${found.convolution.gigaflops.toFixed(1)} GFLOP/s now (${found.convolution.what})`),
    '',
    formatNext(nextSteps(found), console),
  ].join('\n');
}

function nextSteps({ features }: Examination): NextStep[] {
  const mayBeHidden = features.some(({ name, on }) => name === 'relaxed-simd' && !on);
  return [
    ...(mayBeHidden ? [nextStep('try what this host may hide behind a flag', 'doctor', '--relaxed-simd', 'on')] : []),
    nextStep('a first network, on images that ship with Gossamer', 'train', 'ftbnn-tiny-fashion'),
  ];
}
