import { setImmediate as breathe } from 'node:timers/promises';
import type { Batch } from '../data/batches.js';
import type { Engine } from '../engine/engine.js';
import { DivergenceError, OutOfMemoryError } from '../errors.js';
import type { Module } from '../nn/module.js';
import type { Tensor } from '../tensor/tensor.js';
import { WeightAverage } from './average.js';
import {
  type Checkpoint,
  type CheckpointMetadata,
  copyState,
  copyTensors,
  readCheckpoint,
  type StoredState,
  writeCheckpoint,
} from './checkpoint.js';
import { DataParallel } from './data-parallel.js';
import type { DepthGrid } from './depth-grid.js';
import { firstBadWeight } from './divergence.js';
import { dynamicState } from './dynamic.js';
import type { CheckpointReason, EpochEvent, TrainEvent } from './events.js';
import type { Loaders } from './loaders.js';
import { createOptimizer, type Optimizer } from './optimizer.js';
import { isBetter, type Progress, startingProgress } from './progress.js';
import { broadcastText, type Ranks, sumNumbers } from './ranks.js';
import type { Recipe } from './recipe.js';
import type { RunFolder } from './run-folder.js';
import { scheduleFactor } from './schedule.js';
import { Speed } from './speed.js';
import { trainStep } from './step.js';
import { loadTensors } from './tensors.js';
import { type Validation, validate } from './validation.js';

export interface LoopParts {
  readonly engine: Engine;
  readonly model: Module;
  readonly recipe: Recipe;
  readonly loaders: Loaders;
  /** What checkpoints say besides the progress. */
  readonly metadata: Omit<CheckpointMetadata, 'progress' | 'holds'>;
  readonly run: RunFolder | null;
  /** Drawn into the run's folder after every epoch; null for a network that does not answer with maps. */
  readonly grid: DepthGrid | null;
  readonly ranks: Ranks;
  readonly signal: AbortSignal | null;
  readonly emit: (event: TrainEvent) => void;
}

/** Steps of an epoch that the log keeps, at most. */
const loggedSteps = 100;

/** Epochs of steps, with what is saved and told in between. */
export class TrainingLoop {
  private progress = startingProgress();
  private readonly optimizer: Optimizer;
  private readonly average: WeightAverage | null;
  private readonly parallel: DataParallel | null;
  private readonly speed = new Speed();
  /** Steps of an epoch, and of the whole run. */
  private readonly batches: number;
  private readonly steps: number;
  /** The weights of the best epoch. */
  private bestWeights: StoredState | null = null;
  private lastCheckpoint: string | null = null;
  private savedAt = performance.now();
  /** Whether a rank was told to stop. */
  private stopped = false;

  constructor(private readonly parts: LoopParts) {
    const { engine, model, recipe, loaders, ranks } = parts;
    this.optimizer = createOptimizer(engine, model.parameters(), recipe.optimizer);
    this.average = recipe.averageWeights === null ? null : new WeightAverage(model, recipe.averageWeights);
    this.parallel = ranks.size === 1 ? null : new DataParallel(ranks, engine, model, recipe);
    this.batches = loaders.training.batchesPerEpoch;
    this.steps = recipe.epochs * this.batches;
  }

  /** Trains from the start, or from `checkpoint` on, which only rank 0 need have. */
  async run(checkpoint: Checkpoint | null): Promise<{ reason: 'finished' | 'interrupted'; progress: Progress }> {
    if (checkpoint) await this.restore(checkpoint);
    const isResumed = this.parallel ? this.followRankZero(this.parallel, checkpoint !== null) : checkpoint !== null;
    await this.begin(isResumed);
    while (this.progress.epoch < this.parts.recipe.epochs) {
      if (!(await this.epoch())) return this.end('interrupted');
    }
    if (this.bestWeights) this.parts.model.loadState(this.bestWeights);
    this.parallel?.takeState();
    return this.end('finished');
  }

  dispose(): void {
    this.optimizer.dispose();
    this.average?.dispose();
    this.parallel?.dispose();
  }

  /** Ranks begin alike: where rank 0 stands, to the bit. Tells whether that resumed the run. */
  private followRankZero(parallel: DataParallel, resumed: boolean): boolean {
    const text = broadcastText(this.parts.ranks, JSON.stringify({ progress: this.progress, isResumed: resumed }));
    const { progress, isResumed } = JSON.parse(text) as { readonly progress: Progress; readonly isResumed: boolean };
    this.progress = progress;
    this.optimizer.steps = progress.optimizerSteps;
    if (this.average) this.average.updates = progress.averageUpdates;
    parallel.takeState(this.keptTensors());
    return isResumed;
  }

  /** What optimiser and averages keep between steps. */
  private keptTensors(): Tensor[] {
    return [...this.optimizer.state().values(), ...(this.average?.state().values() ?? [])];
  }

  private async restore(checkpoint: Checkpoint): Promise<void> {
    const { model, run } = this.parts;
    this.progress = structuredClone(checkpoint.progress);
    model.loadState(checkpoint.weights);
    loadTensors(this.optimizer.state(), checkpoint.optimizer, checkpoint.path);
    this.optimizer.steps = this.progress.optimizerSteps;
    if (this.average) {
      loadTensors(this.average.state(), checkpoint.average, checkpoint.path);
      this.average.updates = this.progress.averageUpdates;
    }
    this.lastCheckpoint = checkpoint.path;
    if (this.progress.best && run) this.bestWeights = (await readCheckpoint(run.best)).weights;
  }

  private async begin(isResumed: boolean): Promise<void> {
    const { recipe, run, metadata, engine } = this.parts;
    const { step, epoch } = this.progress;
    if (run?.resumes) await run.rewindLog(step, epoch);
    await run?.writeConfig({ ...metadata, engine: engine.facts() });
    this.tell({
      kind: 'start',
      recipe: recipe.name,
      run: run?.path ?? null,
      epochs: recipe.epochs,
      stepsPerEpoch: this.batches,
      steps: this.steps,
      resumedFrom: isResumed ? step : null,
      images: metadata.images,
    });
    if (run?.tookOverLock) {
      this.tell({ kind: 'warning', code: 'stale-lock', text: `${run.path} was locked by a process that is gone.` });
    }
    if (!isResumed) await this.save('start');
  }

  /** The rest of the epoch under way. False when the signal ended it: it then goes on from a checkpoint. */
  private async epoch(): Promise<boolean> {
    const { loaders, model } = this.parts;
    const { progress, batches } = this;
    model.train();
    let before = performance.now();
    this.agree();
    if (!this.stopped) {
      for await (const batch of loaders.training.epoch(progress.epoch, { startBatch: progress.batch })) {
        const outcome = this.step(batch);
        // A timer or a signal may be waiting.
        await breathe();
        const now = performance.now();
        this.count(outcome, loaders.training.batchSize, (now - before) / 1000);
        before = now;
        const isDue = this.agree();
        if (this.stopped) break;
        if (progress.batch < batches && isDue) await this.save('interval');
      }
    }
    const isDone = !this.stopped && (await this.endEpoch());
    if (!isDone) await this.save('interrupt');
    return isDone;
  }

  /** What a signal or a clock decides is decided for all ranks. Tells whether to save now; sets `stopped`. */
  private agree(): boolean {
    const { ranks, signal } = this.parts;
    const isDue = ranks.rank === 0 && this.isCheckpointDue();
    const [stopping, due] = sumNumbers(ranks, signal?.aborted ? 1 : 0, isDue ? 1 : 0) as [number, number];
    this.stopped = stopping > 0;
    return due > 0;
  }

  private step(batch: Batch): { loss: number; correct: number | null } {
    const { engine, model, recipe } = this.parts;
    const { progress, optimizer, average, parallel, steps } = this;
    model.setProgress(progress.step / steps);
    try {
      const { loss, gradientClip } = recipe;
      const outcome = trainStep(
        { engine, model, optimizer, average, loss, gradientClip, parallel },
        batch,
        this.learningRate(progress.step),
      );
      if (outcome.badLayer !== null) throw new DivergenceError(progress.step, outcome.badLayer, this.lastCheckpoint);
      return outcome;
    } catch (error) {
      throw error instanceof OutOfMemoryError ? error.inStep(progress.step) : error;
    }
  }

  private learningRate(step: number): number {
    const { optimizer, schedule } = this.parts.recipe;
    return optimizer.learningRate * scheduleFactor(schedule, step, { steps: this.steps, stepsPerEpoch: this.batches });
  }

  private count({ loss, correct }: { loss: number; correct: number | null }, images: number, seconds: number): void {
    const { progress, batches, steps, speed } = this;
    const { running } = progress;
    const learningRate = this.learningRate(progress.step);
    progress.step++;
    progress.batch++;
    running.loss += loss * images;
    running.correct += correct ?? 0;
    running.images += images;
    running.seconds += speed.step(seconds);
    this.tell({
      kind: 'step',
      step: progress.step,
      epoch: progress.epoch + 1,
      batch: progress.batch,
      batches,
      loss,
      learningRate,
      imagesPerSecond: speed.imagesPerSecond(images),
      secondsLeft: speed.secondsLeft(steps - progress.step, this.parts.recipe.epochs - progress.epoch),
    });
  }

  /** Validates, chooses the best, saves. False when the signal came during validation. */
  private async endEpoch(): Promise<boolean> {
    const { model, recipe, loaders, run, grid } = this.parts;
    const { progress } = this;
    const started = performance.now();
    const judge = async () => {
      const evaluation = await this.validate();
      if (evaluation === 'stopped') return null;
      const dynamic = await dynamicState(model, loaders.heldOut?.part ?? loaders.training);
      if (run && grid) await run.writeDepthMaps(await grid.draw(model));
      return { evaluation, dynamic, weights: copyState(model) };
    };
    try {
      const judgement = await (this.average ? this.average.during(judge) : judge());
      if (judgement === null) return false;
      const { evaluation, dynamic, weights } = judgement;
      const epoch = progress.epoch + 1;
      const { accuracy = null, loss = null, ...detected } = evaluation ?? {};
      const candidate = { epoch, accuracy, loss, inactive: dynamic?.inactive ?? 0, ...detected };
      const best = isBetter(candidate, progress.best);
      const judged = this.speed.validation((performance.now() - started) / 1000);
      const { running } = progress;
      const event: EpochEvent = {
        kind: 'epoch',
        step: progress.step,
        epoch,
        trainLoss: running.loss / running.images,
        trainAccuracy: recipe.loss.name === 'depth' ? null : running.correct / running.images,
        validationLoss: loss,
        validationAccuracy: accuracy,
        learningRate: this.learningRate(progress.step - 1),
        seconds: running.seconds + judged,
        imagesPerSecond: running.images / running.seconds,
        best,
        ...detected,
        ...dynamic,
      };
      if (best) {
        progress.best = candidate;
        this.bestWeights = weights;
      }
      const { step, epochs } = progress;
      const next = { ...startingProgress(), step, epoch, epochs: [...epochs, event], best: progress.best };
      this.progress = next;
      if (best) await this.saveBest(weights);
      this.tell(event);
      await this.save(epoch === recipe.epochs ? 'end' : 'epoch');
      return true;
    } catch (error) {
      throw error instanceof OutOfMemoryError ? error.inStep(progress.step) : error;
    }
  }

  /** Null when nothing is held out. */
  private async validate(): Promise<Validation | 'stopped' | null> {
    const { model, recipe, metadata, loaders, ranks, signal } = this.parts;
    this.expectGoodWeights();
    if (!loaders.heldOut) return null;
    const { classes } = metadata;
    const validation = await validate({ model, heldOut: loaders.heldOut, loss: recipe.loss, classes, ranks, signal });
    if (validation && !Number.isFinite(validation.loss)) {
      throw new DivergenceError(this.progress.step, 'the loss on the validation images', this.lastCheckpoint);
    }
    return validation ?? 'stopped';
  }

  private isCheckpointDue(): boolean {
    const { everySeconds, everySteps } = this.parts.recipe.checkpoint;
    if (everySteps !== null && this.progress.step % everySteps === 0) return true;
    return everySeconds !== null && performance.now() - this.savedAt >= everySeconds * 1000;
  }

  private async save(reason: CheckpointReason): Promise<void> {
    const { run, model, metadata } = this.parts;
    this.expectGoodWeights();
    this.parallel?.expectSameState(this.keptTensors(), this.progress.step);
    if (!run) return;
    run.syncLog();
    const progress = { ...this.progress, optimizerSteps: this.optimizer.steps, averageUpdates: this.average?.updates ?? 0 };
    await writeCheckpoint(run.last, {
      ...metadata,
      progress,
      holds: 'training',
      weights: copyState(model),
      optimizer: copyTensors(this.optimizer.state()),
      average: copyTensors(this.average?.state() ?? new Map()),
    });
    this.lastCheckpoint = run.last;
    this.savedAt = performance.now();
    this.tell({ kind: 'checkpoint', path: run.last, step: progress.step, reason });
  }

  /** Before the checkpoint that says so: killed in between, the run comes here again with the same weights. */
  private async saveBest(weights: StoredState): Promise<void> {
    const { run, metadata } = this.parts;
    if (run) await writeCheckpoint(run.best, { ...metadata, progress: this.progress, holds: 'weights', weights });
  }

  /** @throws DivergenceError before bad weights reach a file */
  private expectGoodWeights(): void {
    const bad = firstBadWeight(this.parts.model);
    if (bad !== null) throw new DivergenceError(this.progress.step, bad, this.lastCheckpoint);
  }

  private end(reason: 'finished' | 'interrupted'): { reason: 'finished' | 'interrupted'; progress: Progress } {
    const { step, epoch, best } = this.progress;
    const eer = best?.detection?.eer ?? null;
    this.tell({
      ...{ kind: 'end', reason, step, epoch, bestEpoch: best?.epoch ?? null, bestAccuracy: best?.accuracy ?? null },
      ...(eer !== null && { bestEer: eer }),
    });
    return { reason, progress: this.progress };
  }

  private tell(event: TrainEvent): void {
    const isLogged =
      event.kind !== 'step' || event.batch % Math.ceil(this.batches / loggedSteps) === 0 || event.batch === this.batches;
    if (isLogged) this.parts.run?.append(event);
    this.parts.emit(event);
  }
}
