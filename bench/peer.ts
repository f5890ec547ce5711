import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { Round, Subject } from './measure.js';

/** A convolution of stride 1, padded so that the image keeps its size. */
export interface ConvolutionWork {
  readonly kind: 'convolution';
  readonly pass: 'forward' | 'inputGradient' | 'weightGradient';
  readonly batch: number;
  readonly side: number;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly kernel: number;
  /** 1, or one for each channel. */
  readonly groups: number;
}

/** Whole training steps: forward, backward, optimiser. */
export type StepWork =
  | { readonly kind: 'resnet20'; readonly batch: number; readonly layout?: 'default' | 'channelsLast' }
  | { readonly kind: 'cdcn'; readonly batch: number; readonly side: number };

/** A whole network on one image: an ONNX file, for peers that read those, or its name. */
export interface NetworkWork {
  readonly kind: 'network';
  readonly name: string;
  readonly side: number;
  readonly file: string;
}

export type Work = ConvolutionWork | StepWork | NetworkWork;

const file = (name: string) => fileURLToPath(new URL(`./peers/${name}`, import.meta.url));
const script = (name: string, ...args: string[]) => [process.execPath, file(name), ...args];

const commands = {
  /** This project, where it has to have a process of its own. */
  gossamer: script('gossamer.mjs'),
  pytorch: ['/usr/bin/python3', file('pytorch.py')],
  'onnxruntime-node': script('onnxruntime.mjs', 'onnxruntime-node'),
  'onnxruntime-web': script('onnxruntime.mjs', 'onnxruntime-web'),
  'tfjs-wasm': script('tfjs.mjs'),
  'jax-js': script('jax.mjs'),
};

export type PeerName = keyof typeof commands;

/** A call of the slowest peer takes a minute or two. */
const PATIENCE_SECONDS = 900;

/**
 * Somebody else's library in a process of its own, so that its threads and its memory do not mix with ours; between its rounds it
 * sleeps. The process is given the number of threads as its last argument, reads requests as `peers/serve.mjs` says, and answers on
 * its fourth stream.
 */
export class Peer implements Disposable {
  private readonly child: ChildProcess;
  private readonly answers: AsyncIterator<string>;
  private errors = '';

  constructor(name: PeerName, threads: number) {
    const [command, ...args] = commands[name];
    // Both spoil the speed of newer processors, and are there for older libraries.
    const { OPENBLAS_CORETYPE: _type, OPENBLAS_L2_SIZE: _size, ...environment } = process.env;
    this.child = spawn(command!, [...args, String(threads)], {
      stdio: ['pipe', 'ignore', 'pipe', 'pipe'],
      env: { ...environment, PYTHONDONTWRITEBYTECODE: '1' },
    });
    // Writing to a process that never started or is gone: the missing answer tells.
    this.child.on('error', (error) => {
      this.errors += `${error.name}: ${error.message}\n`;
    });
    this.child.stdin!.on('error', () => {});
    this.child.stderr!.on('data', (text) => {
      this.errors += text;
    });
    this.answers = createInterface({ input: this.child.stdio[3] as Readable })[Symbol.asyncIterator]();
  }

  /** This work as a subject, for at most so many rounds. */
  subject(work: Work, rounds?: number): Subject {
    return { rounds, round: (seconds) => this.round(work, seconds) };
  }

  private async round(work: Work, seconds: number): Promise<Round> {
    this.child.stdin!.write(`${JSON.stringify({ work, seconds })}\n`);
    const timer = setTimeout(() => {
      this.errors += `Error: no answer within ${PATIENCE_SECONDS} s\n`;
      this.child.kill();
    }, PATIENCE_SECONDS * 1000);
    const { done, value } = await this.answers.next();
    clearTimeout(timer);
    return done ? { absent: this.reason() } : (JSON.parse(value) as Round);
  }

  private reason(): string {
    if (/Cannot find (package|module)/.test(this.errors)) return 'not installed (npm ci --prefix bench)';
    const lines = this.errors.split('\n').map((line) => line.trim());
    return lines.findLast((line) => /^\w*Error\b/.test(line)) ?? 'its process ended without an answer';
  }

  [Symbol.dispose](): void {
    this.child.stdin!.end();
    this.child.kill();
  }
}
