import { FormatError } from '../../errors.js';
import type { StoredTensor } from '../dtypes.js';
import type { Finish, PackedGraph, PackedValue, Step, StepOperator, ValueShape } from './graph.js';
import { BadStep, elements, type FindTensor, resultOf } from './shapes.js';

const MOST_STEPS = 4096;
/** Elements of a value for one image: a gigabyte of floats. */
const MOST_ELEMENTS = 2 ** 28;

/** The fields of each operator, besides `operator`, `inputs`, `output` and `layer`. */
const fieldsOf: Readonly<Record<StepOperator, readonly string[]>> = {
  convolution: ['stride', 'padding', 'dilation', 'groups', 'weight', 'finish'],
  binaryConvolution: ['stride', 'padding', 'dilation', 'groups', 'weight', 'finish'],
  binaryConvolutionSigns: ['stride', 'padding', 'dilation', 'groups', 'weight', 'thresholds'],
  dynamicConvolution: ['stride', 'padding', 'heads', 'kept', 'ties', 'weight', 'ranking', 'finish'],
  dynamicBinaryConvolution: ['stride', 'padding', 'heads', 'kept', 'ties', 'weight', 'ranking', 'finish'],
  signs: [],
  finish: ['finish'],
  sigmoid: [],
  hardTanh: [],
  add: [],
  multiply: [],
  concat: [],
  shuffleChannels: ['groups'],
  pad: ['top', 'bottom', 'left', 'right', 'channelsBefore', 'channelsAfter'],
  maxPool: ['kernel', 'stride', 'padding'],
  averagePool: ['kernel', 'stride', 'padding'],
  globalAveragePool: [],
  resizeBilinear: [],
  channelMean: [],
  channelMax: [],
  reshape: [],
};

/**
 * A graph as a file gives it, checked against the tensors beside it: every step's inputs are made before it, its fields and tensors fit one another, its
 * result has the form and shape that the file says, and every value is made once, every tensor used.
 * @throws FormatError with reason `bad-graph`, naming the step
 */
export function checkGraph(graph: unknown, tensors: ReadonlyMap<string, StoredTensor>, file: string): PackedGraph {
  const fail = (detail: string) => new FormatError(file, 'bad-graph', detail);
  if (!isRecord(graph)) throw fail('its graph is no object.');
  const { values: listed, steps: listedSteps, output } = graph;
  if (!Array.isArray(listed) || !Array.isArray(listedSteps)) throw fail('its graph has no lists of values and steps.');
  if (listedSteps.length > MOST_STEPS) throw fail(`its graph has ${listedSteps.length} steps, more than ${MOST_STEPS}.`);
  if (listed.length !== listedSteps.length + 1) {
    throw fail(
      `its graph has ${listed.length} values; ${listedSteps.length} steps and the image make ${listedSteps.length + 1}.`,
    );
  }
  const values = listed.map((value, i) => checkValue(value, i, fail));
  if (values[0]!.form !== 'floats') throw fail('its image is not of floats.');
  const unused = new Set(tensors.keys());
  const steps = listedSteps.map((step, i): Step => {
    const place = `step ${i}${isRecord(step) && typeof step.layer === 'string' && step.layer ? ` (${step.layer})` : ''}`;
    try {
      const checked = checkStep(step, i);
      const find = finder(tensors, unused);
      const result = resultOf(checked, {
        inputs: checked.inputs.map((input) => values[input]!),
        claimed: values[i + 1]!.shape,
        tensor: find,
      });
      checkResult(result, values[i + 1]!);
      return checked;
    } catch (error) {
      if (error instanceof BadStep) throw fail(`${place} ${error.message}`);
      throw error;
    }
  });
  const [extra] = unused;
  if (extra !== undefined) throw fail(`no step uses its tensor "${extra}".`);
  if (!isPlace(output, values.length) || values[output]!.form !== 'floats') {
    throw fail(`its output is ${JSON.stringify(output)}, which is no value of floats.`);
  }
  return { values, steps, output };
}

function checkValue(value: unknown, index: number, fail: (detail: string) => FormatError): PackedValue {
  const place = `value ${index} of its graph`;
  if (!isRecord(value) || (value.form !== 'floats' && value.form !== 'signs'))
    throw fail(`${place} is neither floats nor signs.`);
  const { form, shape, groups } = value;
  if (!Array.isArray(shape) || shape.length !== 3 || !shape.every((length) => isCount(length, MOST_ELEMENTS))) {
    throw fail(`${place} has shape ${JSON.stringify(shape)} and needs three whole numbers from 1 on.`);
  }
  const size = elements(shape as unknown as ValueShape);
  if (!(size <= MOST_ELEMENTS)) throw fail(`${place} has ${size} elements; up to ${MOST_ELEMENTS} can be.`);
  const mostGroups = form === 'signs' ? (shape[2] as number) : 1;
  if (!isCount(groups, mostGroups) || (shape[2] as number) % groups !== 0) {
    throw fail(`${place} has ${JSON.stringify(groups)} groups of ${shape[2]} channels.`);
  }
  return { form, shape: shape as unknown as ValueShape, groups };
}

/** @throws BadStep */
function checkStep(step: unknown, index: number): Step {
  if (!isRecord(step)) throw new BadStep('is no object.');
  const { operator, inputs, output, layer } = step;
  if (typeof operator !== 'string' || !Object.hasOwn(fieldsOf, operator)) {
    throw new BadStep(`has operator ${JSON.stringify(operator)}, which this version does not know.`);
  }
  const known = ['operator', 'inputs', 'output', 'layer', ...fieldsOf[operator as StepOperator]];
  const missing = known.find((field) => !Object.hasOwn(step, field));
  if (missing) throw new BadStep(`has no ${missing}.`);
  const unknown = Object.keys(step).find((field) => !known.includes(field));
  if (unknown) throw new BadStep(`has a field "${unknown}", which ${operator} has not.`);
  if (typeof layer !== 'string') throw new BadStep('has a layer that is no text.');
  if (!Array.isArray(inputs) || !inputs.every((input) => isPlace(input, index + 1))) {
    throw new BadStep(`reads ${JSON.stringify(inputs)}; only values up to ${index} are made before it.`);
  }
  if (output !== index + 1) throw new BadStep(`makes value ${JSON.stringify(output)} and must make ${index + 1}.`);
  if (Object.hasOwn(step, 'finish')) checkFinish(step.finish);
  return step as unknown as Step;
}

/** @throws BadStep */
function checkFinish(finish: unknown): asserts finish is Finish<string> {
  if (!isRecord(finish)) throw new BadStep('has a finish that is no object.');
  const names = ['scale', 'bias', 'positive', 'negative'];
  const bad = names.find((name) => finish[name] !== null && typeof finish[name] !== 'string');
  if (bad) throw new BadStep(`has ${bad} ${JSON.stringify(finish[bad])} in its finish: the name of a tensor, or null.`);
  if (typeof finish.shortcut !== 'boolean') throw new BadStep('does not say whether its finish adds a shortcut.');
  if (typeof finish.activation !== 'string') throw new BadStep('does not say what activation its finish has.');
  const unknown = Object.keys(finish).find((field) => !names.includes(field) && field !== 'shortcut' && field !== 'activation');
  if (unknown) throw new BadStep(`has a field "${unknown}" in its finish.`);
}

function finder(tensors: ReadonlyMap<string, StoredTensor>, unused: Set<string>): FindTensor {
  return (name, dtype, shape) => {
    const tensor = typeof name === 'string' ? tensors.get(name) : undefined;
    if (!tensor) throw new BadStep(`needs a tensor ${JSON.stringify(name)}, which the file has not.`);
    const fits =
      tensor.shape.length === shape.length &&
      shape.every((length, axis) => (length === -1 ? tensor.shape[axis]! >= 1 : tensor.shape[axis] === length));
    if (tensor.dtype !== dtype || !fits) {
      const needed = shape.map((length) => (length === -1 ? 'any' : length)).join(', ');
      throw new BadStep(`has tensor "${name}" of ${tensor.dtype} [${tensor.shape.join(', ')}] and needs ${dtype} [${needed}].`);
    }
    unused.delete(name as string);
    return tensor;
  };
}

/** @throws BadStep */
function checkResult(result: PackedValue, claimed: PackedValue): void {
  const differs = result.shape.some((length, axis) => length !== claimed.shape[axis]);
  if (result.form !== claimed.form || differs) {
    const text = ({ form, shape }: PackedValue) => `${form} [${shape.join(', ')}]`;
    throw new BadStep(`makes ${text(result)}; the file says ${text(claimed)}.`);
  }
}

function isPlace(value: unknown, count: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < count;
}

function isCount(value: unknown, most: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= most;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
