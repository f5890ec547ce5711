import path from 'node:path';
import { chooseThreshold, ratesAt } from '../../metrics/attack-detection/index.js';
import { rankScores } from '../../pad/evaluation/index.js';
import { looksPrepared, scorePrepared, writeScores } from '../../pad/index.js';
import type { Recipe } from '../../train/index.js';
import type { Measures, TaskContext } from './kind.js';

/**
 * Whether what a recipe trains is judged by whole videos, as the protocols of the field are: a depth network on prepared faces with a dev split, all
 * of whose test side is wanted.
 */
export function judgesVideos({ loss, validation, data }: Recipe): boolean {
  return loss.name === 'depth' && validation.split && data.testImages === null && looksPrepared(data.source!);
}

/**
 * Error rates of the test side at the threshold that the equal error rate chooses on the dev side; the score of a video is the mean of its frames. The
 * scores of both sides become scores-dev.csv and scores-test.csv of the result.
 * @param weights file of the network
 */
export async function judgeVideos(weights: string, recipe: Recipe, context: TaskContext): Promise<Measures> {
  const { out, place, threads, signal } = context;
  const { protocol } = recipe.data;
  const rankingOf = async (split: 'dev' | 'test') => {
    const { scores } = await scorePrepared({
      ...{ model: weights, prepared: place, split, by: 'video', threads },
      ...(protocol !== null && { protocol }),
      onProgress: () => signal.throwIfAborted(),
    });
    await writeScores(path.join(out, `scores-${split}.csv`), scores);
    return rankScores(scores);
  };
  const threshold = chooseThreshold(await rankingOf('dev'), { kind: 'eer' }, 'the dev videos');
  const { apcerAp, bpcer, acer, eer, auc, fta } = ratesAt(await rankingOf('test'), threshold);
  return { threshold, apcer_test: apcerAp, bpcer_test: bpcer, acer_test: acer, eer_test: eer, auc_test: auc, fta_test: fta };
}
