import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import type { z } from 'zod';
import { FormatError } from '../../errors.js';
import { readFileChecked } from '../../formats/file.js';
import {
  formatName,
  formatVersion,
  frameSchema,
  framesFile,
  manifestFile,
  manifestSchema,
  type PreparedFrame,
  type PreparedManifest,
  type PreparedPresentation,
  presentationSchema,
  presentationsFile,
} from './format.js';
import { tensorOffsets } from './shards.js';

/** A folder of prepared data: lists, no pixels. */
export interface Prepared {
  readonly folder: string;
  readonly manifest: PreparedManifest;
  readonly presentations: readonly PreparedPresentation[];
  readonly frames: readonly PreparedFrame[];
}

/**
 * Reads the lists of prepared data and checks that they agree, and that every shard is there at its full length; with `verify` also that its
 * bytes are those that were written.
 * @throws FormatError with reason `not-found`, `incomplete` (an interrupted run's), `not-json`, `bad-manifest`, `other-version`, `bad-list`,
 *   `changed` (a digest differs), `missing-shard` or `shard-size`
 */
export async function openPrepared(folder: string, { verify = false }: { readonly verify?: boolean } = {}): Promise<Prepared> {
  const manifest = await readManifest(folder);
  const presentations = await readList(path.join(folder, presentationsFile), manifest.presentations, presentationSchema);
  const frames = await readList(path.join(folder, framesFile), manifest.frames, frameSchema);
  checkFrames(folder, manifest, presentations.length, frames);
  for (const { file, frames: count, bytes, images, depth, sha256 } of manifest.shards) {
    const place = path.join(folder, file);
    const offsets = tensorOffsets(bytes, count, manifest.settings.size);
    if (offsets.images !== images || offsets.depth !== depth) {
      throw new FormatError(path.join(folder, manifestFile), 'bad-manifest', `the tensors of ${file} do not end where it does.`);
    }
    const size = await fs.promises.stat(place).then(
      (stat) => stat.size,
      () => null,
    );
    if (size === null) throw new FormatError(place, 'missing-shard', 'there is no such file, but the manifest lists it.');
    if (size !== bytes) throw new FormatError(place, 'shard-size', `has ${size} bytes, the manifest says ${bytes}. Cut short?`);
    if (verify) expectDigest(place, await readFileChecked(place), sha256);
  }
  return { folder, manifest, presentations, frames };
}

async function readManifest(folder: string): Promise<PreparedManifest> {
  const file = path.join(folder, manifestFile);
  if (!fs.existsSync(folder))
    throw new FormatError(folder, 'not-found', 'there is no such folder. `gossamer pad prepare` makes one.');
  if (!fs.existsSync(file)) {
    const detail =
      'it has no manifest.json: it is not prepared data, or its making was interrupted (`gossamer pad prepare … --resume` goes on).';
    throw new FormatError(folder, 'incomplete', detail);
  }
  const value = parseJson(file, Buffer.from(await readFileChecked(file)).toString('utf8'));
  const { format, version } = (typeof value === 'object' && value !== null ? value : {}) as {
    format?: unknown;
    version?: unknown;
  };
  if (format !== formatName)
    throw new FormatError(file, 'bad-manifest', `its format is ${JSON.stringify(format)}, not "${formatName}".`);
  if (version !== formatVersion) {
    throw new FormatError(
      file,
      'other-version',
      `it is of version ${JSON.stringify(version)}; this release reads ${formatVersion}.`,
    );
  }
  return parse(file, manifestSchema, value, 'bad-manifest');
}

async function readList<S extends z.ZodType>(
  file: string,
  expected: { readonly lines: number; readonly sha256: string },
  schema: S,
): Promise<z.output<S>[]> {
  const bytes = await readFileChecked(file);
  expectDigest(file, bytes, expected.sha256);
  const rows = Buffer.from(bytes).toString('utf8').split('\n').slice(0, -1);
  if (rows.length !== expected.lines) {
    throw new FormatError(file, 'bad-list', `has ${rows.length} lines, the manifest says ${expected.lines}.`);
  }
  return rows.map((row, i) => parse(`${file}, line ${i + 1}`, schema, parseJson(`${file}, line ${i + 1}`, row), 'bad-list'));
}

/** Every crop of every shard is named once, in its order. */
function checkFrames(
  folder: string,
  { shards }: PreparedManifest,
  presentations: number,
  frames: readonly PreparedFrame[],
): void {
  const fail = (detail: string) => new FormatError(path.join(folder, framesFile), 'bad-list', detail);
  const next = shards.map(() => 0);
  for (const [i, frame] of frames.entries()) {
    if (frame.presentation >= presentations)
      throw fail(`line ${i + 1} is of presentation ${frame.presentation}, there are ${presentations}.`);
    if (!('shard' in frame)) continue;
    if (next[frame.shard] !== frame.row) throw fail(`line ${i + 1} is row ${frame.row} of shard ${frame.shard}, out of order.`);
    next[frame.shard]!++;
  }
  const wrong = shards.findIndex((shard, i) => shard.frames !== next[i]);
  if (wrong >= 0) throw fail(`it names ${next[wrong]} crops of shard ${wrong}, which has ${shards[wrong]!.frames}.`);
}

function expectDigest(file: string, bytes: Uint8Array, sha256: string): void {
  const got = createHash('sha256').update(bytes).digest('hex');
  if (got !== sha256)
    throw new FormatError(file, 'changed', 'its SHA-256 is not the one in the manifest. Prepare the data again.');
}

function parseJson(file: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new FormatError(file, 'not-json', `is not JSON (${(cause as Error).message}).`, { cause });
  }
}

function parse<S extends z.ZodType>(file: string, schema: S, value: unknown, reason: string): z.output<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  throw new FormatError(file, reason, `${issue.path.join('.')}: ${issue.message}.`, { cause: result.error });
}
