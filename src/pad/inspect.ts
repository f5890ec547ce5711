import { countSplits, countSubjects, type SplitCount, type SubjectCount } from './counts.js';
import { Duplicates } from './duplicates.js';
import type { PrepareOptions } from './options.js';
import { type Plan, planPreparation } from './plan.js';
import type { PreparedSettings } from './prepared/format.js';
import type { Doubt, Protocol } from './presentation.js';
import { processAll } from './process-all.js';

/** What a set holds, and what is doubtful about it. */
export interface Inspection {
  readonly title: string;
  readonly settings: PreparedSettings;
  readonly protocols: readonly Protocol[];
  readonly splits: readonly SplitCount[];
  readonly subjects: readonly SubjectCount[];
  /** Errors first. */
  readonly doubts: readonly Doubt[];
  /** False when `signal` ended the work before all was looked at. */
  readonly complete: boolean;
}

/**
 * Does all of the work of preparing but the writing, and never ends at the first error in the data.
 * @throws as `planPreparation`
 */
export async function inspectDataset(options: PrepareOptions): Promise<Inspection> {
  const plan = await planPreparation(options);
  const { presentations } = plan.dataset;
  const frames: { presentation: number; frame: number }[] = [];
  const doubts: Doubt[] = [...plan.doubts];
  let seen = 0;
  for await (const { presentation, processed } of processAll(
    plan,
    0,
    new Duplicates(presentations, options.allowDuplicates),
    true,
  )) {
    for (const { frame, outcome } of processed.frames) {
      frames.push({ presentation, frame, ...('failure' in outcome && { failure: outcome.failure }) });
    }
    doubts.push(...processed.doubts);
    seen++;
  }
  return inspectionOf(plan, frames, doubts, seen === presentations.length);
}

export function inspectionOf(
  { reader, settings, dataset: { protocols, presentations } }: Plan,
  frames: readonly { readonly presentation: number; readonly frame: number }[],
  doubts: readonly Doubt[],
  complete: boolean,
): Inspection {
  return {
    title: reader.title,
    settings,
    protocols,
    splits: countSplits(protocols, presentations, frames),
    subjects: countSubjects(presentations),
    doubts: [...doubts].sort((a, b) => Number(b.severity === 'error') - Number(a.severity === 'error')),
    complete,
  };
}
