import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { TrainEvent } from '../../src/train/events.js';
import type { Recipe } from '../../src/train/recipe.js';
import { stripes } from './helpers.js';

const script = fileURLToPath(new URL('./killable.mjs', import.meta.url));

export interface Part {
  readonly run: string;
  readonly data: string;
  readonly recipe: Recipe;
  readonly threads?: number;
  readonly resume?: boolean;
  /** The largest file that it may write, in blocks of 512 bytes: writing more fails, after a part was written, as on a full disk. */
  readonly fileBlocks?: number;
  /** It stops itself (SIGSTOP) whenever it has done so many steps more. */
  readonly stopEvery?: number;
  /** Hears each event, while the process goes on; may signal it. */
  readonly onEvent?: (event: TrainEvent, child: ChildProcess) => void;
}

export interface PartEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stderr: string;
}

/** Runs a part of a run in a process of its own. */
export function runPart({
  run,
  data,
  recipe,
  threads = 1,
  resume = false,
  fileBlocks,
  stopEvery = 0,
  onEvent,
}: Part): Promise<PartEnd> {
  const args = [script, run, data, JSON.stringify(recipe), String(threads), resume ? 'resume' : 'start', String(stopEvery)];
  const [command, ...words] =
    fileBlocks === undefined
      ? [process.execPath, ...args]
      : ['sh', '-c', `ulimit -f ${fileBlocks}; exec "$@"`, 'sh', process.execPath, ...args];
  const child = spawn(command!, words, { stdio: ['ignore', 'pipe', 'pipe'] });
  let stderr = '';
  child.stderr.on('data', (text) => {
    stderr += text;
  });
  createInterface(child.stdout).on('line', (line) => onEvent?.(JSON.parse(line) as TrainEvent, child));
  return new Promise((resolve) => {
    child.on('close', (code, signal) => resolve({ code, signal, stderr }));
  });
}

/** The stripes as IDX files. */
export function writeIdx(folder: string): string {
  fs.mkdirSync(folder, { recursive: true });
  const { length, height, width, spec } = stripes(100);
  const header = (magic: number, ...dims: number[]) => {
    const bytes = Buffer.alloc(4 + 4 * dims.length);
    for (const [i, value] of [magic, ...dims].entries()) bytes.writeUInt32BE(value, 4 * i);
    return bytes;
  };
  if (spec.kind !== 'pixels') throw new Error('stripes are pixels');
  const labels = Uint8Array.from(new Int32Array(spec.labels));
  const images = Buffer.concat([header(0x803, length, height, width), new Uint8Array(spec.pixels)]);
  fs.writeFileSync(path.join(folder, 'train-images-idx3-ubyte'), images);
  fs.writeFileSync(path.join(folder, 'train-labels-idx1-ubyte'), Buffer.concat([header(0x801, length), labels]));
  return folder;
}
