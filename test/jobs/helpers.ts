import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { env, main, scratchFolder } from '../cli/gossamer.js';

/** Thirty runs of a second each: what they learn does not matter here. */
export const thirtyRuns = {
  recipe: 'ftbnn-tiny-fashion',
  set: { epochs: 1, 'data.trainImages': 60, 'data.testImages': 40, batchSize: 16, 'validation.count': 20 },
  seeds: 5,
  grid: { 'optimizer.learningRate': [0.001, 0.003, 0.01] },
  folds: [
    { name: 'plain', set: {} },
    { name: 'smooth', set: { 'loss.smoothing': 0.1 } },
  ],
};

export function sweepFile(sweep: object): string {
  const file = path.join(scratchFolder(), 'sweep.json');
  fs.writeFileSync(file, JSON.stringify(sweep));
  return file;
}

/** SHA-256 of every file of a folder, by name. */
export function digestsOf(folder: string): Record<string, string> {
  const files = fs.readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const digests = files.map((entry) => {
    const file = path.join(entry.parentPath ?? entry.path, entry.name);
    return [path.relative(folder, file), createHash('sha256').update(fs.readFileSync(file)).digest('hex')] as const;
  });
  return Object.fromEntries(digests.sort(([a], [b]) => (a < b ? -1 : 1)));
}

export interface Background {
  readonly child: ChildProcess;
  /** Lines of stdout so far. */
  readonly lines: string[];
  readonly ended: Promise<number | null>;
}

/** The command line in a group of processes of its own, so that a test can kill it with all that it started. */
export function inBackground(words: readonly string[], variables: Readonly<Record<string, string>> = {}): Background {
  const child = spawn(process.execPath, [main, ...words], { env: { ...env, ...variables }, detached: true });
  const lines: string[] = [];
  let rest = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const parts = (rest + text).split('\n');
    rest = parts.pop()!;
    lines.push(...parts);
  });
  child.stderr.resume();
  return { child, lines, ended: new Promise((resolve) => child.on('close', resolve)) };
}

export async function until(what: string, isSo: () => boolean, seconds = 60): Promise<void> {
  for (let look = 0; look < seconds * 20; look++) {
    if (isSo()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`waited in vain for ${what}`);
}

/** The tests of the queue are left out only where one says so: a machine without Redis fails them. */
export const skipsRedis = process.env['GOSSAMER_SKIP_REDIS'] === '1';

/** A Redis of this test's own on the loopback, with its append-only file in a folder that outlives it. */
export class RedisServer {
  private process: ChildProcess | null = null;

  private constructor(
    readonly port: number,
    private readonly folder: string,
  ) {}

  static async start(): Promise<RedisServer> {
    const server = new RedisServer(await freePort(), scratchFolder());
    await server.start();
    return server;
  }

  get address(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    const words = ['--port', String(this.port), '--bind', '127.0.0.1', '--dir', this.folder, '--save', '', '--appendonly', 'yes'];
    this.process = spawn('redis-server', [...words, '--appendfsync', 'always'], { stdio: ['ignore', 'pipe', 'ignore'] });
    let text = '';
    this.process.on('error', (error) => {
      text = `There is no redis-server (${error.message}). Install it (Debian: apt-get install redis-server), or leave these tests out by GOSSAMER_SKIP_REDIS=1.`;
    });
    this.process.stdout!.setEncoding('utf8').on('data', (more: string) => {
      text += more;
    });
    await until('Redis', () => text.includes('Ready to accept connections') || text.startsWith('There is no'));
    if (text.startsWith('There is no')) throw new Error(text);
  }

  async stop(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = this.process!;
    const ended = new Promise((resolve) => child.on('close', resolve));
    child.kill(signal);
    await ended;
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as net.AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
