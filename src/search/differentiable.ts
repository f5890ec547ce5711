import fs from 'node:fs';
import nodePath from 'node:path';
import { setImmediate as breathe } from 'node:timers/promises';
import type { Batch, Loader } from '../data/batches.js';
import { ConfigError, DivergenceError } from '../errors.js';
import { scope } from '../tensor/scope.js';
import { withGradients } from '../tensor/tape.js';
import { holdOut, openSplit } from '../train/dataset.js';
import { createTrainingLoader } from '../train/loaders.js';
import { lossOf } from '../train/loss.js';
import { createOptimizer } from '../train/optimizer.js';
import { scheduleFactor } from '../train/schedule.js';
import { Speed } from '../train/speed.js';
import { trainStep } from '../train/step.js';
import { uploadBatch } from '../train/upload.js';
import { Architecture, sharesOf } from './architecture.js';
import { ArchitectureOptimizer } from './architecture-optimizer.js';
import { mapSizeOf, type SearchContext, type StrategyOutcome } from './context.js';
import { costIn } from './cost/table.js';
import { derive } from './derive.js';
import { type ExpectedCost, expectedCost, type OperationCosts } from './expected-cost.js';
import { trainingRecipe } from './recipe.js';
import type { CoursePoint } from './result.js';
import { readSearchState, type SearchProgress, startingSearch, writeSearchState } from './search-state.js';
import { genotypeOf } from './space.js';
import { createSupernet } from './supernet.js';

/** Seconds between checkpoints besides those after each epoch. */
const saveEvery = 120;

/** The halves of the training data as endless batches: one that the weights learn from, one that the architecture does. */
interface Halves {
  readonly weights: Loader;
  readonly architecture: Loader;
  readonly stepsPerEpoch: number;
}

/**
 * Differentiable search (DARTS, first order; partial channels and edge normalisation of PC-DARTS; cells of CDCN): in turns, one step of the architecture on a
 * batch of the one half of the training data, one step of the weights on a batch of the other. In the first epochs (`warmup`) the weights learn alone.
 * Goes on from where the run's folder stands.
 * @throws ConfigError when no network of the space is within the limit; DivergenceError when a loss becomes NaN or infinite; the signal's reason
 */
export async function searchDifferentiable(context: SearchContext): Promise<StrategyOutcome> {
  const halves = await openHalves(context);
  const search = new DifferentiableSearch(context, halves);
  try {
    return await search.run();
  } finally {
    search.dispose();
    await halves.weights.close();
    await halves.architecture.close();
  }
}

/** Seconds that an epoch takes on this machine, from a few steps. Nothing is kept of them. */
export async function differentiableEpochSeconds(context: SearchContext): Promise<number> {
  const halves = await openHalves(context);
  const search = new DifferentiableSearch(context, halves);
  try {
    return halves.stepsPerEpoch * (await search.stepSeconds());
  } finally {
    search.dispose();
    await halves.weights.close();
    await halves.architecture.close();
  }
}

async function openHalves({ recipe, data, input, workers = 1 }: SearchContext): Promise<Halves> {
  const plain = trainingRecipe(recipe, {
    ...{ name: recipe.name, epochs: recipe.differentiable.epochs, validation: { fraction: 0.5 } },
    model: { name: recipe.space.frame.task, options: {} },
  });
  const halves = holdOut(await openSplit(data, 'train', plain), plain);
  const side = mapSizeOf(input[0]);
  const mapSize = recipe.space.frame.task === 'depth-map' ? { height: side, width: side } : undefined;
  const loader = (half: typeof halves.train, seed: number) =>
    createTrainingLoader(half, { recipe: { ...plain, seed }, workers, mapSize });
  const weights = loader(halves.train, plain.seed);
  const architecture = loader(halves.validation, plain.seed + 1);
  return { weights, architecture, stepsPerEpoch: Math.min(weights.batchesPerEpoch, architecture.batchesPerEpoch) };
}

class DifferentiableSearch {
  private progress = startingSearch();
  private readonly architecture: Architecture;
  private readonly state;
  private readonly costs: OperationCosts;
  /** Of what stands around the cells. */
  private readonly frameCost: number;
  /** What even shares expect. */
  private readonly evenCost: number;
  private readonly speed = new Speed();
  private readonly file: string;
  private readonly steps: number;
  private savedAt = performance.now();

  constructor(
    private readonly context: SearchContext,
    private readonly halves: Halves,
  ) {
    const { recipe, engine, input, folder, costs } = context;
    const { space, differentiable } = recipe;
    this.architecture = new Architecture(space);
    const supernet = createSupernet(this.architecture, {
      ...{ engine, partial: differentiable.partial, seed: recipe.seed, inChannels: input[2] },
      classes: halves.weights.source.classes.length,
      mapSize: mapSizeOf(input[0]),
    });
    this.state = {
      supernet,
      optimizer: createOptimizer(engine, supernet.network.parameters(), recipe.training.optimizer),
      architecture: new ArchitectureOptimizer(this.architecture, differentiable),
    };
    const { unit } = recipe.cost;
    this.costs = space.frame.widths.map((_, level) =>
      space.operations.map((operation) => costIn(costs.levels[level]!.operations[operation]!, unit)),
    );
    this.frameCost = costIn(costs.frame, unit);
    this.evenCost = this.expectedCost(this.architecture.shares()).cost;
    this.file = nodePath.join(folder, 'search.safetensors');
    this.steps = differentiable.epochs * halves.stepsPerEpoch;
    supernet.mix(this.architecture.shares());
  }

  async run(): Promise<StrategyOutcome> {
    const { recipe, signal } = this.context;
    this.settle();
    if (fs.existsSync(this.file)) {
      this.progress = await readSearchState(this.file, this.state);
      this.state.supernet.mix(this.architecture.shares());
    }
    while (this.progress.epoch < recipe.differentiable.epochs) {
      signal?.throwIfAborted();
      await this.epoch();
    }
    const { course, seconds } = this.progress;
    return { genotype: this.settle(), seconds, candidates: [], course };
  }

  dispose(): void {
    this.state.supernet.dispose();
    this.state.optimizer.dispose();
  }

  /** Seconds of a whole step, of the architecture and of the weights: the least of a few after the first. */
  async stepSeconds(): Promise<number> {
    const { weights, architecture } = this.halves;
    const others = architecture.epoch(0)[Symbol.asyncIterator]();
    let least = Number.POSITIVE_INFINITY;
    let count = 0;
    try {
      for await (const batch of weights.epoch(0)) {
        const other = await next(others);
        const started = performance.now();
        this.architectureStep(other);
        this.weightStep(batch);
        if (count > 0) least = Math.min(least, (performance.now() - started) / 1000);
        if (++count > 3) break;
      }
    } finally {
      await others.return?.();
    }
    return least;
  }

  private async epoch(): Promise<void> {
    const { signal, recipe } = this.context;
    const { weights, architecture, stepsPerEpoch } = this.halves;
    const { progress } = this;
    const start = { startBatch: progress.batch };
    const learns = progress.epoch >= Math.round(recipe.differentiable.warmup * recipe.differentiable.epochs);
    const others = learns ? architecture.epoch(progress.epoch, start)[Symbol.asyncIterator]() : null;
    let before = performance.now();
    try {
      if (progress.batch < stepsPerEpoch) {
        for await (const batch of weights.epoch(progress.epoch, start)) {
          const validationLoss = others ? this.architectureStep(await next(others)) : null;
          this.count(this.weightStep(batch), validationLoss);
          await breathe();
          const now = performance.now();
          progress.seconds += this.speed.step((now - before) / 1000);
          before = now;
          if (signal?.aborted || progress.batch === stepsPerEpoch) break;
          if (now - this.savedAt >= saveEvery * 1000) await this.save();
        }
      }
    } finally {
      await others?.return?.();
    }
    if (progress.batch === stepsPerEpoch) this.endEpoch();
    await this.save();
    signal?.throwIfAborted();
  }

  /** One step of the architecture; the loss of the batch, the cost's term not included. */
  private architectureStep(batch: Batch): number {
    const { engine, recipe } = this.context;
    const { supernet, architecture: optimizer } = this.state;
    const { network, shares } = supernet;
    network.train();
    const values = this.architecture.shares();
    const { loss, towardsShares } = scope(engine, () => {
      const tensors = uploadBatch(engine, batch);
      const { loss, gradients } = withGradients(engine, shares, () => lossOf(network, tensors, recipe.training.loss));
      return { loss: loss.item(), towardsShares: Float64Array.from(gradients, (gradient) => gradient.item()) };
    });
    if (!Number.isFinite(loss) || towardsShares.some((value) => !Number.isFinite(value))) {
      throw new DivergenceError(this.progress.step, 'the loss of the architecture', this.file);
    }
    const { pressure, expected } = this.pressure(values);
    for (const [i, value] of expected.entries()) towardsShares[i] = towardsShares[i]! + pressure * value;
    optimizer.step(this.architecture.gradient(values, towardsShares));
    supernet.mix(this.architecture.shares());
    return loss;
  }

  /**
   * What the cost adds to the gradient towards the shares: with a limit L, the term weight * max(0, cost / L - 1); without one, weight * cost over the cost that even
   * shares expect.
   */
  private pressure(shares: Float64Array): { readonly pressure: number; readonly expected: Float64Array } {
    const { weight, limit } = this.context.recipe.cost;
    const { cost, towardsShares: expected } = this.expectedCost(shares);
    const scale = limit ?? this.evenCost;
    const isPressed = limit === null || cost > limit;
    return { pressure: isPressed && scale > 0 ? weight / scale : 0, expected };
  }

  /** Of the whole network. */
  private expectedCost(shares: Float64Array): ExpectedCost {
    const { cost, towardsShares } = expectedCost(this.architecture, shares, this.costs);
    return { cost: this.frameCost + cost, towardsShares };
  }

  private weightStep(batch: Batch): number {
    const { engine, recipe } = this.context;
    const { supernet, optimizer } = this.state;
    const { step } = this.progress;
    const { loss, gradientClip, schedule, optimizer: options } = recipe.training;
    const { stepsPerEpoch } = this.halves;
    supernet.network.train();
    supernet.network.setProgress(step / this.steps);
    const learningRate = options.learningRate * scheduleFactor(schedule, step, { steps: this.steps, stepsPerEpoch });
    const parts = { engine, model: supernet.network, optimizer, average: null, loss, gradientClip };
    const outcome = trainStep(parts, batch, learningRate);
    if (outcome.badLayer !== null) throw new DivergenceError(step, outcome.badLayer, this.file);
    return outcome.loss;
  }

  private count(trainLoss: number, validationLoss: number | null): void {
    const { progress, steps } = this;
    progress.step++;
    progress.batch++;
    progress.running.trainLoss += trainLoss;
    if (validationLoss !== null) {
      progress.running.validationLoss += validationLoss;
      progress.running.validations++;
    }
    const secondsLeft = this.speed.secondsLeft(steps - progress.step, 0);
    this.context.emit({ kind: 'search-step', step: progress.step, steps, loss: trainLoss, secondsLeft });
  }

  private endEpoch(): void {
    const { progress } = this;
    progress.epoch++;
    progress.batch = 0;
    const point = this.point();
    progress.course = [...progress.course, point];
    progress.running = startingSearch().running;
    this.context.emit({ kind: 'course', point, epochs: this.context.recipe.differentiable.epochs });
  }

  private point(): CoursePoint {
    const shares = this.architecture.shares();
    const { cells } = this.architecture;
    const { step, epoch, running } = this.progress;
    const trainLoss = running.trainLoss / this.halves.stepsPerEpoch;
    return {
      step,
      epoch,
      operations: cells.map(({ operations }) => operations.map((group) => sharesOf(shares, group))),
      edges: cells.map(({ edges }) => edges.flatMap((group) => sharesOf(shares, group))),
      attention: cells.map(({ attention }) => sharesOf(shares, attention)),
      trainLoss,
      validationLoss: running.validations > 0 ? running.validationLoss / running.validations : null,
      expectedCost: this.expectedCost(shares).cost,
    };
  }

  /** What the architecture settles on now. @throws ConfigError when nothing in the space is within the limit */
  private settle(): StrategyOutcome['genotype'] {
    const { recipe } = this.context;
    const { limit, unit } = recipe.cost;
    const cells = derive(
      this.architecture,
      this.architecture.shares(),
      this.costs,
      limit === null ? null : limit - this.frameCost,
    );
    if (cells) return genotypeOf(recipe.space, cells);
    throw new ConfigError(
      'cost.limit',
      `is ${limit} ${unit}, but the frame alone costs ${this.frameCost}, and no cells fit beside it: raise it.`,
    );
  }

  private async save(): Promise<void> {
    const progress: SearchProgress = {
      ...this.progress,
      optimizerSteps: this.state.optimizer.steps,
      architectureSteps: this.state.architecture.steps,
    };
    await writeSearchState(this.file, this.state, progress);
    this.savedAt = performance.now();
  }
}

async function next(batches: AsyncIterator<Batch>): Promise<Batch> {
  const { value, done } = await batches.next();
  if (done) throw new RangeError('The architecture has no batch left in this epoch: this is a fault of Gossamer.');
  return value;
}
