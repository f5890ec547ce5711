import { ConfigError } from '../../errors.js';
import { didYouMean } from '../../nearest.js';
import { casiaFasd } from './casia-fasd.js';
import { manifest } from './manifest.js';
import { msuMfsd } from './msu-mfsd.js';
import { ouluNpu } from './oulu-npu.js';
import type { DatasetReader } from './reader.js';
import { replayAttack } from './replay-attack.js';
import { siw } from './siw.js';
import { siwM } from './siw-m.js';

export const datasetReaders: readonly DatasetReader[] = [ouluNpu, casiaFasd, replayAttack, msuMfsd, siw, siwM, manifest];

/** @throws ConfigError for a name that is none of {@link datasetReaders} */
export function datasetReader(name: string): DatasetReader {
  const reader = datasetReaders.find((candidate) => candidate.name === name);
  if (reader) return reader;
  const known = datasetReaders.map((candidate) => candidate.name);
  throw new ConfigError('dataset', `"${name}" is not known.${didYouMean(name, known)} Known: ${known.join(', ')}.`);
}
