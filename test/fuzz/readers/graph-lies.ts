import { decodeSafetensors, encodeSafetensors } from '#dist/formats/safetensors.js';
import type { Rng } from '#dist/tensor/rng.js';
import { pick } from '../pick.js';

interface Step {
  operator: string;
  inputs: number[];
  output: number;
  [field: string]: unknown;
}

interface Graph {
  values: { form: string; shape: number[]; groups: number }[];
  steps: Step[];
  output: number;
}

type Lie = (graph: Graph, rng: Rng) => void;

const operators =
  'convolution binaryConvolution binaryConvolutionSigns dynamicConvolution dynamicBinaryConvolution signs finish sigmoid hardTanh add multiply concat shuffleChannels pad maxPool averagePool globalAveragePool resizeBilinear channelMean channelMax reshape'.split(
    ' ',
  );
const numbers = [0, 1, 2, 3, 5, 8, 1023, 65535, 65536, 65537, 2 ** 28, 2 ** 31, 2 ** 32, 2 ** 53, -1, -65536, 0.5, 1e308];

const step = ({ steps }: Graph, rng: Rng) => pick(rng, steps);

/** What a graph in itself can lie about. */
const lies: readonly Lie[] = [
  // A cycle: a step that reads its own result, or a later one.
  (graph, rng) => {
    const at = rng.integer(graph.steps.length);
    const reads = graph.steps[at]!.inputs;
    reads[rng.integer(Math.max(1, reads.length))] = at + 1 + rng.integer(graph.steps.length - at);
  },
  // Another value before it.
  (graph, rng) => {
    const at = rng.integer(graph.steps.length);
    const reads = graph.steps[at]!.inputs;
    reads[rng.integer(Math.max(1, reads.length))] = rng.integer(at + 1);
  },
  (graph, rng) => void step(graph, rng).inputs.push(rng.integer(graph.values.length)),
  (graph, rng) => void step(graph, rng).inputs.pop(),
  (graph, rng) => void step(graph, rng).inputs.reverse(),
  // Unknown operators, and known ones in the place of others.
  (graph, rng) => {
    step(graph, rng).operator = pick(rng, ['convolve', 'Conv', '__proto__', 'constructor', ...operators]);
  },
  (graph, rng) => {
    const [a, b] = [step(graph, rng), step(graph, rng)];
    [a.operator, b.operator] = [b.operator, a.operator];
  },
  // Two steps change places, one goes, one comes twice.
  (graph, rng) => {
    const [a, b] = [rng.integer(graph.steps.length), rng.integer(graph.steps.length)];
    [graph.steps[a], graph.steps[b]] = [graph.steps[b]!, graph.steps[a]!];
  },
  (graph, rng) => void graph.steps.splice(rng.integer(graph.steps.length), 1),
  (graph, rng) => {
    const at = rng.integer(graph.steps.length);
    graph.steps.splice(at, 0, structuredClone(graph.steps[at]!));
  },
  // A chain of steps more, each taking what the last made: all of it agrees with itself.
  (graph, rng) => {
    const from = graph.output;
    const { shape } = graph.values[from]!;
    for (let more = pick(rng, [1, 3, 40]); more > 0; more--) {
      const last = graph.values.length - 1;
      graph.steps.push({ operator: pick(rng, ['sigmoid', 'hardTanh', 'add']), inputs: [last], output: last + 1, layer: '' });
      graph.values.push({ form: 'floats', shape: [...shape], groups: 1 });
    }
    graph.output = graph.values.length - 1;
  },
  // Sizes that overflow, or fit and are huge.
  (graph, rng) => {
    pick(rng, graph.values).shape[rng.integer(3)] = pick(rng, numbers);
  },
  (graph, rng) => {
    const size = pick(rng, [
      [16384, 16384, 1],
      [1, 1, 2 ** 28],
      [65536, 65536, 65536],
      [2 ** 27, 2, 1],
      [1, 1, 1],
    ]);
    for (const value of graph.values) if (rng.integer(3) > 0) value.shape = [...size];
  },
  (graph, rng) => {
    pick(rng, graph.values).groups = pick(rng, numbers);
  },
  (graph, rng) => {
    const value = pick(rng, graph.values);
    value.form = value.form === 'signs' ? 'floats' : 'signs';
  },
  (graph, rng) => {
    const chosen = step(graph, rng);
    const counted = Object.keys(chosen).filter((field) => field !== 'output' && typeof chosen[field] === 'number');
    if (counted.length > 0) chosen[pick(rng, counted)] = pick(rng, numbers);
  },
  (graph, rng) => {
    graph.output = pick(rng, [...numbers, ...graph.values.keys()]);
  },
];

/** A packed model whose graph says something else; its digest is the old one. */
export function lieInGraph(bytes: Uint8Array, rng: Rng): Uint8Array | null {
  try {
    const { tensors, metadata } = decodeSafetensors(bytes, 'x');
    const graph = JSON.parse(metadata['graph'] ?? '') as Graph;
    for (let count = pick(rng, [1, 1, 2]); count > 0; count--) pick(rng, lies)(graph, rng);
    return encodeSafetensors(tensors, { ...metadata, graph: JSON.stringify(graph) });
  } catch {
    // Earlier changes left no model to lie in.
    return null;
  }
}
