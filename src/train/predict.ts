import { createLoader } from '../data/batches.js';
import type { Source } from '../data/source.js';
import type { TransformInput } from '../data/transforms.js';
import { ShapeError } from '../errors.js';
import { type NamedClass, nameClasses } from '../metrics/ranking.js';
import type { Module } from '../nn/module.js';
import { scope } from '../tensor/scope.js';
import { formatShape } from '../tensor/shape.js';
import { uploadBatch } from './upload.js';

export interface PredictOptions {
  /** On an engine. */
  readonly model: Module;
  /** Images, labelled or not (`openPictures`). */
  readonly source: Source;
  /** Class names in the order of the model's scores. */
  readonly classes: readonly string[];
  /** What is done to every image (a recipe's `transforms.evaluate`). */
  readonly transforms?: readonly TransformInput[];
  /** Records of the source; all unless given. */
  readonly indices?: ArrayLike<number>;
  /** Answers for each image, best first; 1 unless given. */
  readonly top?: number;
  readonly batchSize?: number;
}

/**
 * Names what is on images: for each, the `top` classes by score. The model answers in its evaluation form, and is left in the form it had.
 * @throws DataError when an image cannot be read; ShapeError when the model does not score as many classes as have names
 */
export async function predict(options: PredictOptions): Promise<NamedClass[][]> {
  const { model, source, classes, transforms = [], indices, top = 1, batchSize = 16 } = options;
  const { engine } = model.parameters().values().next().value!.value;
  const loader = createLoader(source, { batchSize, transforms, indices, workers: 0 });
  const wasTraining = model.training;
  const answers: NamedClass[][] = [];
  model.eval();
  try {
    for await (const batch of loader.epoch(0)) {
      const logits = scope(engine, () => {
        const scores = model.forward(uploadBatch(engine, batch).images);
        if (scores.shape[1] !== classes.length) {
          throw new ShapeError(
            'predict',
            `scores ${formatShape(scores.shape)}`,
            `[batch, ${classes.length}], one for each class`,
          );
        }
        return scores.toArray();
      });
      answers.push(...nameClasses(logits, classes, top));
    }
  } finally {
    model.train(wasTraining);
    await loader.close();
  }
  return answers;
}
