import type { Engine } from '../engine/engine.js';
import type { Address } from '../engine/kernels.js';
import type { PackedValue } from '../formats/packed/graph.js';
import { type PreparedStep, prepareStep, valueBytes } from '../runtime/steps.js';
import { Weights } from '../runtime/weights.js';
import type { Packing } from './pack.js';

/** Runs the steps of a packing one by one, each on inputs of the caller's, as the runtime would run them. */
export class StepRunner {
  private readonly weights: Weights;
  private readonly steps: readonly PreparedStep[];

  constructor(
    private readonly packing: Packing,
    private readonly engine: Engine,
  ) {
    const { graph, tensors } = packing;
    this.weights = new Weights(engine, tensors);
    this.steps = graph.steps.map((step) => prepareStep(step, graph, tensors, this.weights, engine.kernels));
  }

  /**
   * What step `index` makes of inputs of one image: floats, or of signs the floats whose signs they are. The result of a step that makes signs is
   * those as +1 and -1.
   */
  run(index: number, inputs: readonly Float32Array[]): Float32Array {
    const { graph } = this.packing;
    const { kernels } = this.engine;
    const step = graph.steps[index]!;
    const held: Address[] = [];
    const hold = (bytes: number) => {
      const words = Math.max(1, Math.ceil(bytes / 4));
      const address = this.engine.allocate(words, 'float32', `step ${index}`, [words]);
      held.push(address);
      return address;
    };
    const put = (values: Float32Array) => {
      const address = hold(values.byteLength);
      this.engine.floats(address, values.length).set(values);
      return address;
    };
    try {
      const memory = {
        inputs: step.inputs.map((place, i) => {
          const value = graph.values[place]!;
          if (value.form === 'floats') return put(inputs[i]!);
          const signs = hold(valueBytes(value));
          kernels.packSigns(...rowsOf(value), put(inputs[i]!), signs, null, 0);
          return signs;
        }),
        output: hold(valueBytes(graph.values[step.output]!)),
        workspace: hold(this.steps[index]!.workspaceBytes),
      };
      this.steps[index]!.run(1, memory);
      const result = graph.values[step.output]!;
      const [rows, channels] = rowsOf(result);
      let floats = memory.output;
      if (result.form === 'signs') {
        floats = hold(rows * channels * 4);
        kernels.unpackSigns(rows, channels, memory.output, floats);
      }
      return Float32Array.from(this.engine.floats(floats, rows * channels));
    } finally {
      for (const address of held) this.engine.free(address);
    }
  }

  dispose(): void {
    this.weights.dispose();
  }
}

/** Rows and channels as 1-bit kernels count them. */
function rowsOf({ shape: [height, width, channels], groups }: PackedValue): readonly [rows: number, channels: number] {
  return [height * width * groups, channels / groups];
}
