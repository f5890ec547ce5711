import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { ConfigError } from '../errors.js';

/** Locks that this process holds: its own number in a file does not say whether it or a dead namesake wrote it. */
const held = new Set<string>();

interface Owner {
  readonly pid: number;
  readonly host: string;
}

export interface Lock {
  /** True when a dead process had left it. */
  readonly tookOver: boolean;
  release(): void;
}

/**
 * Takes the file `name` in `folder` as the sign that this process works there. What a dead process of this machine left is taken
 * over.
 * @throws ConfigError when another process, or this one, holds it, or nothing can be written there
 */
export function takeLock(folder: string, name = 'lock'): Lock {
  const file = path.join(fs.realpathSync(folder), name);
  if (held.has(file)) throw inUse(folder, file, 'this process');
  let tookOver = false;
  while (!create(file)) {
    const text = readText(file);
    const owner = text === null ? null : parseOwner(text);
    if (owner && isAlive(owner)) {
      throw inUse(folder, file, `process ${owner.pid}${owner.host === os.hostname() ? '' : ` on ${owner.host}`}`);
    }
    if (text !== null) removeStale(file, text);
    tookOver = true;
  }
  held.add(file);
  const release = () => {
    process.off('exit', release);
    if (held.delete(file)) fs.rmSync(file, { force: true });
  };
  // A second Ctrl-C, or a reader of our output that goes away, ends the process on the spot.
  process.on('exit', release);
  return { tookOver, release };
}

function inUse(folder: string, file: string, owner: string): ConfigError {
  return new ConfigError(
    'run',
    `${folder} is in use by ${owner}. Wait for it, or write to another folder (--out). If nothing runs there, delete ${file}.`,
  );
}

/** The file appears with its content, so that nobody reads half of it. False when it is there already. */
function create(file: string): boolean {
  const own = `${file}.${process.pid}`;
  try {
    fs.writeFileSync(own, JSON.stringify({ pid: process.pid, host: os.hostname() } satisfies Owner));
    fs.linkSync(own, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    const folder = path.dirname(file);
    throw new ConfigError('run', `nothing can be written to ${folder} (${(error as Error).message}).`, { cause: error });
  } finally {
    fs.rmSync(own, { force: true });
  }
}

/** Moves it away, which only one of several can do, and puts it back if it had become another's in the meantime. */
function removeStale(file: string, text: string): void {
  const aside = `${file}.stale.${process.pid}`;
  try {
    fs.renameSync(file, aside);
    if (fs.readFileSync(aside, 'utf8') !== text) fs.linkSync(aside, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  } finally {
    fs.rmSync(aside, { force: true });
  }
}

function readText(file: string): string | null {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

function parseOwner(text: string): Owner | null {
  try {
    const { pid, host } = JSON.parse(text) as Partial<Owner>;
    return Number.isInteger(pid) && typeof host === 'string' ? { pid: pid!, host } : null;
  } catch {
    return null;
  }
}

/** Of another machine's process nothing is known: it counts as alive. */
function isAlive({ pid, host }: Owner): boolean {
  if (host !== os.hostname()) return true;
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
