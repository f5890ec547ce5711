import fs from 'node:fs';
import path from 'node:path';
import { ConfigError } from '../../errors.js';
import { type Lock, takeLock } from '../../train/lock.js';
import { manifestFile } from './format.js';
import { readShard, type ShardSet, shardName, type WrittenShard } from './shards.js';

/** The folder that prepared data is being written to: one process has it. */
export class PreparedFolder {
  private constructor(
    readonly path: string,
    private readonly lock: Lock,
  ) {}

  /**
   * Makes the folder, or goes on with what an interrupted run left there.
   * @throws ConfigError when it holds complete data, or other files, or shards and `resume` is not set, or another process works there
   */
  static open(folder: string, resume: boolean): PreparedFolder {
    const expect = () => {
      const names = fs.existsSync(folder) ? visible(folder) : [];
      if (names.includes(manifestFile)) {
        throw new ConfigError(
          'out',
          `${folder} holds complete prepared data already. Write to another folder, or delete it first.`,
        );
      }
      const strange = names.find((name) => !isOurs(name));
      if (strange !== undefined) {
        throw new ConfigError('out', `${folder} holds other files, ${strange} among them. Write to a folder of its own.`);
      }
      if (names.some((name) => name.startsWith('shard-')) && !resume) {
        throw new ConfigError(
          'out',
          `${folder} holds what an interrupted run left. Go on with it by --resume, or delete it first.`,
        );
      }
    };
    try {
      expect();
      fs.mkdirSync(folder, { recursive: true });
    } catch (cause) {
      if (cause instanceof ConfigError) throw cause;
      throw new ConfigError('out', `${folder} cannot be made (${(cause as Error).message}).`, { cause });
    }
    const lock = takeLock(folder);
    try {
      // Another process may have begun there since we looked, and ended.
      expect();
    } catch (error) {
      lock.release();
      throw error;
    }
    for (const name of fs.readdirSync(folder)) {
      if (remains.test(name)) fs.rmSync(path.join(folder, name), { force: true });
    }
    return new PreparedFolder(folder, lock);
  }

  /** The shards that are there, checked. @throws FormatError as {@link readShard} */
  async readShards(set: ShardSet): Promise<WrittenShard[]> {
    const shards: WrittenShard[] = [];
    while (fs.existsSync(path.join(this.path, shardName(shards.length)))) {
      shards.push(await readShard(set, shards.length, shards.at(-1)));
    }
    return shards;
  }

  close(): void {
    this.lock.release();
  }
}

/** Parts of files that a process was killed over. */
const remains = /^\..+\.[0-9a-f]{12}\.tmp$/;

function visible(folder: string): string[] {
  return fs.readdirSync(folder).filter((name) => !name.startsWith('.'));
}

function isOurs(name: string): boolean {
  return /^(shard-\d{5}\.safetensors|presentations\.jsonl|frames\.jsonl|lock(\..+)?)$/.test(name);
}
