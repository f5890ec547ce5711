import { DataError } from '../errors.js';
import type { Duplicates } from './duplicates.js';
import type { Plan } from './plan.js';
import { type Processed, Processor } from './process.js';

export interface ProcessedPresentation {
  /** Its place in the set. */
  readonly presentation: number;
  readonly processed: Processed;
}

/**
 * The presentations from number `from` on. What cannot be read is a doubt of its presentation, which then has no frames: an error, unless it may be
 * skipped.
 * @throws DataError when one cannot be read, and neither `skipBad` nor `goesOn` is set
 */
export async function* processAll(
  plan: Plan,
  from: number,
  duplicates: Duplicates,
  goesOn: boolean,
): AsyncGenerator<ProcessedPresentation> {
  const { presentations } = plan.dataset;
  const { skipBad = false, onProgress, signal } = plan.options;
  const processor = new Processor(plan);
  let frames = 0;
  for (let presentation = from; presentation < presentations.length && !signal?.aborted; presentation++) {
    const { id, media } = presentations[presentation]!;
    let processed: Processed = { frames: [], doubts: [] };
    try {
      // What is missing is among the doubts of the plan.
      if (media.kind !== 'missing') processed = await processor.process(presentations[presentation]!);
    } catch (error) {
      if (!(error instanceof DataError) || !(skipBad || goesOn)) throw error;
      const severity = skipBad ? 'warning' : 'error';
      processed = { frames: [], doubts: [{ severity, reason: error.reason, about: id, message: error.message }] };
    }
    const found = processed.frames.flatMap(({ digest }) => duplicates.add(presentation, digest));
    frames += processed.frames.length;
    yield { presentation, processed: { ...processed, doubts: [...processed.doubts, ...found] } };
    onProgress?.({ done: presentation + 1, total: presentations.length, frames });
  }
}
