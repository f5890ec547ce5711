import fs from 'node:fs';
import path from 'node:path';
import { ConfigError, DataError } from '../errors.js';
import { type DataSet, type Recipe, sampleName, type TrainingData } from '../train/index.js';
import { manifestFile } from './prepared/format.js';
import { openPrepared } from './prepared/open.js';
import type { Split } from './presentation.js';
import { PadSource } from './source.js';

/** What a recipe's source is, where the reader of data sets does not know it: prepared faces. Undefined for all else. */
export function trainingData({ data: { source, protocol } }: Recipe): TrainingData | undefined {
  if (source === null || source === sampleName || !looksPrepared(source)) return undefined;
  return preparedData(source, protocol);
}

/** Whether a folder is, or was to be, prepared data (or another thing that has a manifest.json). */
export function looksPrepared(folder: string): boolean {
  return fs.existsSync(path.join(folder, manifestFile));
}

/**
 * Prepared data to train on: its splits train, dev (to choose the best epoch by) and test.
 * @param protocol may be null where there is one only
 */
export function preparedData(folder: string, protocol: string | null = null): DataSet {
  const open = async (split: Split) => {
    const prepared = await openPrepared(folder);
    try {
      return new PadSource(prepared, { split, ...(protocol !== null && { protocol }) });
    } catch (error) {
      if (!(error instanceof ConfigError) || error.key !== 'split') throw error;
      throw new DataError(folder, null, 'no-split', error.message, { cause: error });
    }
  };
  return { name: folder, open: ({ split }) => open(split), openValidation: () => open('dev') };
}
