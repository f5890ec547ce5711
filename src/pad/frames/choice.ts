import { ConfigError } from '../../errors.js';

/** Which frames of a video are taken. */
export type FrameChoice =
  | { readonly kind: 'all' }
  /** Frames 0, step, 2 step and so on. */
  | { readonly kind: 'every'; readonly step: number }
  /** The middles of `count` equal parts; all frames where there are no more. */
  | { readonly kind: 'evenly'; readonly count: number };

/** `all`, `every:5` or `evenly:8`. @throws ConfigError for anything else */
export function parseFrameChoice(text: string): FrameChoice {
  if (text === 'all') return { kind: 'all' };
  const match = /^(every|evenly):([1-9]\d{0,5})$/.exec(text);
  if (!match)
    throw new ConfigError('frames', `got "${text}", needs all, every:K (every K-th) or evenly:N (N of them), such as evenly:8.`);
  const number = Number(match[2]);
  return match[1] === 'every' ? { kind: 'every', step: number } : { kind: 'evenly', count: number };
}

export function formatFrameChoice(choice: FrameChoice): string {
  switch (choice.kind) {
    case 'all':
      return 'all';
    case 'every':
      return `every:${choice.step}`;
    case 'evenly':
      return `evenly:${choice.count}`;
  }
}

/** Places, ascending, of the chosen ones among `total` frames. */
export function chosenFrames(choice: FrameChoice, total: number): number[] {
  switch (choice.kind) {
    case 'all':
      return Array.from({ length: total }, (_, i) => i);
    case 'every':
      return Array.from({ length: Math.ceil(total / choice.step) }, (_, i) => i * choice.step);
    case 'evenly': {
      const count = Math.min(choice.count, total);
      return Array.from({ length: count }, (_, i) => Math.floor(((i + 0.5) * total) / count));
    }
  }
}
