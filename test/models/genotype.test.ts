import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEngine, type Engine } from '../../src/engine/index.js';
import { ConfigError, FormatError } from '../../src/errors.js';
import { freeze } from '../../src/freeze/index.js';
import {
  cdcnppGenotype,
  createModel,
  type Genotype,
  genotypeText,
  type Network,
  operationKinds,
  parseGenotype,
  parseOperation,
  plainGenotype,
  usedNodes,
} from '../../src/models/index.js';
import * as ops from '../../src/ops/index.js';
import { Rng, scope, Tensor, withGradients } from '../../src/tensor/index.js';
import { chooseModel } from '../../src/train/index.js';

let engine: Engine;
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'gossamer-genotype-'));

beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => {
  engine.dispose();
  fs.rmSync(folder, { recursive: true });
});

/** Loss, answers and all gradients of one training pass on the same images. */
function pass(model: Network): { answers: Float32Array; gradients: Float32Array[] } {
  return scope(engine, () => {
    const rng = new Rng(3);
    const images = Tensor.from(
      engine,
      Float32Array.from({ length: 2 * 32 * 32 * 3 }, () => rng.normal()),
      [2, 32, 32, 3],
    );
    const weights = [...model.parameters().values()].map(({ value }) => value);
    const { outputs, gradients } = withGradients(engine, weights, () => {
      const map = model.train().forward(images);
      return [ops.mean(ops.multiply(map, map)), map];
    });
    return {
      answers: Float32Array.from(outputs[0]!.toArray()),
      gradients: gradients.map((gradient) => Float32Array.from(gradient.toArray())),
    };
  });
}

/** Comparing millions of numbers one by one takes seconds. */
function digest(values: Float32Array): string {
  return createHash('sha256').update(new Uint8Array(values.buffer)).digest('hex');
}

describe("CDCN++'s cells as a genotype", () => {
  it('are exactly the network cdcnpp: its parameters, answers and gradients, to the bit', () => {
    const options = { engine, mapSize: 4, seed: 5 };
    const [searched, published] = [createModel('genotype-depth', options), createModel('cdcnpp', options)];
    const shapes = (model: Network) => [...model.parameters().values()].map(({ shape }) => shape);
    expect(shapes(searched)).toEqual(shapes(published));
    const [found, expected] = [pass(searched), pass(published)];
    expect(expected.answers.some((value) => value > 0)).toBe(true);
    expect(found.answers).toEqual(expected.answers);
    expect(found.gradients.map(digest)).toEqual(expected.gradients.map(digest));
    for (const model of [searched, published]) model.dispose();
  });
});

const mixed: Genotype = parseGenotype({
  ...plainGenotype,
  stem: [8],
  widths: [8, 8, 16],
  cells: [
    {
      nodes: [
        { from: 0, operation: 'binary' },
        { from: 1, operation: 'dynamic' },
        { from: 1, operation: 'skip' },
        { from: 0, operation: 'cdc' },
      ],
      output: [2, 3],
    },
    {
      nodes: [
        { from: 0, operation: 'skip' },
        { from: 1, operation: 'binary@0.7' },
        { from: 2, operation: 'conv_2_1.5' },
      ],
      output: [3],
    },
    { nodes: [{ from: 0, operation: 'cdc_2_1.4@0.3' }], output: [1] },
  ],
});

describe('a genotype', () => {
  it('makes no node that its output does not depend on', () => {
    expect(usedNodes(mixed.cells[0])).toEqual([1, 2, 3]);
    const model = createModel('genotype', { genotype: genotypeText(mixed) });
    expect([...model.parameters().keys()].some((path) => path.startsWith('levels.0.operations.3'))).toBe(false);
  });

  it('of all three families is frozen as any network is, and answers as it does', () => {
    const model = createModel('genotype', { engine, genotype: genotypeText(mixed), classes: 3, seed: 2 });
    model.setProgress(1);
    const { verification } = freeze(model, { input: [12, 12, 3] });
    expect(verification.images).toBeGreaterThan(0);
    model.dispose();
  });

  it('is read from its file, and becomes an option of the network', () => {
    const file = path.join(folder, 'cells.json');
    fs.writeFileSync(file, JSON.stringify(mixed, null, 2));
    const { name, options } = chooseModel(`genotype:${file}`);
    expect(name).toBe('genotype');
    expect(createModel(name, { ...options }).spec!.options['genotype']).toBe(genotypeText(mixed));
    fs.writeFileSync(file, JSON.stringify(cdcnppGenotype));
    expect(chooseModel(`genotype:${file}`).name).toBe('genotype-depth');
    expect(chooseModel('resnet20')).toEqual({ name: 'resnet20', options: {} });
  });

  it('is refused where it cannot be built, by the place of what is wrong', () => {
    const [low, mid, high] = plainGenotype.cells;
    const withLow = (cell: object) => ({ ...plainGenotype, cells: [{ ...low, ...cell }, mid, high] });
    const refusal = (value: unknown) => {
      try {
        parseGenotype(value);
      } catch (error) {
        return (error as ConfigError).message;
      }
      return 'none';
    };
    expect(refusal(withLow({ nodes: [{ from: 1, operation: 'conv' }] }))).toMatch(
      /^cells\.0\.nodes\.0\.from: got 1, needs a node before/,
    );
    expect(refusal(withLow({ nodes: [{ from: 0, operation: 'cnv' }] }))).toMatch(
      /^cells\.0\.nodes\.0\.operation: got "cnv", needs one of none/,
    );
    expect(refusal(withLow({ nodes: [{ from: 0, operation: 'none' }] }))).toMatch(/none is no layer/);
    expect(refusal(withLow({ output: [4] }))).toMatch(/^cells\.0\.output\.0: got 4, needs one of its nodes, at most 3/);
    expect(refusal(withLow({ output: [1, 1] }))).toMatch(/each node once/);
    expect(refusal({ ...plainGenotype, attention: [7, 5, 3] })).toMatch(/^attention: is for depth maps/);
    expect(refusal({ ...plainGenotype, version: 2 })).toMatch(/^version: got 2, needs "1"/);
    expect(() => createModel('genotype', { genotype: '{' })).toThrow(ConfigError);
    const file = path.join(folder, 'broken.json');
    fs.writeFileSync(file, genotypeText(mixed).slice(0, 40));
    expect(() => chooseModel(`genotype:${file}`)).toThrow(/broken\.json: is no genotype: genotype: needs the JSON/);
    expect(() => chooseModel(`genotype:${path.join(folder, 'absent.json')}`)).toThrow(FormatError);
  });
});

describe('parseOperation', () => {
  it('reads what it writes down', () => {
    expect(parseOperation('cdc_2_1.6@0.3')).toEqual({ name: 'cdc_2_1.6@0.3', kind: 'cdc', expand: 1.6, theta: 0.3 });
    for (const kind of operationKinds) expect(parseOperation(kind)).toMatchObject({ kind, expand: null, theta: null });
  });

  it.each(['', 'CDC', 'cdc_3_1.6', 'binary_2_1.5', 'conv_2_0', 'conv_2_9', 'cdc@1.5', 'skip@0.5', 'cdc@-1'])(
    'refuses "%s"',
    (name) => {
      expect(() => parseOperation(name)).toThrow(ConfigError);
    },
  );
});
