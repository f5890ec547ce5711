import { expect, it } from 'vitest';
import { ShapeError } from '../../src/errors.js';
import { evaluate } from '../../src/train/evaluate.js';
import { predict } from '../../src/train/predict.js';
import { train } from '../../src/train/train.js';
import { stripes, stripesRecipe } from './helpers.js';

it('names images as evaluate counts them, best answer first', async () => {
  const recipe = stripesRecipe();
  const test = stripes(60, 7);
  const { model, engine, classes } = await train({ recipe, data: { train: stripes(240) }, threads: 1 });
  const transforms = recipe.transforms.evaluate;
  const answers = await predict({ model, source: test, classes, transforms, top: 3, batchSize: 7 });
  const { top1 } = await evaluate({ model, source: test, transforms });

  expect(answers).toHaveLength(60);
  const right = answers.filter(([first], record) => first!.label === test.label(record)).length;
  expect(right / 60).toBe(top1);
  expect(top1).toBeGreaterThan(0.8);
  for (const ranked of answers) {
    expect(ranked.map(({ score }) => score)).toEqual(ranked.map(({ score }) => score).sort((a, b) => b - a));
    expect(ranked.reduce((sum, { score }) => sum + score, 0)).toBeCloseTo(1, 6);
    expect(ranked.map(({ label, name }) => classes[label] === name)).toEqual([true, true, true]);
  }
  await expect(predict({ model, source: test, classes: ['a', 'b'], transforms })).rejects.toThrow(ShapeError);
  model.dispose();
  engine.dispose();
});
