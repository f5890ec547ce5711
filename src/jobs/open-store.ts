import { z } from 'zod';
import { openS3, parseS3Place } from './s3-client.js';
import { S3Store } from './s3-store.js';
import { FolderStore, type ResultStore } from './store.js';

/** Where tasks are under way, and where their results are kept, as plain data: it travels over a queue. */
export const placesSchema = z.strictObject({
  /** Of what is under way; also of the results, unless they have a bucket. */
  folder: z.string().min(1),
  /** `s3://bucket/prefix`, of the results; null: they stay in the folder. */
  bucket: z.string().nullable(),
});

export type Places = z.output<typeof placesSchema>;

/** @throws ConfigError for a folder that cannot be made, or a bucket that the environment has no key for; UnsupportedError without the S3 client */
export async function openStore({ folder, bucket }: Places): Promise<ResultStore> {
  return bucket === null ? new FolderStore(folder) : new S3Store(await openS3(parseS3Place(bucket)));
}
