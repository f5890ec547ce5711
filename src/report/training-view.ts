import type { EpochEvent, StartEvent, StepEvent, TrainEvent } from '../train/events.js';
import { formatCount, formatDuration, formatLoss, formatRate, formatShare } from './format.js';
import { LiveLine, type TextOutput } from './live-line.js';
import { progressLine } from './progress-line.js';
import { type Column, Table } from './table.js';
import { paintFor, wrap } from './terminal.js';

/** Between lines of progress where there is no terminal: signs of life in a log, not a flood. */
const plainMilliseconds = 30_000;

/** A training run as its events come in: a live line on a terminal, a table row an epoch everywhere. */
export class TrainingView {
  private readonly live: LiveLine;
  private start: StartEvent | null = null;
  private table: Table<EpochEvent> | null = null;
  private lastPlain: number;

  constructor(
    private readonly output: TextOutput,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.live = new LiveLine(output, now);
    this.lastPlain = now();
  }

  handle(event: TrainEvent): void {
    switch (event.kind) {
      case 'start':
        this.start = event;
        this.live.print(`${this.introduction(event)}\n`);
        break;
      case 'step':
        this.step(event);
        break;
      case 'epoch':
        this.epoch(event);
        break;
      case 'checkpoint':
        if (event.reason === 'interrupt') this.live.print(`Saved after step ${formatCount(event.step)}: ${event.path}`);
        break;
      case 'warning':
        this.print(`${paintFor(this.output.color).yellow('warning:')} ${event.text}`);
        break;
      case 'end':
        this.live.clear();
        break;
    }
  }

  /** Prints a text above the live line, wrapped to the width. */
  print(text: string): void {
    this.live.print(wrap(text, this.output.columns()));
  }

  /** Leaves the terminal clean, whatever happened. */
  close(): void {
    this.live.clear();
  }

  private introduction(event: StartEvent): string {
    const paint = paintFor(this.output.color);
    const { train, validation } = event.images;
    const epochs = `${formatCount(event.epochs)} ${event.epochs === 1 ? 'epoch' : 'epochs'}`;
    const lines = [
      `Training ${paint.bold(event.recipe)}: ${epochs} of ${formatCount(event.stepsPerEpoch)} steps, ${formatCount(train)} images.`,
      ...(validation > 0 ? [`${formatCount(validation)} more are held out to choose the best epoch (*).`] : []),
    ];
    const resumed =
      event.resumedFrom === null ? [] : [`Resumed after step ${formatCount(event.resumedFrom)} of ${formatCount(event.steps)}.`];
    const run = event.run === null ? [] : [`Run folder ${event.run}. Ctrl-C saves and stops.`];
    const width = this.output.columns();
    return [[...lines, ...resumed].join(' '), ...run].map((text) => wrap(text, width)).join('\n');
  }

  private step(event: StepEvent): void {
    const epochs = this.start?.epochs ?? event.epoch;
    this.live.draw((width) => stepLine(event, epochs, { width, color: this.output.color }), event.batch === event.batches);
    if (this.output.isTTY || this.now() - this.lastPlain < plainMilliseconds) return;
    this.lastPlain = this.now();
    this.output.write(`${plainStepLine(event, epochs)}\n`);
  }

  private epoch(event: EpochEvent): void {
    this.lastPlain = this.now();
    if (!this.table) {
      const style = { width: this.output.columns(), color: this.output.color };
      this.table = new Table(epochColumns(this.start?.epochs ?? event.epoch, event), style);
      this.live.print(this.table.header());
    }
    const row = this.table.row(event);
    this.live.print(event.best ? paintFor(this.output.color).green(row) : row);
  }
}

/** The live line of a step, at most `width` columns wide. */
export function stepLine(event: StepEvent, epochs: number, style: { width: number; color: boolean }): string {
  const speed = formatCount(event.imagesPerSecond);
  const rate = formatRate(event.learningRate);
  const loss = event.loss < 1000 ? event.loss.toFixed(3) : event.loss.toExponential(1);
  const facts = [
    { forms: [`${speed} images/s`, `${speed}/s`, ''], rank: 2 },
    { forms: [`loss ${loss}`, ''], rank: 4 },
    { forms: [`learning rate ${rate}`, `rate ${rate}`, ''], rank: 1 },
    { forms: [`${formatDuration(event.secondsLeft)} left`, ''], rank: 3 },
  ];
  return progressLine(`epoch ${epochOf(event.epoch, epochs)}`, event.batch / event.batches, facts, style);
}

function plainStepLine(event: StepEvent, epochs: number): string {
  return [
    `epoch ${event.epoch}/${epochs}`,
    `batch ${event.batch}/${event.batches}`,
    `loss ${formatLoss(event.loss)}`,
    `learning rate ${formatRate(event.learningRate)}`,
    `${formatCount(event.imagesPerSecond)} images/s`,
    `${formatDuration(event.secondsLeft)} left`,
  ].join(', ');
}

/** Columns for events like `first`: what a network is judged by depends on its task. */
function epochColumns(epochs: number, first: EpochEvent): Column<EpochEvent>[] {
  const isDepth = first.trainAccuracy === null;
  return [
    { header: 'epoch', cell: ({ epoch }) => epochOf(epoch, epochs), minimum: epochOf(epochs, epochs).length },
    { header: ['training', 'loss'], cell: ({ trainLoss }) => formatLoss(trainLoss), minimum: 8, rank: 6 },
    ...(isDepth
      ? []
      : [
          {
            header: ['', 'accuracy'],
            cell: ({ trainAccuracy }: EpochEvent) => formatShare(trainAccuracy),
            minimum: 8,
            rank: 5,
          } as const,
        ]),
    { header: ['validation', 'loss'], cell: ({ validationLoss }) => formatLoss(validationLoss), minimum: 8, rank: 7 },
    ...(isDepth ? detectionColumns : accuracyColumns),
    { header: ['learning', 'rate'], cell: ({ learningRate }) => formatRate(learningRate), minimum: 8, rank: 3 },
    ...(isDynamic(first)
      ? [
          { header: ['channels', 'off'], cell: ({ inactive }: EpochEvent) => formatShare(inactive, 0), rank: 4 },
          { header: ['dead', 'selectors'], cell: ({ deadSelectors }: EpochEvent) => formatShare(deadSelectors, 0), rank: 1 },
        ]
      : []),
    { header: 'images/s', cell: ({ imagesPerSecond }) => formatCount(imagesPerSecond), minimum: 8, rank: 2 },
    { header: 'time', cell: ({ seconds }) => formatDuration(seconds), minimum: 5, rank: 2.5 },
  ];
}

/** The star is what tells the best epoch where there is no colour. */
function starred(text: string, best: boolean): string {
  return `${best ? '* ' : ''}${text}`;
}

const accuracyColumns: Column<EpochEvent>[] = [
  {
    header: ['', 'accuracy'],
    cell: ({ validationAccuracy, best }) => starred(formatShare(validationAccuracy), best),
    minimum: 9,
  },
];

const detectionColumns: Column<EpochEvent>[] = [
  { header: ['', 'EER'], cell: ({ detection, best }) => starred(formatShare(detection?.eer), best), minimum: 9 },
  { header: ['', 'ACER'], cell: ({ detection }) => formatShare(detection?.acer), minimum: 7, rank: 5 },
  { header: ['', 'AUC'], cell: ({ detection }) => formatShare(detection?.auc), minimum: 7, rank: 4 },
];

function isDynamic(event: EpochEvent): boolean {
  return event.inactive !== undefined;
}

function epochOf(epoch: number, epochs: number): string {
  return `${String(epoch).padStart(String(epochs).length)}/${epochs}`;
}
