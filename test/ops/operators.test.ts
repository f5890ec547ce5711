import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Engine } from '../../src/engine/engine.js';
import { createEngine } from '../../src/engine/index.js';
import { createReferenceEngine } from '../../src/engine/reference/index.js';
import { createShapeEngine } from '../../src/engine/shapes.js';
import { type Operator, type OperatorCall, observe, operators } from '../../src/ops/index.js';
import { Tensor } from '../../src/tensor/tensor.js';
import { type OperatorCase, operatorCases } from './cases.js';
import { drawInputs, expectClose, finiteDifferences, gradientsThrough, measure, readByGradient } from './check.js';

let fast: Engine;
const reference = createReferenceEngine();

beforeAll(async () => {
  fast = await createEngine({ threads: 2 });
});
afterAll(() => fast.dispose());

describe.each(operatorCases)('$operator $name', (operatorCase) => {
  const { inputs, weights } = drawInputs(operatorCase);

  it.runIf(operatorCase.differentiable !== false)(
    'has the gradients that finite differences of the double reference show',
    () => {
      const { gradients } = measure(reference, operatorCase, inputs, weights);
      const expected = finiteDifferences(reference, operatorCase, inputs, weights);
      // Running statistics are inputs of batch norm to which no gradient goes in either mode.
      const running = operatorCase.operator === 'batchNorm' ? [3, 4] : [];
      for (const [i, gradient] of gradients.entries()) {
        if (!running.includes(i)) expectClose(gradient, expected[i]!, 1e-6, 1e-7);
      }
    },
  );

  it('agrees with the reference on the fast engine, value and gradients', () => {
    const expected = measure(reference, operatorCase, inputs, weights);
    const got = measure(fast, operatorCase, inputs, weights);
    expectClose(got.value, expected.value, 1e-4, 1e-6);
    for (const [i, gradient] of got.gradients.entries()) expectClose(gradient, expected.gradients[i]!, 1e-4, 1e-6);
  });

  it('has the same gradients, to the bit, when all memory that they need not is given back', () => {
    const drawn = { inputs, weights };
    expect(gradientsThrough(fast, operatorCase, drawn, true)).toEqual(gradientsThrough(fast, operatorCase, drawn, false));
  });

  const calls = callsOf(operatorCase);
  it.runIf(calls.length === 1)('reads for its gradients what it declares, and no more', () => {
    const { inputs: operands, attributes } = calls[0]!;
    const operator: Operator<never> = operators[operatorCase.operator];
    const needed = operands.map((_, place) => place < operatorCase.inputs.length);
    const declared = operator.reads(needed, attributes as never);
    const read = readByGradient(reference, operatorCase, { inputs, weights });
    expect(new Set(read)).toEqual(new Set([...declared.inputs, ...(declared.output ? ['output'] : [])]));
  });

  it('tells its shape and cost without computing', () => {
    expect(calls.at(-1)!.output.shape).toEqual(operatorCase.output);
    expect(calls.map((call) => call.operator)).toContain(operatorCase.operator);
    expect(calls.reduce((macs, call) => macs + call.cost.macs, 0)).toBe(operatorCase.macs ?? 0);
    expect(calls.reduce((macs, call) => macs + call.cost.binaryMacs, 0)).toBe(operatorCase.binaryMacs ?? 0);
    for (const { cost } of calls) expect(cost.elements).toBeGreaterThanOrEqual(0);
  });
});

/** The operators that a case runs, on an engine that computes nothing. */
function callsOf(operatorCase: OperatorCase): OperatorCall[] {
  const engine = createShapeEngine();
  const calls: OperatorCall[] = [];
  const tensors = operatorCase.inputs.map(({ shape }) => Tensor.empty(engine, shape));
  observe(
    engine,
    (call) => calls.push(call),
    () => operatorCase.run(...tensors),
  );
  return calls;
}

it('has a case for every operator of the table', () => {
  const covered = new Set(operatorCases.map((operatorCase) => operatorCase.operator));
  expect(Object.keys(operators).filter((name) => !covered.has(name as keyof typeof operators))).toEqual([]);
});
