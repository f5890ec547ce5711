import { FreezeError } from '../errors.js';
import type { PackedGraph } from '../formats/packed/graph.js';
import { predictions } from '../metrics/accuracy.js';
import { agreement, networkBound, relativeToSize } from '../metrics/agreement.js';
import type { Packing } from './pack.js';
import type { StepRunner } from './step-runner.js';

/*
 * From the image to the answer, each step on what those before it made. Rounding adds up on the way. Where a value near zero becomes a sign, or one of
 * two gates of nearly one size goes, rounding may decide which: from there on the two networks compute other numbers, both rightly, and no bound holds.
 * Such networks are bounded step by step only, and of the whole it is told how far it is.
 */

/** How a packing answers an image beside the model. */
export interface WholeVerification {
  /** Largest difference of any number of an answer, relative to the larger of itself and its answer's root mean square. */
  readonly largestDifference: number;
  /** The largest that is allowed, but for what is below 1e-5; null where signs or a choice of channels leave none to be stated. */
  readonly bound: number | null;
  /** Signs on the way that are others than in the model. */
  readonly otherSigns: number;
  /** Images whose best class is the model's; null where answers are no scores. */
  readonly sameBest: number | null;
}

/** Compares images one after another, and holds what was found. */
export class WholeComparison {
  private largestDifference = 0;
  private otherSigns = 0;
  private sameBest = 0;
  private readonly lastReader: readonly number[];

  constructor(
    private readonly packing: Packing,
    private readonly runner: StepRunner,
  ) {
    const { values, steps } = packing.graph;
    const lastReader = new Array<number>(values.length).fill(-1);
    for (const [i, { inputs }] of steps.entries()) for (const input of inputs) lastReader[input] = i;
    this.lastReader = lastReader;
  }

  /**
   * @param values what each traced value holds when the model sees `image`
   * @returns what the packing answers
   * @throws FreezeError when a network without signs and choices answers something else than the model
   */
  add(image: Float32Array, values: ReadonlyMap<number, Float32Array>): Float32Array {
    const { graph, origins } = this.packing;
    const own = new Map([[0, image]]);
    for (const [i, step] of graph.steps.entries()) {
      const result = this.runner.run(
        i,
        step.inputs.map((input) => own.get(input)!),
      );
      own.set(step.output, result);
      if (graph.values[step.output]!.form === 'signs') this.otherSigns += otherSigns(result, values.get(origins[step.output]!)!);
      for (const input of step.inputs) if (this.lastReader[input] === i && input !== graph.output) own.delete(input);
    }
    const answer = own.get(graph.output)!;
    this.compare(answer, values.get(origins[graph.output]!)!);
    return answer;
  }

  result(): WholeVerification {
    const { graph } = this.packing;
    const { largestDifference, otherSigns: others, sameBest } = this;
    const bound = decides(graph) ? null : networkBound.relative;
    return { largestDifference, bound, otherSigns: others, sameBest: answersScores(graph) ? sameBest : null };
  }

  private compare(answer: Float32Array, expected: Float32Array): void {
    const { graph } = this.packing;
    const difference = agreement(answer, expected, relativeToSize).largestShare;
    if (!decides(graph) && agreement(answer, expected, networkBound).outside > 0) {
      throw new FreezeError('the network as a whole', difference, networkBound.relative);
    }
    this.largestDifference = Math.max(this.largestDifference, difference);
    if (answersScores(graph) && best(answer) === best(expected)) this.sameBest++;
  }
}

function best(scores: Float32Array): number {
  return predictions(scores, scores.length)[0]!;
}

/** Signs of `values` that are others than `signs`, +1 and -1. */
export function otherSigns(signs: Float32Array, values: Float32Array): number {
  return signs.reduce((count, sign, i) => (sign === (values[i]! >= 0 ? 1 : -1) ? count : count + 1), 0);
}

/** Whether a rounding may change which numbers are computed: through a sign, or a choice of channels. */
function decides({ values, steps }: PackedGraph): boolean {
  return values.some(({ form }) => form === 'signs') || steps.some((step) => 'kept' in step);
}

function answersScores({ values, output }: PackedGraph): boolean {
  const [height, width, channels] = values[output]!.shape;
  return height === 1 && width === 1 && channels > 1;
}
