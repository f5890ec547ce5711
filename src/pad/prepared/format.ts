import { z } from 'zod';
import { failures } from '../crop.js';
import { depthKinds } from '../depth.js';
import { labels, splits } from '../presentation.js';

/*
 * Prepared data (docs/pad-data.md): a folder with manifest.json, presentations.jsonl, frames.jsonl, and shards of crops and depth maps. The
 * manifest is written last: without it a folder is not complete.
 */

export const formatName = 'gossamer-pad';
export const formatVersion = 1;

export const manifestFile = 'manifest.json';
export const presentationsFile = 'presentations.jsonl';
export const framesFile = 'frames.jsonl';

/** What decides the bytes of the shards. */
export const settingsSchema = z.strictObject({
  dataset: z.string(),
  seed: z.int(),
  frames: z.string(),
  boxes: z.strictObject({
    from: z.enum(['set', 'file', 'detector']),
    /** SHA-256 of the file of boxes, or of the detector's module (not of what that loads). */
    sha256: z.string().nullable(),
  }),
  scale: z.number().positive(),
  aspect: z.enum(['keep', 'stretch']),
  fill: z.enum(['edge', 'black']),
  size: z.int().min(8).max(1024).multipleOf(8),
  depth: z.enum(depthKinds),
});
export type PreparedSettings = z.output<typeof settingsSchema>;

const box = z.tuple([z.number(), z.number(), z.number(), z.number()]);

export const frameSchema = z.union([
  z.strictObject({
    /** Line of presentations.jsonl, from 0. */
    presentation: z.int().min(0),
    frame: z.int().min(0),
    /** left, top, width, height in the picture. */
    box,
    shard: z.int().min(0),
    /** Place in the shard's tensors. */
    row: z.int().min(0),
    /** The first 128 bits of the SHA-256 of the picture's size and pixels, before cropping. */
    digest: z.string().length(32),
  }),
  z.strictObject({
    presentation: z.int().min(0),
    frame: z.int().min(0),
    failure: z.enum(failures),
    digest: z.string().length(32),
  }),
]);
export type PreparedFrame = z.output<typeof frameSchema>;

export const presentationSchema = z.strictObject({
  id: z.string(),
  label: z.enum(labels),
  species: z.string().nullable(),
  subject: z.string().nullable(),
  session: z.string().nullable(),
  device: z.string().nullable(),
  splits: z.record(z.string(), z.enum(splits)),
  attributes: z.record(z.string(), z.string()),
});
export type PreparedPresentation = z.output<typeof presentationSchema>;

export const doubtSchema = z.strictObject({
  severity: z.enum(['error', 'warning']),
  reason: z.string(),
  about: z.string(),
  message: z.string(),
});

const protocolSchema = z.strictObject({
  name: z.string(),
  description: z.string(),
  frameLimit: z.strictObject({ splits: z.array(z.enum(splits)), frames: z.int().min(1) }).optional(),
});

const shardSchema = z.strictObject({
  file: z.string().regex(/^shard-\d{5}\.safetensors$/),
  frames: z.int().min(0),
  bytes: z.int().min(0),
  /** Where in the file the tensors begin. */
  images: z.int().min(0),
  depth: z.int().min(0),
  sha256: z.string().length(64),
});
export type Shard = z.output<typeof shardSchema>;

const listSchema = z.strictObject({ lines: z.int().min(0), sha256: z.string().length(64) });

export const manifestSchema = z.strictObject({
  format: z.literal(formatName),
  version: z.literal(formatVersion),
  settings: settingsSchema,
  /** Where the set lay, and what decoded its videos: not needed to read this. */
  origin: z.strictObject({ root: z.string(), ffmpeg: z.string().nullable() }),
  protocols: z.array(protocolSchema).min(1),
  presentations: listSchema,
  frames: listSchema,
  failures: z.record(z.enum(failures), z.int().min(0)),
  shards: z.array(shardSchema),
  doubts: z.array(doubtSchema),
});
export type PreparedManifest = z.output<typeof manifestSchema>;
