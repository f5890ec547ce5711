/** What happens in a training run, in order: for a terminal, a log, another program. All of it is plain data. */
export type TrainEvent = StartEvent | StepEvent | EpochEvent | CheckpointEvent | WarningEvent | EndEvent;

export interface StartEvent {
  readonly kind: 'start';
  /** Name of the recipe. */
  readonly recipe: string;
  /** Folder of the run; null when nothing is written. */
  readonly run: string | null;
  readonly epochs: number;
  readonly stepsPerEpoch: number;
  /** Steps of the whole run. */
  readonly steps: number;
  /** Steps that were done before, when a run is resumed. */
  readonly resumedFrom: number | null;
  readonly images: { readonly train: number; readonly validation: number };
}

export interface StepEvent {
  readonly kind: 'step';
  /** Steps done, this one included: 1, 2, … */
  readonly step: number;
  /** From 1. */
  readonly epoch: number;
  /** Batches of this epoch that are done, and how many it has. */
  readonly batch: number;
  readonly batches: number;
  /** Of this batch, auxiliary losses included. */
  readonly loss: number;
  readonly learningRate: number;
  readonly imagesPerSecond: number;
  /** Estimate for the rest of the run, validations included. */
  readonly secondsLeft: number;
}

export interface EpochEvent {
  readonly kind: 'epoch';
  /** Steps done so far. */
  readonly step: number;
  /** From 1. */
  readonly epoch: number;
  /** Means over the epoch's batches, taken while they were trained on. */
  readonly trainLoss: number;
  /** Null for a network that does not classify, as the accuracy below. */
  readonly trainAccuracy: number | null;
  /** Null when nothing is held out. */
  readonly validationLoss: number | null;
  readonly validationAccuracy: number | null;
  /** Of the epoch's last step. */
  readonly learningRate: number;
  /** Of the epoch, its validation included. */
  readonly seconds: number;
  /** Images trained on in a second. */
  readonly imagesPerSecond: number;
  /** The best epoch so far by validation accuracy or, for a depth network, equal error rate (without validation: always). */
  readonly best: boolean;
  /** Depth networks: how the validation images tell live faces from attacks. */
  readonly detection?: DetectionRates;
  /** Dynamic networks: share of the input channels that is switched off, over all dynamic layers. */
  readonly inactive?: number;
  /** Dynamic networks: share of the selectors that say nothing about the image. */
  readonly deadSelectors?: number;
}

/** Error rates by ISO/IEC 30107-3; null where there is nothing to count. */
export interface DetectionRates {
  /** Equal error rate of all attacks together and bona fide images. */
  readonly eer: number | null;
  /** At the threshold of the equal error rate: the mean of the worst species' error and that of bona fide images. */
  readonly acer: number | null;
  readonly auc: number | null;
  /** Scores from here on are bona fide. */
  readonly threshold: number;
}

export interface CheckpointEvent {
  readonly kind: 'checkpoint';
  readonly path: string;
  readonly step: number;
  readonly reason: CheckpointReason;
}

export type CheckpointReason = 'start' | 'epoch' | 'interval' | 'interrupt' | 'end';

export interface WarningEvent {
  readonly kind: 'warning';
  /** Stable across releases, such as `skipped-records`. */
  readonly code: string;
  readonly text: string;
}

export interface EndEvent {
  readonly kind: 'end';
  readonly reason: 'finished' | 'interrupted';
  readonly step: number;
  /** Whole epochs done. */
  readonly epoch: number;
  /** From 1; null before the first epoch is done. */
  readonly bestEpoch: number | null;
  /** On the validation images; null when nothing is held out or no epoch is done. */
  readonly bestAccuracy: number | null;
  /** Depth networks: the equal error rate in its place. */
  readonly bestEer?: number;
}
