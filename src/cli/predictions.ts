import type { NamedClass } from '../metrics/ranking.js';
import { formatShare } from '../report/format.js';
import { paintFor, printable } from '../report/terminal.js';
import type { Console } from './console.js';

/** What is on a picture, best answer first. */
export interface Prediction {
  readonly image: string;
  readonly answers: readonly NamedClass[];
}

/** A picture a paragraph, an answer a line. */
export function predictionsText(predictions: readonly Prediction[], console: Console): string {
  const paint = paintFor(console.output.color);
  const width = Math.max(...predictions.flatMap(({ answers }) => answers.map(({ name }) => printable(name).length)));
  const lines = predictions.flatMap(({ image, answers }) => [
    paint.bold(printable(image)),
    ...answers.map(({ name, score }, i) => {
      const line = `  ${printable(name).padEnd(width)}  ${formatShare(score).padStart(7)}`;
      return i === 0 ? line : paint.dim(line);
    }),
  ]);
  return lines.join('\n');
}
