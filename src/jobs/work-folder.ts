import fs from 'node:fs';
import path from 'node:path';
import { ConfigError } from '../errors.js';

/** Where tasks are under way: `work/ID` and `logs/ID.txt` of a folder, which those share who may go on with each other's tasks. */
export class WorkFolder {
  /** @throws ConfigError when the folder cannot be made */
  constructor(readonly folder: string) {
    makeFolders(folder, ['work', 'logs']);
  }

  /** Of a task; what is there survives a kill, so that the next try goes on from it. */
  of(id: string): string {
    return path.join(this.folder, 'work', id);
  }

  logFile(id: string): string {
    return path.join(this.folder, 'logs', `${id}.txt`);
  }
}

/** @throws ConfigError when one cannot be made */
export function makeFolders(folder: string, parts: readonly string[]): void {
  try {
    for (const part of parts) fs.mkdirSync(path.join(folder, part), { recursive: true });
  } catch (cause) {
    throw new ConfigError('out', `${folder} cannot hold results (${(cause as Error).message}).`, { cause });
  }
}
