import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { cpus, homedir } from 'node:os';
import path from 'node:path';
import type { TimingStore, TimingSubject } from './host.js';

/**
 * Timings in the user's cache folder, a file for each subject, processor and version of Node: a timing says nothing of others. What cannot
 * be read or written there is timed again.
 * @param kernels where the builds lie
 */
export function createNodeTimings(kernels: URL): TimingStore {
  const folder = path.join(cacheFolder(), 'gossamer');
  return {
    place: folder,
    async read(subject) {
      try {
        const key = await keyOf(subject, kernels);
        const kept = JSON.parse(await readFile(fileOf(folder, key), 'utf8')) as {
          readonly key: unknown;
          readonly timing: unknown;
        };
        return JSON.stringify(kept.key) === JSON.stringify(key) ? kept.timing : null;
      } catch {
        return null;
      }
    },
    async write(subject, timing) {
      let temporary: string | null = null;
      try {
        const key = await keyOf(subject, kernels);
        // Not `recursive`: that never ends below /proc, where making a folder fails as if its parent were missing.
        for (const level of [path.dirname(folder), folder]) await mkdir(level).catch(() => {});
        temporary = path.join(folder, `.${randomBytes(6).toString('hex')}.tmp`);
        await writeFile(temporary, `${JSON.stringify({ key, timing }, null, 2)}\n`);
        await rename(temporary, fileOf(folder, key));
      } catch {
        if (temporary !== null) await rm(temporary, { force: true }).catch(() => {});
      }
    },
  };
}

/** What a timing depends on. */
async function keyOf({ build, network }: TimingSubject, kernels: URL) {
  const manifest = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8')) as {
    readonly version: string;
  };
  return {
    build,
    kernels: sha256(await readFile(new URL(build, kernels))),
    gossamer: manifest.version,
    node: process.versions.node,
    v8: process.versions.v8,
    processor: `${process.arch} ${cpus()[0]?.model.trim() ?? 'unknown'}`,
    ...(network !== undefined && { network }),
  };
}

function fileOf(folder: string, key: Awaited<ReturnType<typeof keyOf>>): string {
  const kind = key.network === undefined ? 'kernels' : 'network';
  return path.join(folder, `${kind}-${sha256(JSON.stringify(key)).slice(0, 16)}.json`);
}

function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

/** The platform's, or where XDG_CACHE_HOME points to. */
function cacheFolder(): string {
  const { XDG_CACHE_HOME: asked, LOCALAPPDATA: local } = process.env;
  if (asked && path.isAbsolute(asked)) return asked;
  if (process.platform === 'darwin') return path.join(homedir(), 'Library', 'Caches');
  if (process.platform === 'win32') return local ?? path.join(homedir(), 'AppData', 'Local');
  return path.join(homedir(), '.cache');
}
