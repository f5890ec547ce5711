import type { Contract } from '../formats/packed/contract.js';
import { type NextStep, nextStep } from './next.js';

/** How to see what a packed model answers. */
export function answersOf({ task }: Contract, file: string): NextStep {
  if (task !== 'depth-map') return nextStep('what it answers', 'run', file, 'IMAGE');
  const data = ['--prepared', 'FOLDER', '--split', 'dev', '--out', 'scores-dev.csv'];
  return nextStep('what it says of prepared faces', 'pad', 'score', file, ...data);
}
