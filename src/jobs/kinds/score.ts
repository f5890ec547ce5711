import path from 'node:path';
import { z } from 'zod';
import { csvLine } from '../../data/csv.js';
import { readPicture } from '../../data/index.js';
import { ConfigError, DataError } from '../../errors.js';
import { readFileChecked, writeFileAtomic } from '../../formats/file.js';
import { load, type RuntimeModel } from '../../runtime/index.js';
import type { TaskKind } from './kind.js';

/** Of a `score` task: the model by its digest, and the pictures by their places in the task's folder. */
const scoreConfigSchema = z.strictObject({ model: z.string(), files: z.array(z.string().min(1)).min(1) });

/** Columns of a model that names classes, and of one that answers with a map. */
const columns = { classes: ['file', 'label', 'name', 'score', 'problem'], map: ['file', 'score', 'problem'] } as const;

/** Of a result. */
export const SCORES_FILE = 'scores.csv';

/** First line of the scores of a model. */
function scoreHeader(model: Pick<RuntimeModel, 'facts'>): string {
  return csvLine(model.facts.contract.labels ? columns.classes : columns.map);
}

/**
 * Answers for each picture: its best class with the probability, or the mean of its map. A picture that cannot be read has its reason in the last column and no
 * score; the others go on.
 */
export const scoreKind: TaskKind = async ({ task, place, model: file, memoryPerImage, out, threads, signal, onProgress }) => {
  const { model: digest, files } = scoreConfigSchema.parse(task.config);
  if (file === undefined) throw new ConfigError('model', 'the order does not say where the model lies.');
  const model = await load(await readFileChecked(file), {
    threads,
    name: file,
    ...(memoryPerImage !== undefined && { memoryPerImage }),
  });
  try {
    if (model.facts.digest !== digest) {
      throw new ConfigError(
        'model',
        `${file} is another model now than when the scoring began. Start it again with another folder (--out).`,
      );
    }
    const lines = [scoreHeader(model)];
    let unreadable = 0;
    for (const [i, name] of files.entries()) {
      if (signal.aborted) return null;
      try {
        lines.push(csvLine([name, ...(await scoreOf(model, path.resolve(place, name))), '']));
      } catch (error) {
        if (!(error instanceof DataError)) throw error;
        const blanks = model.facts.contract.labels ? ['', '', ''] : [''];
        lines.push(csvLine([name, ...blanks, error.message.replaceAll(path.resolve(place), '.')]));
        unreadable++;
      }
      onProgress({ share: (i + 1) / files.length });
    }
    await writeFileAtomic(path.join(out, SCORES_FILE), new TextEncoder().encode(lines.join('')));
    return { pictures: files.length, unreadable };
  } finally {
    model.dispose();
  }
};

async function scoreOf(model: RuntimeModel, file: string): Promise<string[]> {
  const picture = await readPicture(file);
  if (model.facts.contract.labels) {
    const [[best]] = (await model.classify(picture)) as [[{ label: number; name: string; score: number }]];
    return [String(best.label), best.name, best.score.toFixed(6)];
  }
  const { data } = await model.run(picture);
  return [(data.reduce((sum, value) => sum + value, 0) / data.length).toFixed(6)];
}
