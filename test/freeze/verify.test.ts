import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEngine, type Engine } from '../../src/engine/index.js';
import { ConfigError, FreezeError } from '../../src/errors.js';
import { fuse } from '../../src/freeze/fuse.js';
import { lower } from '../../src/freeze/lower.js';
import { type Packing, pack } from '../../src/freeze/pack.js';
import { trace } from '../../src/freeze/trace.js';
import { verify } from '../../src/freeze/verify.js';
import { createModel } from '../../src/models/index.js';
import { Conv2d, type Module, Sequential } from '../../src/nn/index.js';
import { Rng } from '../../src/tensor/rng.js';

let engine: Engine;
let model: Module;
const input = [8, 8, 3];
const image = Float32Array.from({ length: 8 * 8 * 3 }, (_, i) => Math.sin(i * i));

beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
  model = createModel('ftbnn-compact-cifar', { engine, seed: 2, widths: [16, 32], blocks: [1, 1], strides: [1, 2] }).eval();
});
afterAll(() => engine.dispose());

/** A packing of the model with one tensor changed in place, that of the first step for which `choose` is true. */
function faulty(operator: string, field: 'weight' | 'scale', change: (first: number) => number): [Packing, string] {
  const packing = pack(fuse(lower(trace(model, input), model)));
  const step = packing.graph.steps.find((candidate) => candidate.operator === operator)!;
  const names = step as unknown as { weight: string; finish: { scale: string } };
  const data = packing.tensors.get(field === 'weight' ? names.weight : names.finish.scale)!.data as Float32Array;
  data[0] = change(data[0]!);
  return [packing, step.layer];
}

function multiply(data: Float32Array, factor: number): void {
  data.set(data.map((value) => value * factor));
}

describe('verify', () => {
  it('finds nothing in a packing as it was made', () => {
    const packing = pack(fuse(lower(trace(model, input), model)));
    const { verification, answers } = verify(model, trace(model, input), packing, engine, [image]);
    const { images, signs, largestDifference, whole } = verification;
    expect(images).toBe(1);
    expect(signs).toBeGreaterThan(1000);
    expect(largestDifference).toBeLessThan(1e-4);
    expect(whole).toMatchObject({ bound: null, otherSigns: 0, sameBest: 1 });
    expect(whole.largestDifference).toBeLessThan(1e-4);
    expect(answers).toEqual([{ image, answer: expect.any(Float32Array) }]);
    expect(answers[0]!.answer).toHaveLength(10);
  });

  it('finds steps that are near enough one by one, and not from the image to the answer', () => {
    const rng = new Rng(1);
    const chain = new Sequential(...Array.from({ length: 12 }, () => new Conv2d(3, 3, { kernel: 3, padding: 1, rng })))
      .to(engine)
      .eval();
    const traced = trace(chain, input);
    const packing = pack(fuse(lower(traced, chain)));
    const { whole } = verify(chain, traced, packing, engine, [image]).verification;
    expect(whole).toMatchObject({ bound: 1e-3, sameBest: null });
    for (const { data } of packing.tensors.values()) multiply(data as Float32Array, 1 + 1.5e-4);
    expect(() => verify(chain, traced, packing, engine, [image])).toThrow(
      expect.objectContaining({ layer: 'the network as a whole', bound: 1e-3 }),
    );
    chain.dispose();
  });

  it('counts the signs that a rounding decides otherwise on the way, and goes on', () => {
    const traced = trace(model, input);
    const packing = pack(fuse(lower(traced, model)));
    // Where the image is 0 the stem makes zeros, and the slightest change of its bias makes other signs of them.
    const half = image.map((value, i) => (i < image.length / 2 ? value : 0));
    const stem = packing.graph.steps.find(({ operator }) => operator === 'convolution') as
      | { finish: { bias: string } }
      | undefined;
    (packing.tensors.get(stem!.finish.bias)!.data as Float32Array).fill(-1e-6);
    const { signs, whole } = verify(model, traced, packing, engine, [half]).verification;
    expect(signs).toBeGreaterThan(whole.otherSigns);
    expect(whole.otherSigns).toBeGreaterThan(100);
    expect(whole.largestDifference).toBeGreaterThan(1e-3);
  });

  it.each([
    ['one bit of a 1-bit weight', 'binaryConvolution', 'weight', (first: number) => first ^ 1],
    ['one real weight', 'convolution', 'weight', (first: number) => first + 0.1],
    ['a scale', 'binaryConvolution', 'scale', (first: number) => first * 1.01],
  ] as const)('finds %s that is another, and names the layer', (_what, operator, field, change) => {
    const [packing, layer] = faulty(operator, field, change);
    const attempt = () => verify(model, trace(model, input), packing, engine, [image]);
    expect(attempt).toThrow(FreezeError);
    expect(attempt).toThrow(expect.objectContaining({ layer, difference: expect.any(Number) }));
  });

  it('refuses a model whose own results are not finite, naming where they begin', () => {
    const broken = createModel('resnet20', { engine, seed: 1, widths: [4], blocks: [1] }).eval();
    broken.parameters().get('blocks.0.norm1.bias')!.write(new Float32Array(4).fill(Number.POSITIVE_INFINITY));
    const packing = pack(fuse(lower(trace(broken, input), broken)));
    const attempt = () => verify(broken, trace(broken, input), packing, engine, [image]);
    expect(attempt).toThrow(ConfigError);
    expect(attempt).toThrow(/not finite in blocks\.0\.conv1/);
    broken.dispose();
  });

  it('gives the engine its memory back, found or not', () => {
    const before = engine.memory().bytesInUse;
    const [packing] = faulty('convolution', 'weight', (first) => first + 0.1);
    expect(() => verify(model, trace(model, input), packing, engine, [image])).toThrow(FreezeError);
    expect(engine.memory().bytesInUse).toBe(before);
  });
});
