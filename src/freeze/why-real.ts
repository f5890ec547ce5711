import type { PackedGraph, Step } from '../formats/packed/graph.js';

const REAL = 'its weights are real in the model';

/**
 * For each step of a graph why it multiplies by real weights, as far as its place tells; null where it multiplies by none.
 * @param isReal of each step, whether it multiplies by real weights
 */
export function whyReal(graph: PackedGraph, isReal: readonly boolean[]): readonly (string | null)[] {
  const { steps } = graph;
  if (!steps.some(isBinary)) return isReal.map((real) => (real ? 'nothing in the model is 1-bit' : null));
  const fromImage = valuesFromImage(graph);
  const toAnswer = valuesToAnswer(graph);
  const gates = valuesToGates(graph);
  return steps.map(({ inputs, output }, i) => {
    if (!isReal[i]) return null;
    if (fromImage.has(inputs[0]!)) return `${REAL}, where it sees the image`;
    if (toAnswer.has(output)) return `${REAL}, where it makes the answer`;
    if (gates.has(output)) return `${REAL}, where it chooses channels`;
    return REAL;
  });
}

const binaryOperators: readonly Step['operator'][] = ['binaryConvolution', 'binaryConvolutionSigns', 'dynamicBinaryConvolution'];

/** Whether a step multiplies signs. */
export function isBinary({ operator }: Step): boolean {
  return binaryOperators.includes(operator);
}

/** The image, and what is made of it without weights. */
function valuesFromImage({ steps }: PackedGraph): ReadonlySet<number> {
  const found = new Set([0]);
  for (const step of steps) {
    if (!('weight' in step) && step.inputs.every((input) => found.has(input))) found.add(step.output);
  }
  return found;
}

/** The answer, and what it is made of without weights. */
function valuesToAnswer({ steps, output }: PackedGraph): ReadonlySet<number> {
  const found = new Set([output]);
  for (const step of [...steps].reverse()) {
    if (!('weight' in step) && found.has(step.output)) for (const input of step.inputs) found.add(input);
  }
  return found;
}

/** Gates of dynamic convolutions, and values of which nothing but such are made. */
function valuesToGates({ steps, values, output }: PackedGraph): ReadonlySet<number> {
  const readers = values.map((): Step[] => []);
  for (const step of steps) for (const input of step.inputs) readers[input]!.push(step);
  const found = new Set<number>();
  for (let value = values.length - 1; value > 0; value--) {
    const isGate = (reader: Step) => ('kept' in reader ? reader.inputs.indexOf(value) === 1 : found.has(reader.output));
    if (value !== output && readers[value]!.length > 0 && readers[value]!.every(isGate)) found.add(value);
  }
  return found;
}
