import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
export const main = path.join(root, 'dist/cli/main.js');
export const sample = path.join(root, 'assets/fashion-mnist');

export interface Finished {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Without what the tests' own surroundings would make of it. */
export const env = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(npm_|FORCE_COLOR|NO_COLOR|GOSSAMER_|VITEST|NODE_OPTIONS)/.test(name)),
);

/** Runs the built command line as a user would, its output piped. */
export function gossamer(words: readonly string[], options: { cwd?: string; env?: Record<string, string> } = {}): Finished {
  return spawnSync(process.execPath, [main, ...words], {
    encoding: 'utf8',
    cwd: options.cwd ?? root,
    env: { ...env, ...options.env },
  });
}

/** As `gossamer`, beside this process; `onLine` sees each line of stdout and may send signals. */
export function gossamerWhile(
  words: readonly string[],
  onLine: (line: string, kill: (signal: NodeJS.Signals) => void) => void,
  cwd = root,
): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [main, ...words], { cwd, env });
    let [stdout, stderr, rest] = ['', '', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      const lines = (rest + text).split('\n');
      rest = lines.pop()!;
      for (const line of lines) onLine(line, (signal) => child.kill(signal));
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, stdout, stderr }));
  });
}

export function scratchFolder(): string {
  return fs.mkdtempSync(path.join(os.tmpdir(), 'gossamer-cli-'));
}

/** A training run that takes a second: what it learns does not matter here. */
export const tinyTraining = [
  'ftbnn-tiny-fashion',
  '--epochs=1',
  '--threads=1',
  '--set=data.trainImages=200',
  '--set=data.testImages=100',
  '--set=batchSize=20',
];
