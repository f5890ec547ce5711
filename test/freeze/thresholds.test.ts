import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEngine, type Engine } from '../../src/engine/index.js';
import { FreezeError } from '../../src/errors.js';
import { decodePackedModel, encodePackedModel } from '../../src/formats/packed/model.js';
import { type FrozenModel, freeze, frozenLayers } from '../../src/freeze/index.js';
import { lower } from '../../src/freeze/lower.js';
import { pack } from '../../src/freeze/pack.js';
import { joinThresholds } from '../../src/freeze/thresholds.js';
import { trace } from '../../src/freeze/trace.js';
import { verify } from '../../src/freeze/verify.js';
import { createModel } from '../../src/models/index.js';
import { BatchNorm2d, BinaryConv2d, Conv2d, FPReLU, Module, PReLU } from '../../src/nn/index.js';
import * as ops from '../../src/ops/index.js';
import { Plan } from '../../src/runtime/plan.js';
import { Rng } from '../../src/tensor/rng.js';
import { scope } from '../../src/tensor/scope.js';
import { Tensor } from '../../src/tensor/tensor.js';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.dispose());

const CHANNELS = 24;
const input = [9, 8, 3];
type Behind = (x: Tensor, network: Chain) => Tensor;
interface Sizes {
  readonly groups?: number;
  readonly nextGroups?: number;
  readonly channels?: number;
  readonly scale?: boolean;
}

/** A real stem; a 1-bit convolution, a norm and what a test puts behind; a 1-bit convolution of one pixel, whose sums are the answer. */
class Chain extends Module {
  private readonly rng = new Rng(1);
  readonly stem: Conv2d;
  readonly conv: BinaryConv2d;
  readonly norm: BatchNorm2d;
  readonly fprelu: FPReLU;
  readonly prelu: PReLU;
  readonly norm2: BatchNorm2d;
  readonly next: BinaryConv2d;

  constructor(
    private readonly behind: Behind,
    { groups = 1, nextGroups = 1, channels = CHANNELS, scale = false }: Sizes = {},
  ) {
    super();
    const { rng } = this;
    this.stem = new Conv2d(3, 16, { kernel: 3, padding: 1, rng });
    this.conv = new BinaryConv2d(16, channels, { kernel: 3, padding: 1, groups, scale, rng });
    this.norm = new BatchNorm2d(channels);
    this.fprelu = new FPReLU(channels);
    this.prelu = new PReLU(channels);
    this.norm2 = new BatchNorm2d(channels);
    this.next = new BinaryConv2d(channels, 8, { kernel: 1, groups: nextGroups, rng });
  }

  forward(x: Tensor): Tensor {
    const image = this.stem.forward(x);
    return this.next.forward(this.behind(this.norm.forward(this.conv.forward(image)), this));
  }
}

const fill = (length: number, values: readonly number[]) => Float32Array.from({ length }, (_, c) => values[c % values.length]!);

/** Scales of both signs and 0, thresholds inside and beyond the range of sums; slopes as given. */
function chain(behind: Behind, slopes: readonly [positive: number, negative: number] = [0.7, 0.2], sizes: Sizes = {}): Chain {
  const model = new Chain(behind, sizes);
  model.to(engine);
  const { norm, norm2, fprelu, prelu } = model;
  const channels = sizes.channels ?? CHANNELS;
  const rng = new Rng(7);
  norm.weight.write(fill(channels, [0.9, -1.1, 0, 0.4, -0.2]));
  norm.bias.write(Float32Array.from({ length: channels }, (_, c) => (c % 7 === 0 ? 30 : c % 7 === 1 ? -30 : 0.4 * rng.normal())));
  norm.runningMean.write(Float32Array.from({ length: channels }, () => 6 * rng.normal()));
  norm.runningVariance.write(Float32Array.from({ length: channels }, () => 50 + 100 * rng.uniform()));
  norm2.bias.write(Float32Array.from({ length: channels }, () => 0.3 * rng.normal()));
  const [positive, negative] = slopes;
  for (const [path, entry] of fprelu.parameters()) entry.write(fill(channels, [path.includes('ositive') ? positive : negative]));
  for (const [, entry] of prelu.parameters()) entry.write(fill(channels, [negative]));
  return model.eval();
}

function operatorsOf({ graph }: FrozenModel): readonly string[] {
  return graph.steps.map(({ operator }) => operator);
}

/** Images, the model's answers and the packed model's, which are sums of signs: equal to the bit if the signs are. */
async function expectSameAnswers(model: Module, frozen: FrozenModel): Promise<void> {
  const packed = await decodePackedModel(await encodePackedModel(frozen), 'm');
  const plan = new Plan(packed, engine);
  const rng = new Rng(3);
  const images = Float32Array.from({ length: 3 * 9 * 8 * 3 }, () => rng.normal());
  const expected = scope(engine, () => Float32Array.from(model.forward(Tensor.from(engine, images, [3, ...input])).toArray()));
  expect(new Set(expected).size).toBeGreaterThan(3);
  expect(plan.run(3, images)).toEqual(expected);
  plan.dispose();
}

const THRESHOLDS = ['convolution', 'signs', 'binaryConvolutionSigns', 'binaryConvolution'];

describe('a batch norm and an activation before signs become thresholds', () => {
  it.each<[what: string, behind: Behind, slopes?: readonly [number, number], sizes?: Sizes]>([
    ['nothing', (x) => x],
    ['prelu', (x, { prelu }) => prelu.forward(x)],
    ['prelu of slopes below 0', (x, { prelu }) => prelu.forward(x), [1, -0.3]],
    ['prelu of slopes 0', (x, { prelu }) => prelu.forward(x), [1, 0]],
    ['prelu of slopes that underflow', (x, { prelu }) => prelu.forward(x), [1, 1e-45]],
    ['prelu of computed slopes', (x, { prelu }) => ops.prelu(x, ops.sigmoid(prelu.negative.value))],
    ['fprelu', (x, { fprelu }) => fprelu.forward(x)],
    ['fprelu that turns signs', (x, { fprelu }) => fprelu.forward(x), [-0.7, -0.2]],
    ['hard tanh', (x) => ops.hardTanh(x)],
    ['prelu and another norm', (x, { prelu, norm2 }) => norm2.forward(prelu.forward(x))],
    ['scaled sums', (x) => x, undefined, { scale: true }],
    ['groups before', (x) => x, undefined, { groups: 2 }],
    ['groups behind', (x) => x, undefined, { nextGroups: 2 }],
    ['channels that bytes do not fill', (x) => x, undefined, { channels: 21 }],
  ])('%s', async (_what, behind, slopes, sizes) => {
    const model = chain(behind, slopes, sizes);
    const frozen = freeze(model, { input });
    expect(operatorsOf(frozen)).toEqual(THRESHOLDS);
    const layer = frozenLayers(frozen)[2]!;
    expect(layer).toMatchObject({ layer: 'conv', folded: ['threshold'], signs: true, weights: 'bits', macs: 0 });
    expect(layer.binaryMacs).toBeGreaterThan(0);
    expect(frozen.parts[2]!.map(({ layer }) => layer)).toEqual(expect.arrayContaining(['conv', 'norm']));
    await expectSameAnswers(model, frozen);
    model.dispose();
  });

  it('keeps thresholds at the ends where a channel has one sign: all +1 behind a ReLU', () => {
    const model = chain((x) => ops.relu(x));
    const { graph, tensors } = freeze(model, { input });
    const step = graph.steps.find(({ operator }) => operator === 'binaryConvolutionSigns');
    const { thresholds } = step as unknown as { thresholds: string };
    expect(tensors.get(thresholds)!.data).toEqual(fill(CHANNELS, [-144]));
    model.dispose();
  });

  it.each<[what: string, behind: Behind, slopes?: readonly [number, number]]>([
    ['a shortcut', (x, { norm2 }) => ops.add(norm2.forward(x), x)],
    ['floats that another step reads too', (x) => ops.add(x, ops.maxPool(x, { kernel: 3, stride: 1, padding: 1 }))],
    ['a pooling', (x) => ops.maxPool(x, { kernel: 3, stride: 1, padding: 1 })],
  ])('not with %s', (_what, behind, slopes) => {
    const model = chain(behind, slopes);
    const operators = operatorsOf(freeze(model, { input }));
    expect(operators).not.toContain('binaryConvolutionSigns');
    expect(operators.filter((operator) => operator === 'signs')).toHaveLength(2);
    model.dispose();
  });

  it('not where signs change twice along the integers', async () => {
    // x >= 0 goes to x <= 0, x < 0 stays: + at 0 alone, which the mean is at.
    const model = chain((x, { fprelu }) => fprelu.forward(x), [-0.5, 0.5]);
    model.norm.bias.write(new Float32Array(CHANNELS));
    model.norm.runningMean.write(new Float32Array(CHANNELS));
    const frozen = freeze(model, { input });
    expect(operatorsOf(frozen)).toEqual(['convolution', 'signs', 'binaryConvolution', 'signs', 'binaryConvolution']);
    model.dispose();
  });

  it('not in networks whose 1-bit layers have shortcuts', () => {
    const model = createModel('ftbnn-compact-cifar', { engine, seed: 2, widths: [16, 32], blocks: [1, 1], strides: [1, 2] });
    const traced = trace(model.eval(), [8, 8, 3]);
    const draft = lower(traced, model);
    expect(joinThresholds(draft, traced, model, engine).steps).toEqual(draft.steps);
    model.dispose();
  });
});

describe('verify', () => {
  it.each(['thresholds', 'weight'])('finds one of the %s that is another, and names the layer', (field) => {
    const model = chain((x) => x);
    const traced = trace(model, input);
    const packing = pack(joinThresholds(lower(traced, model), traced, model, engine));
    const step = packing.graph.steps.find(({ operator }) => operator === 'binaryConvolutionSigns')!;
    const data = packing.tensors.get((step as unknown as Record<string, string>)[field]!)!.data as Float32Array;
    const image = Float32Array.from({ length: 9 * 8 * 3 }, (_, i) => Math.sin(i * i));
    expect(verify(model, traced, packing, engine, [image]).verification.signs).toBeGreaterThan(1000);
    // Channel 3 has a threshold within the range of sums.
    if (field === 'thresholds') data[3]! += 6;
    else for (let i = 3 * 18; i < 4 * 18; i++) data[i]! ^= 255;
    const attempt = () => verify(model, traced, packing, engine, [image]);
    expect(attempt).toThrow(FreezeError);
    expect(attempt).toThrow(expect.objectContaining({ layer: 'conv' }));
    model.dispose();
  });
});
