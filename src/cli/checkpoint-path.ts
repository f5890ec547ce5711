import fs from 'node:fs';
import path from 'node:path';
import { FormatError, UnsupportedError } from '../errors.js';
import { didYouMean } from '../nearest.js';
import { type Checkpoint, isPretrained, pretrained, pretrainedModels, readCheckpoint } from '../train/index.js';

/** What verbs that take a checkpoint say of it. */
export const checkpointHelp = 'best.safetensors of a run, the folder of the run, or a name that ships (gossamer models)';

/**
 * A checkpoint file; for a run's folder the best one in it, or the last while there is no best; or one that ships, by its name.
 * @throws FormatError with reason `not-found`
 */
export function checkpointPath(place: string): string {
  if (!fs.existsSync(place)) {
    if (isPretrained(place)) return pretrained(place);
    throw new FormatError(place, 'not-found', `there is no such file.${didYouMean(place, pretrainedModels)}`);
  }
  if (!fs.statSync(place).isDirectory()) return place;
  const best = path.join(place, 'best.safetensors');
  return fs.existsSync(best) ? best : path.join(place, 'last.safetensors');
}

/** A checkpoint whose network names classes. @throws FormatError as `readCheckpoint`; UnsupportedError for any other network */
export async function readClassifier(path: string, what: string): Promise<Checkpoint> {
  const checkpoint = await readCheckpoint(path);
  if (checkpoint.classes.length > 0) return checkpoint;
  const name = checkpoint.model?.name ?? 'its network';
  throw new UnsupportedError(
    `${what} ${path}`,
    `${name} does not classify. Use loadModel(path, engine) and model.forward in code.`,
  );
}
