import type { CampaignPart, SearchEvent } from '../../search/index.js';
import type { TrainEvent } from '../../train/events.js';
import { formatCount, formatDuration, formatLoss, formatShare } from '../format.js';
import { LiveLine, type TextOutput } from '../live-line.js';
import { progressLine } from '../progress-line.js';
import { paintFor, printable, wrap } from '../terminal.js';
import { cellText } from './words.js';

/** Between lines of progress where there is no terminal: signs of life in a log, not a flood. */
const plainMilliseconds = 30_000;

/** A search, or a campaign of them, as its events come in: a live line on a terminal, and a line for what lasts. */
export class SearchView {
  private readonly live: LiveLine;
  private lastPlain: number;

  constructor(
    private readonly output: TextOutput,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.live = new LiveLine(output, now);
    this.lastPlain = now();
  }

  part({ kind, name, number, of }: CampaignPart): void {
    const title = `${kind === 'search' ? 'Search' : 'Training'} ${number} of ${of}: ${printable(name)}`;
    this.print(paintFor(this.output.color).bold(title));
  }

  search(event: SearchEvent): void {
    switch (event.kind) {
      case 'search-step': {
        const left = event.secondsLeft === null ? '' : `${formatDuration(event.secondsLeft)} left`;
        const title = `step ${formatCount(event.step)} of ${formatCount(event.steps)}`;
        this.progress(title, event.step / event.steps, [`loss ${formatLoss(event.loss)}`, left]);
        break;
      }
      case 'course': {
        const { epoch, trainLoss, validationLoss, attention } = event.point;
        const own = validationLoss === null ? '' : `, of the architecture ${formatLoss(validationLoss)}`;
        const strongest = attention.map((shares) => 1 + shares.indexOf(Math.max(...shares))).join(', ');
        this.print(
          `epoch ${epoch} of ${event.epochs}: loss of the weights ${formatLoss(trainLoss)}${own}; strongest nodes ${strongest}`,
        );
        break;
      }
      case 'trial': {
        const score = event.score === null ? '' : `score ${formatShare(event.score)}`;
        const title = `network ${event.number} of ${event.of}`;
        this.progress(title, event.epoch / event.epochs, [`epoch ${event.epoch} of ${event.epochs}`, score]);
        break;
      }
      case 'candidate': {
        const { genotype, score, stopped, epochs } = event.candidate;
        const end = stopped ? `, given up after ${epochs === 1 ? 'an epoch' : `${epochs} epochs`}` : '';
        this.print(`network ${event.number}: ${formatShare(score)}${end}  ${genotype.cells.map(cellText).join(' | ')}`);
        break;
      }
      case 'warning':
        this.print(`${paintFor(this.output.color).yellow('warning:')} ${event.text}`);
        break;
    }
  }

  training(event: TrainEvent): void {
    if (event.kind !== 'step') return;
    const facts = [`epoch ${event.epoch}`, `loss ${formatLoss(event.loss)}`, `${formatDuration(event.secondsLeft)} left`];
    this.progress('training', event.batch / event.batches, facts);
  }

  /** Leaves the terminal clean, whatever happened. */
  close(): void {
    this.live.clear();
  }

  private progress(title: string, share: number, facts: readonly string[]): void {
    const shrinking = facts.map((fact, i) => ({ forms: [fact, ''], rank: facts.length - i }));
    this.live.draw((width) => progressLine(title, share, shrinking, { width, color: this.output.color }), share === 1);
    if (this.output.isTTY || this.now() - this.lastPlain < plainMilliseconds) return;
    this.lastPlain = this.now();
    this.output.write(`${[title, ...facts].filter((text) => text !== '').join(', ')}\n`);
  }

  private print(text: string): void {
    this.lastPlain = this.now();
    this.live.print(wrap(text, this.output.columns()));
  }
}
