import { createHash } from 'node:crypto';
import path from 'node:path';
import { DataError } from '../errors.js';
import { writeFileAtomic } from '../formats/file.js';
import { failures } from './crop.js';
import { Duplicates } from './duplicates.js';
import { type Inspection, inspectionOf } from './inspect.js';
import type { PrepareOptions } from './options.js';
import { type Plan, planPreparation } from './plan.js';
import { PreparedFolder } from './prepared/folder.js';
import {
  formatName,
  formatVersion,
  framesFile,
  manifestFile,
  type PreparedManifest,
  type PreparedPresentation,
  presentationsFile,
} from './prepared/format.js';
import { ShardWriter, type WrittenShard } from './prepared/shards.js';
import type { Doubt, Presentation } from './presentation.js';
import { processAll } from './process-all.js';

export interface PrepareResult extends Inspection {
  readonly folder: string;
  /** Crops in the folder. */
  readonly crops: number;
}

/**
 * Turns a data set into prepared data (docs/pad-data.md) in the folder `out`. Killed at any moment it leaves whole shards, with which `resume` goes
 * on to the same bytes, as it does where `signal` ended the work (`complete` is then false); the manifest comes last.
 * @throws ConfigError, DataError and UnsupportedError as `planPreparation`; DataError with the reason of the first error among the doubts, or of
 *   the presentation that cannot be read, or `no-faces` when not one frame has a box; ConfigError when the folder is not free;
 *   FormatError when a shard of an interrupted run does not fit, or nothing can be written
 */
export async function prepareDataset(
  options: PrepareOptions & { readonly out: string; readonly resume?: boolean },
): Promise<PrepareResult> {
  const plan = await planPreparation(options);
  refuse(plan, plan.doubts);
  const presentations = lines(plan.dataset.presentations.map(stored));
  const identity = digest(Buffer.from(JSON.stringify(plan.settings) + presentations));
  const folder = PreparedFolder.open(options.out, options.resume ?? false);
  try {
    const set = { folder: folder.path, identity, size: plan.settings.size };
    const written = await folder.readShards(set);
    const complete = await writeShards(plan, new ShardWriter(set, written), written);
    const frames = written.flatMap((shard) => shard.frames);
    const doubts = [...plan.doubts, ...written.flatMap((shard) => shard.doubts)];
    const crops = written.reduce((sum, { shard }) => sum + shard.frames, 0);
    if (complete) {
      if (crops === 0) {
        const detail = 'not one of its frames has a box: nothing could be learnt or judged. --dry-run lists why.';
        throw new DataError(options.root, null, 'no-faces', detail);
      }
      await writeManifest(plan, folder.path, presentations, written, doubts);
    }
    return { ...inspectionOf(plan, frames, doubts, complete), folder: folder.path, crops };
  } finally {
    folder.close();
  }
}

/** False when it was interrupted. */
async function writeShards(plan: Plan, writer: ShardWriter, written: readonly WrittenShard[]): Promise<boolean> {
  const { presentations } = plan.dataset;
  const duplicates = new Duplicates(presentations, plan.options.allowDuplicates);
  for (const frame of written.flatMap(({ frames }) => frames)) refuse(plan, duplicates.add(frame.presentation, frame.digest));
  for await (const { processed } of processAll(plan, writer.next, duplicates, false)) {
    refuse(plan, processed.doubts);
    await writer.add(processed);
  }
  await writer.flush();
  return writer.next === presentations.length;
}

async function writeManifest(
  { settings, options, ffmpeg, dataset }: Plan,
  folder: string,
  presentations: string,
  written: readonly WrittenShard[],
  doubts: readonly Doubt[],
): Promise<void> {
  const frames = written.flatMap((shard) => shard.frames);
  const frameLines = lines(frames);
  const count = (failure: string) => frames.filter((frame) => 'failure' in frame && frame.failure === failure).length;
  const manifest: PreparedManifest = {
    format: formatName,
    version: formatVersion,
    settings,
    origin: { root: path.resolve(options.root), ffmpeg },
    protocols: dataset.protocols.map(({ name, description, frameLimit }) => ({
      name,
      description,
      ...(frameLimit && { frameLimit: { splits: [...frameLimit.splits], frames: frameLimit.frames } }),
    })),
    presentations: { lines: dataset.presentations.length, sha256: digest(Buffer.from(presentations)) },
    frames: { lines: frames.length, sha256: digest(Buffer.from(frameLines)) },
    failures: Object.fromEntries(failures.map((failure) => [failure, count(failure)])) as PreparedManifest['failures'],
    shards: written.map(({ shard }) => shard),
    doubts: [...doubts],
  };
  await writeFileAtomic(path.join(folder, presentationsFile), Buffer.from(presentations));
  await writeFileAtomic(path.join(folder, framesFile), Buffer.from(frameLines));
  await writeFileAtomic(path.join(folder, manifestFile), Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`));
}

/** @throws DataError for the first error among the doubts */
function refuse({ options }: Plan, doubts: readonly Doubt[]): void {
  const errors = doubts.filter(({ severity }) => severity === 'error');
  const [first] = errors;
  if (!first) return;
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
  const advice: Readonly<Record<string, string>> = {
    'duplicate-frame': ' If it must be, --allow-duplicates goes on.',
    missing: ' --skip-bad leaves out what is missing.',
  };
  throw new DataError(
    options.root,
    null,
    first.reason,
    `${first.message}${more}${advice[first.reason] ?? ''} --dry-run lists all doubts.`,
  );
}

function stored({ id, label, species, subject, session, device, splits, attributes }: Presentation): PreparedPresentation {
  return { id, label, species, subject, session, device, splits, attributes };
}

function lines(rows: readonly object[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
}

function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
