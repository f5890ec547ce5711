import { createHash } from 'node:crypto';
import path from 'node:path';
import { z } from 'zod';
import { FormatError } from '../../errors.js';
import { readFileChecked, writeFileAtomic } from '../../formats/file.js';
import { decodeSafetensors, encodeSafetensors } from '../../formats/safetensors.js';
import { depthSize } from '../depth.js';
import type { Doubt } from '../presentation.js';
import type { Processed } from '../process.js';
import { doubtSchema, frameSchema, type PreparedFrame, type Shard } from './format.js';

/*
 * A shard holds whole presentations, one after the other, and in its metadata all that is known of them: the shards that are there say how
 * far an interrupted run came.
 */

/** A shard is written once it has so many bytes of crops. */
const shardBytes = 48 * 2 ** 20;

/** What the shards of one run have in common: another run's are not gone on with. */
export interface ShardSet {
  readonly folder: string;
  /** Digest of the settings and the list of presentations. */
  readonly identity: string;
  /** Side of the crops. */
  readonly size: number;
}

const journalSchema = z.strictObject({
  identity: z.string(),
  /** Presentations from `first` up to `next`. */
  first: z.int().min(0),
  next: z.int().min(0),
  frames: z.array(frameSchema),
  doubts: z.array(doubtSchema),
});
type Journal = z.output<typeof journalSchema>;

export interface WrittenShard extends Journal {
  readonly shard: Shard;
}

/** Collects presentations and writes shards of them. */
export class ShardWriter {
  private images: Uint8Array[] = [];
  private depth: Uint8Array[] = [];
  private frames: PreparedFrame[] = [];
  private doubts: Doubt[] = [];

  /** @param written those that are there already */
  constructor(
    private readonly set: ShardSet,
    private readonly written: WrittenShard[],
  ) {
    this.next = written.at(-1)?.next ?? 0;
    this.first = this.next;
  }

  /** The presentation that is to come. */
  next: number;
  private first: number;

  async add({ frames, doubts }: Processed): Promise<void> {
    const presentation = this.next++;
    for (const { frame, digest, outcome } of frames) {
      if ('failure' in outcome) {
        this.frames.push({ presentation, frame, failure: outcome.failure, digest });
        continue;
      }
      const { left, top, width, height } = outcome.box;
      const place = { shard: this.written.length, row: this.images.length };
      this.frames.push({ presentation, frame, box: [left, top, width, height], ...place, digest });
      this.images.push(outcome.image);
      this.depth.push(outcome.depth);
    }
    this.doubts.push(...doubts);
    if (this.images.length * this.set.size ** 2 * 3 >= shardBytes) await this.flush();
  }

  /** Writes what is collected. @throws FormatError with reason `not-writable` */
  async flush(): Promise<void> {
    if (this.next === this.first) return;
    const { folder, identity, size } = this.set;
    const side = depthSize(size);
    const count = this.images.length;
    const journal: Journal = { identity, first: this.first, next: this.next, frames: this.frames, doubts: this.doubts };
    const bytes = encodeSafetensors(
      {
        images: { dtype: 'U8', shape: [count, size, size, 3], data: joined(this.images, size * size * 3) },
        depth: { dtype: 'U8', shape: [count, side, side], data: joined(this.depth, side * side) },
      },
      { journal: JSON.stringify(journal) },
    );
    const name = shardName(this.written.length);
    await writeFileAtomic(path.join(folder, name), bytes);
    this.written.push({ ...journal, shard: describe(name, bytes, count, size) });
    this.images = [];
    this.depth = [];
    this.frames = [];
    this.doubts = [];
    this.first = this.next;
  }
}

export function shardName(number: number): string {
  return `shard-${String(number).padStart(5, '0')}.safetensors`;
}

/**
 * The shard of that number, checked against what came before it.
 * @throws FormatError as the readers of files do, and with reason `bad-shard` or `other-run`
 */
export async function readShard(set: ShardSet, number: number, before: WrittenShard | undefined): Promise<WrittenShard> {
  const name = shardName(number);
  const file = path.join(set.folder, name);
  const bytes = await readFileChecked(file);
  const { tensors, metadata } = decodeSafetensors(bytes, file);
  const journal = parseJournal(metadata['journal']);
  if (!journal)
    throw new FormatError(file, 'bad-shard', 'it is not a shard of prepared data. Delete it, or write to another folder.');
  if (journal.identity !== set.identity) {
    const detail = 'it was made with other settings, or of other presentations. Use the same ones, or write to another folder.';
    throw new FormatError(file, 'other-run', detail);
  }
  const rows = journal.frames.filter((frame) => 'shard' in frame);
  const side = depthSize(set.size);
  const fits =
    journal.first === (before?.next ?? 0) &&
    journal.next > journal.first &&
    rows.every((frame, row) => 'shard' in frame && frame.shard === number && frame.row === row) &&
    String(tensors.get('images')?.shape) === String([rows.length, set.size, set.size, 3]) &&
    String(tensors.get('depth')?.shape) === String([rows.length, side, side]);
  if (!fits)
    throw new FormatError(file, 'bad-shard', 'it does not go on where the one before it ends. Delete it and all behind it.');
  return { ...journal, shard: describe(name, bytes, rows.length, set.size) };
}

function parseJournal(text: string | undefined): Journal | null {
  if (text === undefined) return null;
  try {
    return journalSchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

function describe(file: string, bytes: Uint8Array, frames: number, size: number): Shard {
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { file, frames, bytes: bytes.length, ...tensorOffsets(bytes.length, frames, size), sha256 };
}

/** Where the tensors begin in a shard of so many bytes: the maps of depth end it, the images stand before them. */
export function tensorOffsets(bytes: number, frames: number, size: number): Pick<Shard, 'images' | 'depth'> {
  const depth = bytes - frames * depthSize(size) ** 2;
  return { images: depth - frames * size * size * 3, depth };
}

function joined(parts: readonly Uint8Array[], length: number): Uint8Array {
  const all = new Uint8Array(parts.length * length);
  for (const [i, part] of parts.entries()) all.set(part, i * length);
  return all;
}
