import { UnsupportedError } from '../../errors.js';
import type { Module } from '../../nn/index.js';
import type { Shape } from '../../tensor/shape.js';
import { packageVersion } from '../../train/tables/version.js';
import { constantsOf } from '../constants.js';
import { type Trace, type TracedCall, trace } from '../trace.js';
import { GraphBuilder } from './graph.js';
import { graphShape } from './layout.js';
import type { RuleOf } from './rule.js';
import { rules } from './rules.js';
import { elementTypes, type OnnxModel, type OnnxValue } from './schema.js';

/** Of onnx.proto, and of the operators that a file takes: ONNX 1.12, which every runtime of 2022 and later reads. */
const irVersion = 8n;
const opset = 17n;

/** What a graph's input and output are called. */
export const inputName = 'image';
export const outputName = 'output';

export interface OnnxOptions {
  /** Height, width and channels of the images. */
  readonly input: readonly [height: number, width: number, channels: number];
  /** What the graph is called; `network` unless given. */
  readonly name?: string;
  /** For the file's metadata. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/**
 * A model, as it stands and in evaluation, as the bytes of an ONNX file: standard operators of opset 17, float32. Its input `image` is
 * [batch, channels, height, width] with any batch, and so is what its `output` has of rank 4. The model must be on an engine.
 * @throws ShapeError when the model cannot take such images; UnsupportedError for what ONNX has no nodes for
 */
export async function encodeOnnx(model: Module, options: OnnxOptions): Promise<Uint8Array> {
  const { encodeModel } = await import('./protobuf.js');
  return encodeModel(onnxModel(model, options));
}

/** What `encodeOnnx` encodes. Throws as it does */
export function onnxModel(model: Module, { input, name = 'network', metadata = {} }: OnnxOptions): OnnxModel {
  const traced = trace(model, input);
  const graph = buildGraph(model, traced);
  return {
    irVersion,
    opsetImport: [{ domain: '', version: opset }],
    producerName: 'gossamer',
    producerVersion: packageVersion(),
    metadataProps: Object.entries(metadata).map(([key, value]) => ({ key, value })),
    graph: {
      name,
      node: graph.nodes,
      initializer: graph.initializers,
      input: [valueInfo(inputName, traced.input.shape)],
      output: [valueInfo(outputName, traced.output.shape)],
    },
  };
}

function valueInfo(name: string, shape: Shape): OnnxValue {
  const dim = graphShape(shape).map((length, axis) => (axis === 0 ? { dimParam: 'batch' } : { dimValue: BigInt(length) }));
  return { name, type: { tensorType: { elemType: elementTypes.float, shape: { dim } } } };
}

function buildGraph(model: Module, traced: Trace): GraphBuilder {
  const graph = new GraphBuilder();
  const constants = constantsOf(model, traced);
  graph.define(traced.input, inputName);
  for (const [id, { path, ...numbers }] of constants) {
    const isTaken = path === inputName || path === outputName;
    graph.defineConstant(id, { ...numbers, name: isTaken ? `${path}.value` : path });
  }
  for (const call of traced.calls) {
    if (constants.has(call.output.id)) continue;
    graph.layer = call.layer;
    graph.define(call.output, addNodes(call, graph));
  }
  graph.layer = '';
  graph.alias(graph.value(traced.output), outputName);
  return graph;
}

function addNodes(call: TracedCall, graph: GraphBuilder): string {
  const rule = rules[call.operator];
  if (typeof rule === 'function') return (rule as RuleOf<TracedCall['operator']>)(call as never, graph);
  throw new UnsupportedError(`exporting ${call.operator}${call.layer && ` of ${call.layer}`} to ONNX`, rule.unsupported);
}
