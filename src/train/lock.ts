import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { ConfigError } from '../errors.js';
import { mayBeAlive, type ProcessIdentity, thisProcess } from './process-identity.js';

/** Locks that this process holds: its own number in a file does not say whether it or a dead namesake wrote it. */
const held = new Set<string>();

export interface Lock {
  /** True when a dead process had left it. */
  readonly tookOver: boolean;
  release(): void;
}

/**
 * Takes the file `name` in `folder` as the sign that this process works there. What a dead process of this machine left is taken
 * over. Of several that try at the same moment one gets it.
 * @throws ConfigError when another process, or this one, holds it, or nothing can be written there
 */
export function takeLock(folder: string, name = 'lock'): Lock {
  const file = path.join(fs.realpathSync(folder), name);
  if (held.has(file)) throw inUse(folder, file, 'this process');
  let tookOver = false;
  while (!create(file)) {
    const text = readText(file);
    if (text === null) continue;
    const owner = parseOwner(text);
    if (owner && mayBeAlive(owner)) throw inUse(folder, file, nameOf(owner));
    removeStale(folder, file, text);
    tookOver = true;
  }
  held.add(file);
  const release = () => {
    process.off('exit', release);
    if (held.delete(file)) fs.rmSync(file, { force: true });
  };
  // A second Ctrl-C ends the process on the spot.
  process.on('exit', release);
  return { tookOver, release };
}

function inUse(folder: string, file: string, owner: string): ConfigError {
  return new ConfigError(
    'run',
    `${folder} is in use by ${owner}. Wait for it, or write to another folder (--out). If nothing runs there, delete ${file}.`,
  );
}

function nameOf({ pid, host, pidNamespace }: ProcessIdentity): string {
  if (host !== os.hostname()) return `process ${pid} on ${host}`;
  const isElsewhere = pidNamespace && pidNamespace !== thisProcess().pidNamespace;
  return `process ${pid}${isElsewhere ? ' of another container' : ''}`;
}

/** The file appears with its content, so that nobody reads half of it. False when it is there already. */
function create(file: string): boolean {
  const own = `${file}.${randomBytes(6).toString('hex')}`;
  const text = JSON.stringify(thisProcess());
  try {
    fs.writeFileSync(own, text);
    linkOrWrite(own, file, text);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    const folder = path.dirname(file);
    throw new ConfigError('run', `nothing can be written to ${folder} (${(error as Error).message}).`, { cause: error });
  } finally {
    fs.rmSync(own, { force: true });
  }
}

/** What systems say of a disk without hard links, such as exFAT. */
const noLinks: readonly unknown[] = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EISDIR'];

/** Where there are no links the file is empty for a moment, in which a second process could take it for one that was never finished. */
function linkOrWrite(own: string, file: string, text: string): void {
  try {
    fs.linkSync(own, file);
  } catch (error) {
    if (!noLinks.includes((error as NodeJS.ErrnoException).code)) throw error;
    fs.writeFileSync(file, text, { flag: 'wx' });
  }
}

/**
 * Removes a dead process's lock. Of several that found it only the one that holds a second lock does so: a late one would
 * remove what the first has put in its place.
 */
function removeStale(folder: string, file: string, text: string): void {
  const guard = `${file}.takeover`;
  if (!create(guard)) throw inUse(folder, guard, 'a process that takes it over');
  try {
    if (readText(file) === text) fs.rmSync(file);
  } finally {
    fs.rmSync(guard);
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

function parseOwner(text: string): ProcessIdentity | null {
  try {
    const { pid, host, pidNamespace, began } = JSON.parse(text) as Partial<ProcessIdentity>;
    return Number.isInteger(pid) && typeof host === 'string' ? { pid: pid!, host, pidNamespace, began } : null;
  } catch {
    return null;
  }
}
