import { z } from 'zod';
import { parseConfig } from '../config/parse.js';
import { transformsSchema } from '../data/transforms.js';

const count = z.int().min(1);
const share = z.number().min(0).max(1);
const positive = z.number().positive();
const side = z.int().min(1).max(16384);

/** What a model takes besides its name: plain data, checked by the registry of models. */
const modelOptions = z.record(z.string(), z.union([z.number(), z.string(), z.boolean(), z.null(), z.array(z.number())]));

const decayGroups = {
  weightDecay: z.number().min(0).default(0),
  /** `all`: every parameter decays; `weights`: not batch norm, biases and slopes. */
  decay: z.enum(['all', 'weights']).default('weights'),
};

const adamOptions = {
  learningRate: positive,
  beta1: z.number().min(0).lt(1).default(0.9),
  beta2: z.number().min(0).lt(1).default(0.999),
  epsilon: positive.default(1e-8),
  ...decayGroups,
};

export const optimizerSchema = z.discriminatedUnion('name', [
  z.strictObject({
    name: z.literal('sgd'),
    learningRate: positive,
    momentum: z.number().min(0).lt(1).default(0),
    nesterov: z.boolean().default(false),
    ...decayGroups,
  }),
  /** Decay is added to the gradient. */
  z.strictObject({ name: z.literal('adam'), ...adamOptions }),
  /** Decay shrinks the weight itself. */
  z.strictObject({ name: z.literal('adamw'), ...adamOptions }),
]);

/** A straight rise from `start` times the learning rate, over the first `epochs` (fractions count). */
const warmup = z
  .strictObject({ epochs: z.number().min(0), start: share.default(0.01) })
  .nullable()
  .default(null);

const schedule = z.discriminatedUnion('name', [
  z.strictObject({ name: z.literal('constant'), warmup }),
  /** Half a cosine down to `end` times the learning rate, step by step. */
  z.strictObject({ name: z.literal('cosine'), end: share.default(0), warmup }),
  /** A straight line down to `end` times the learning rate, step by step. */
  z.strictObject({ name: z.literal('linear'), end: share.default(0), warmup }),
  /** Times `factor` after each of the `milestones`, which are epochs. */
  z.strictObject({ name: z.literal('multistep'), milestones: z.array(positive).min(1), factor: share.default(0.1), warmup }),
  /** Half a cosine up from 1 / `startDivisor` of the learning rate in the first `rise` of the run, half a cosine down to 1 / `endDivisor` of that. */
  z.strictObject({
    name: z.literal('one-cycle'),
    rise: z.number().gt(0).lt(1).default(0.3),
    startDivisor: z.number().min(1).default(25),
    endDivisor: z.number().min(1).default(1e4),
    warmup,
  }),
]);

const loss = z.discriminatedUnion('name', [
  z.strictObject({
    // Recipes may leave the name out: this is the loss then.
    name: z.literal('cross-entropy').optional().default('cross-entropy'),
    /** Share of the target that is spread evenly over all classes. */
    smoothing: z.number().min(0).lt(1).default(0),
    /** Weight of the auxiliary losses: the mean saliency of dynamic layers. */
    lasso: z.number().min(0).default(0),
  }),
  z.strictObject({
    /** For networks that answer with a depth map: its mean squared difference from the target map. */
    name: z.literal('depth'),
    /** Weight of the contrastive depth loss: the same of the maps' differences between neighbouring pixels. */
    contrast: z.number().min(0).default(1),
  }),
]);

/** Runs are kept in a folder of this name. */
const name = z
  .string()
  .min(1)
  .refine((text) => !/^\.|[/\\\p{Cc}]/u.test(text), 'a name without slashes that does not begin with a dot');

export const recipeSchema = z.strictObject({
  name,
  description: z.string().default(''),
  model: z.strictObject({ name: z.string().min(1), options: modelOptions.default({}) }),
  data: z
    .strictObject({
      /** Where the data lies unless the caller says; `fashion-mnist-sample` is the set that ships with the package. */
      source: z.string().nullable().default(null),
      /** Height and width to which image files are brought (raw pixels have their own size). */
      size: z
        .union([side, z.tuple([side, side])])
        .nullable()
        .default(null),
      channels: z
        .union([z.literal(1), z.literal(3)])
        .nullable()
        .default(null),
      /** How an image of another aspect fills the size. */
      fit: z.enum(['cover', 'fill', 'contain']).nullable().default(null),
      /** Prepared faces only: the name of a protocol, or `NAME:leave-out.SPECIES`; may be left out where there is one only. */
      protocol: z.string().nullable().default(null),
      /** CIFAR-100 only. */
      labels: z.enum(['fine', 'coarse']).nullable().default(null),
      /** Training and test images to take, the same share of every class, by seed; all unless given. */
      trainImages: count.nullable().default(null),
      testImages: count.nullable().default(null),
      /** Another task on the same images: which of them carry a screen's pattern of this strength (`recapture`)? null: their own classes. */
      recapture: z
        .strictObject({ strength: share, seed: z.int().default(0) })
        .nullable()
        .default(null),
    })
    .prefault({}),
  /** Which training images an epoch takes, for frames of videos; all of them unless given. */
  sampling: z
    .strictObject({
      /** `one-per-video`: of every video one frame an epoch, each time another one by chance. */
      frames: z.enum(['all', 'one-per-video']).default('all'),
      /** `label`: as many of each class; `species`: half bona fide, the other half an equal share of each attack species. */
      balance: z.enum(['none', 'label', 'species']).default('none'),
    })
    .prefault({}),
  transforms: z.strictObject({ train: transformsSchema.default([]), evaluate: transformsSchema.default([]) }).prefault({}),
  optimizer: optimizerSchema,
  schedule: schedule.prefault({ name: 'cosine' }),
  epochs: count,
  batchSize: count,
  loss: loss.prefault({}),
  /** Largest global norm of the gradients; null: they are taken as they are. */
  gradientClip: positive.nullable().default(null),
  /** Where several ranks share a batch, batch norm takes its statistics over all of it (`global`), or over each one's part (`local`). */
  batchNorm: z.enum(['global', 'local']).default('global'),
  /** Decay of the moving average of the weights, which is then what is evaluated and shipped; null: none. */
  averageWeights: z.number().gt(0).lt(1).nullable().default(null),
  /**
   * Training images held out to choose the best epoch, the same share of every class: a fraction of them, or a number; or, with `split`, the images
   * that the data has for this; none of these: none. Of frames whole subjects are held out, or where those are not known whole videos.
   */
  validation: z
    .strictObject({
      fraction: z.number().min(0).lt(1).nullable().default(null),
      count: z.int().min(0).nullable().default(null),
      split: z.boolean().default(false),
    })
    .refine(
      ({ fraction, count, split }) => [fraction !== null, count !== null, split].filter(Boolean).length <= 1,
      'a fraction, a count or the split: one of them',
    )
    .prefault({ fraction: 0.1 }),
  /** Decides initial weights, order, augmentation and what is held out. */
  seed: z.int().default(0),
  /** Checkpoints besides the one after each epoch. */
  checkpoint: z
    .strictObject({ everySeconds: positive.nullable().default(120), everySteps: count.nullable().default(null) })
    .prefault({}),
});

/** How a network is trained, as plain data, with every option present. */
export type Recipe = z.output<typeof recipeSchema>;

/** A recipe as it is written: options that have a default may be left out. */
export type RecipeInput = z.input<typeof recipeSchema>;

export type OptimizerOptions = Recipe['optimizer'];
export type ScheduleOptions = Recipe['schedule'];
export type LossOptions = Recipe['loss'];

/**
 * Checks a recipe and fills in the defaults.
 * @throws ConfigError with the dotted path of what is wrong; for an unknown key with the nearest known one
 */
export function parseRecipe(value: unknown): Recipe {
  return parseConfig(recipeSchema, value);
}
