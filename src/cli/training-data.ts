import { looksPrepared, preparedData } from '../pad/index.js';
import { type Recipe, sampleName, type TrainingData } from '../train/index.js';

/** What a recipe's source is, where the reader of data sets does not know it: prepared faces. Undefined for all else. */
export function trainingData({ data: { source, protocol } }: Recipe): TrainingData | undefined {
  if (source === null || source === sampleName || !looksPrepared(source)) return undefined;
  return preparedData(source, protocol);
}
