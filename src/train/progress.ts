import { z } from 'zod';
import type { DetectionRates, EpochEvent } from './events.js';

const whole = z.int().min(0);

const detection = z.object({
  eer: z.number().nullable(),
  acer: z.number().nullable(),
  auc: z.number().nullable(),
  threshold: z.number(),
}) satisfies z.ZodType<DetectionRates>;

const epochEvent = z.object({
  kind: z.literal('epoch'),
  step: whole,
  epoch: whole,
  trainLoss: z.number(),
  trainAccuracy: z.number().nullable(),
  validationLoss: z.number().nullable(),
  validationAccuracy: z.number().nullable(),
  learningRate: z.number(),
  seconds: z.number(),
  imagesPerSecond: z.number(),
  best: z.boolean(),
  detection: detection.optional(),
  inactive: z.number().optional(),
  deadSelectors: z.number().optional(),
}) satisfies z.ZodType<EpochEvent>;

/** How far a run is. All that is random follows from the seed, the epoch and the record, so that no generator's state is in it. */
export const progressSchema = z.object({
  /** Steps done. */
  step: whole,
  /** Whole epochs done, validated and all. */
  epoch: whole,
  /** Batches done of the epoch under way; all of them when only its validation is missing. */
  batch: whole,
  /** Sums over those batches' images. */
  running: z.object({ loss: z.number(), correct: whole, images: whole, seconds: z.number() }),
  /** One an epoch that is done. */
  epochs: z.array(epochEvent),
  best: z
    .object({
      epoch: whole,
      accuracy: z.number().nullable(),
      loss: z.number().nullable(),
      inactive: z.number(),
      detection: detection.optional(),
    })
    .nullable(),
  /** Updates of the optimiser and of the averaged weights. */
  optimizerSteps: whole,
  averageUpdates: whole,
});

export type Progress = z.output<typeof progressSchema>;

export function startingProgress(): Progress {
  return {
    step: 0,
    epoch: 0,
    batch: 0,
    running: { loss: 0, correct: 0, images: 0, seconds: 0 },
    epochs: [],
    best: null,
    optimizerSteps: 0,
    averageUpdates: 0,
  };
}

type Candidate = NonNullable<Progress['best']>;

/**
 * Whether an epoch takes the best one's place: higher accuracy (for a depth network, lower equal error rate), then lower loss on what is held out. Dynamic networks switch channels off as
 * they train, so an epoch with more of them off (`inactive`) always does: a network that is not yet what it shall become is no choice.
 */
export function isBetter(candidate: Candidate, best: Candidate | null): boolean {
  const [merit, bestMerit] = [meritOf(candidate), best && meritOf(best)];
  if (!best || merit === null || bestMerit === null) return true;
  if (candidate.inactive !== best.inactive) return candidate.inactive > best.inactive;
  if (merit !== bestMerit) return merit > bestMerit;
  return (candidate.loss ?? 0) < (best.loss ?? 0);
}

/** Null without validation. */
function meritOf({ accuracy, detection }: Candidate): number | null {
  return typeof detection?.eer === 'number' ? -detection.eer : accuracy;
}
