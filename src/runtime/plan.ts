import type { Engine } from '../engine/engine.js';
import type { ForwardKernels } from '../engine/forward-kernels.js';
import type { Address } from '../engine/kernels.js';
import type { PackedModel } from '../formats/packed/model.js';
import { type ArenaLayout, type Lifetime, planArena } from './arena.js';
import { type PreparedStep, prepareStep, type StepMemory, valueBytes } from './steps.js';
import { Weights } from './weights.js';

/** The block and where things lie in it, for the batch that it was made for. */
interface Arena {
  readonly batch: number;
  readonly address: Address;
  readonly bytes: number;
  readonly image: Address;
  readonly steps: readonly StepMemory[];
  readonly answer: Address;
}

/** A packed model on an engine: its weights in memory, its steps ready, and one block for all that lies between them. */
export class Plan {
  private readonly weights: Weights;
  private readonly steps: readonly PreparedStep[];
  private readonly lifetimes: readonly Lifetime[];
  private arena: Arena | null = null;

  /** @throws OutOfMemoryError when the weights do not fit */
  constructor(
    private readonly model: Pick<PackedModel, 'graph' | 'tensors'>,
    private readonly engine: Engine<ForwardKernels>,
  ) {
    const { graph, tensors } = model;
    this.weights = new Weights(engine, tensors);
    try {
      this.steps = graph.steps.map((step) => prepareStep(step, graph, tensors, this.weights, engine.kernels));
    } catch (error) {
      this.weights.dispose();
      throw error;
    }
    this.lifetimes = this.lifetimesOf();
  }

  /** Bytes of what lies between the steps, for the last batch. */
  get arenaBytes(): number {
    return this.arena?.bytes ?? 0;
  }

  /** Bytes that lie between the steps for `batch` images. */
  bytesFor(batch: number): number {
    return this.layout(batch).bytes;
  }

  /**
   * Answers for `batch` images; `images` has their values, channels innermost.
   * @param around runs each step, and may look on
   * @throws OutOfMemoryError when so many images do not fit
   */
  run(batch: number, images: Float32Array, around?: (index: number, run: () => void) => void): Float32Array {
    const { image, steps, answer } = this.arenaFor(batch);
    this.engine.floats(image, images.length).set(images);
    for (let i = 0; i < steps.length; i++) {
      if (around) around(i, () => this.steps[i]!.run(batch, steps[i]!));
      else this.steps[i]!.run(batch, steps[i]!);
    }
    const { graph } = this.model;
    const [height, width, channels] = graph.values[graph.output]!.shape;
    return Float32Array.from(this.engine.floats(answer, batch * height * width * channels));
  }

  dispose(): void {
    this.weights.dispose();
    if (this.arena) this.engine.free(this.arena.address);
    this.arena = null;
  }

  /** Of every value from the step that makes it to the last that reads it, then of every step's workspace. */
  private lifetimesOf(): readonly Lifetime[] {
    const { graph } = this.model;
    const last = graph.values.map((_, place) => Math.max(0, place - 1));
    for (const [i, { inputs }] of graph.steps.entries()) for (const input of inputs) last[input] = i;
    last[graph.output] = graph.steps.length;
    const values = graph.values.map((value, place) => ({
      bytes: valueBytes(value),
      first: Math.max(0, place - 1),
      last: last[place]!,
    }));
    return [...values, ...this.steps.map(({ workspaceBytes }, i) => ({ bytes: workspaceBytes, first: i, last: i }))];
  }

  private layout(batch: number): ArenaLayout {
    return planArena(this.lifetimes.map((lifetime) => ({ ...lifetime, bytes: lifetime.bytes * batch })));
  }

  private arenaFor(batch: number): Arena {
    if (this.arena?.batch === batch) return this.arena;
    if (this.arena) this.engine.free(this.arena.address);
    this.arena = null;
    const { offsets, bytes } = this.layout(batch);
    const address = this.engine.allocate(bytes / 4, 'float32', 'values of a packed model', [bytes / 4]);
    const { graph } = this.model;
    const at = (place: number) => address + offsets[place]!;
    const steps = graph.steps.map(({ inputs, output }, i) => ({
      inputs: inputs.map(at),
      output: at(output),
      workspace: at(graph.values.length + i),
    }));
    this.arena = { batch, address, bytes, image: at(0), steps, answer: at(graph.output) };
    return this.arena;
  }
}
