import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { FormatError } from '../errors.js';
import type { S3Client } from './s3-client.js';
import { parseResult, parseStoredJson, RESULT_FILE, type ResultStore, type TaskFailure, type TaskResult } from './store.js';

/*
 * Results as objects. The files of a result lie below results/ID/DIGEST, where DIGEST is that of them all, and manifests/ID.json, written last, names them with
 * their digests: a result is there when its manifest is. A worker that dies before leaves objects that nobody reads; two workers that did the same task
 * write the same objects, or beside each other, and whose manifest comes last does not matter.
 */

const manifestSchema = z.strictObject({
  /** Below which its files lie. */
  folder: z.string(),
  files: z.record(z.string(), z.strictObject({ bytes: z.int().min(0), sha256: z.string().length(64) })),
});

type Manifest = z.output<typeof manifestSchema>;

/** Results in a bucket that speaks the S3 API. */
export class S3Store implements ResultStore {
  readonly lookMilliseconds = 5000;

  constructor(private readonly client: S3Client) {}

  get label(): string {
    return this.client.place.label;
  }

  /** @throws FormatError with reason `bad-result` for one that is cut or changed; StoreError */
  async result(id: string): Promise<TaskResult | null> {
    const bytes = await this.file(id, RESULT_FILE);
    return bytes && parseResult(this.nameOf(`results/${id}`), bytes, this.adviceOn(id));
  }

  /** @throws as `result` */
  async file(id: string, name: string): Promise<Uint8Array | null> {
    const manifest = await this.manifest(id);
    const expected = manifest?.files[name];
    if (!manifest || !expected) return null;
    const key = `${manifest.folder}/${name}`;
    const bytes = await this.client.get(key);
    if (bytes && bytes.length === expected.bytes && digestOf(bytes) === expected.sha256) return bytes;
    const what = bytes ? `has ${bytes.length} bytes that are not those (${expected.bytes}) of its manifest` : 'is gone';
    throw new FormatError(this.nameOf(key), 'bad-result', `${what}. ${this.adviceOn(id)}`);
  }

  async finished(): Promise<ReadonlySet<string>> {
    const names = await this.client.list('manifests');
    return new Set(names.map((name) => name.replace(/\.json$/, '')));
  }

  async keep(id: string, folder: string): Promise<void> {
    if (await this.manifest(id)) return;
    const names = fs.readdirSync(folder).sort();
    const files = names.map((name) => ({ name, bytes: fs.readFileSync(path.join(folder, name)) }));
    const all = createHash('sha256');
    const described = files.map(({ name, bytes }) => {
      const sha256 = digestOf(bytes);
      all.update(`${name}\0${sha256}\0`);
      return [name, { bytes: bytes.length, sha256 }] as const;
    });
    const place = `results/${id}/${all.digest('hex').slice(0, 16)}`;
    for (const { name, bytes } of files) await this.client.put(`${place}/${name}`, bytes);
    const manifest: Manifest = { folder: place, files: Object.fromEntries(described) };
    await this.client.put(manifestOf(id), jsonBytes(manifest));
    fs.rmSync(folder, { recursive: true, force: true });
  }

  async failure(id: string): Promise<TaskFailure | null> {
    const key = failureOf(id);
    const bytes = await this.client.get(key);
    return bytes && (parseStoredJson(this.nameOf(key), bytes, 'Remove it to do the task again.') as TaskFailure);
  }

  async noteFailure(id: string, failure: TaskFailure | null): Promise<void> {
    if (failure === null) await this.client.remove(failureOf(id));
    else await this.client.put(failureOf(id), jsonBytes(failure));
  }

  private async manifest(id: string): Promise<Manifest | null> {
    const bytes = await this.client.get(manifestOf(id));
    if (!bytes) return null;
    const name = this.nameOf(manifestOf(id));
    const manifest = manifestSchema.safeParse(parseStoredJson(name, bytes, this.adviceOn(id)));
    if (manifest.success) return manifest.data;
    throw new FormatError(name, 'bad-result', `is not a manifest of ours. ${this.adviceOn(id)}`);
  }

  private nameOf(key: string): string {
    return `${this.label}/${key}`;
  }

  private adviceOn(id: string): string {
    return `Remove ${this.nameOf(manifestOf(id))} to do the task again.`;
  }
}

function manifestOf(id: string): string {
  return `manifests/${id}.json`;
}

function failureOf(id: string): string {
  return `failures/${id}.json`;
}

function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function jsonBytes(value: object): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`);
}
