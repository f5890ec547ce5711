import * as ort from 'onnxruntime-web';
import type { Engine } from '../../../src/engine/index.js';
import { encodeOnnx } from '../../../src/freeze/onnx/encode.js';
import { graphElements, graphShape } from '../../../src/freeze/onnx/layout.js';
import { Buffer, Module } from '../../../src/nn/index.js';
import { Rng, type Shape, scope, Tensor } from '../../../src/tensor/index.js';

ort.env.wasm.numThreads = 1;

/** A forward pass as a function of an image and of tensors that the module holds. */
export class Body extends Module {
  readonly held: readonly Buffer[];

  constructor(
    readonly run: (x: Tensor, ...held: readonly Tensor[]) => Tensor,
    shapes: readonly Shape[] = [],
    between: readonly [number, number] = [-1, 1],
  ) {
    super();
    const rng = new Rng(2);
    const draw = (values: Float32Array) => void values.set(values.map(() => rng.uniform(...between)));
    this.held = shapes.map((shape) => new Buffer(shape, draw));
  }

  forward(x: Tensor): Tensor {
    return this.run(x, ...this.held.map(({ value }) => value));
  }
}

export interface Answers {
  /** In the graph's layout, as is `shape`. */
  readonly ours: Float32Array;
  readonly theirs: Float32Array;
  readonly shape: Shape;
}

/** What a model and its ONNX form, run without any rewriting of the graph, make of images [batch, height, width, channels]. */
export async function answersOf(engine: Engine, model: Module, pixels: Float32Array, shape: Shape): Promise<Answers> {
  const input = shape.slice(1) as unknown as [number, number, number];
  const session = await ort.InferenceSession.create(await encodeOnnx(model.to(engine).eval(), { input }), {
    graphOptimizationLevel: 'disabled',
  });
  const image = new ort.Tensor('float32', graphElements(shape, pixels), graphShape(shape));
  const { output } = await session.run({ image });
  await session.release();
  const [ours, made] = scope(engine, () => {
    const y = model.forward(Tensor.from(engine, pixels, shape));
    return [graphElements(y.shape, Float32Array.from(y.toArray())), graphShape(y.shape)] as const;
  });
  if (output!.dims.join() !== made.join()) throw new Error(`ONNX made [${output!.dims}], the engine [${made}]`);
  return { ours, theirs: output!.data as Float32Array, shape: made };
}
