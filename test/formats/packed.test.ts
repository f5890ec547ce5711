import { beforeAll, describe, expect, it, vi } from 'vitest';
import { FormatError } from '../../src/errors.js';
import { packBits, unpackBits } from '../../src/formats/packed/bits.js';
import { channelOrder } from '../../src/formats/packed/contract.js';
import { noFinish, type Step } from '../../src/formats/packed/graph.js';
import { decodePackedModel, encodePackedModel, type PackedModel } from '../../src/formats/packed/model.js';
import { decodeSafetensors, encodeSafetensors } from '../../src/formats/safetensors.js';

type Model = Omit<PackedModel, 'digest'>;
/** A model to tell lies in. */
type Parts = { graph: Record<string, unknown>; contract: Record<string, unknown>; tensors: Map<string, unknown> };

const windows = { stride: 1, padding: 1, dilation: 1, groups: 1 };

/** Signs, a 1-bit 3x3 convolution with scale and shortcut, scores. */
function model(change: (parts: Parts) => void = () => {}): Model {
  const floats = (shape: number[]) => ({
    dtype: 'F32',
    shape,
    data: new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(0.5),
  });
  const steps: Step[] = [
    { operator: 'signs', inputs: [0], output: 1, layer: 'a' },
    {
      ...{ operator: 'binaryConvolution', inputs: [1, 0], output: 2, layer: 'a.conv', ...windows, weight: 'w' },
      finish: { ...noFinish, scale: 's', shortcut: true, activation: 'prelu', negative: 'n' },
    },
    { operator: 'globalAveragePool', inputs: [2], output: 3, layer: '' },
  ];
  const parts = {
    graph: {
      values: [
        { form: 'floats', shape: [4, 5, 3], groups: 1 },
        { form: 'signs', shape: [4, 5, 3], groups: 1 },
        { form: 'floats', shape: [4, 5, 3], groups: 1 },
        { form: 'floats', shape: [1, 1, 3], groups: 1 },
      ],
      steps,
      output: 3,
    },
    contract: {
      ...{ task: 'classification', channels: channelOrder(3), source: { size: [4, 5], fit: 'cover' }, prepare: [] },
      ...{ mean: [0, 0, 0], std: [1, 1, 1], labels: ['x', 'y', 'z'] },
    },
    provenance: { made: 'here' },
    tensors: new Map<string, unknown>([
      ['w', { dtype: 'U8', shape: [3, 3, 3, 1], data: new Uint8Array(27).fill(5) }],
      ['s', floats([3])],
      ['n', floats([3])],
    ]),
  };
  change(parts as unknown as Parts);
  return parts as unknown as Model;
}

/** The same convolution twice, the first one's integers as signs by thresholds. */
function thresholdModel(change: (parts: Parts) => void = () => {}): Model {
  return model((parts) => {
    const { values, steps } = parts.graph as { values: object[]; steps: object[] };
    values.splice(2, 0, { form: 'signs', shape: [4, 5, 3], groups: 1 });
    const first = {
      operator: 'binaryConvolutionSigns',
      inputs: [1],
      output: 2,
      layer: 'b',
      ...windows,
      weight: 'v',
      thresholds: 't',
    };
    steps.splice(1, 0, first);
    edit(parts, 'steps', 2, { inputs: [2, 0], output: 3 });
    edit(parts, 'steps', 3, { inputs: [3], output: 4 });
    edit(parts, 'output', null, 4);
    setTensor(parts, 'v', { dtype: 'U8', shape: [3, 3, 3, 1], data: new Uint8Array(27).fill(6) });
    setTensor(parts, 't', { dtype: 'F32', shape: [3], data: Float32Array.of(-27, 3, 28) });
    change(parts);
  });
}

async function expectRefused(bytes: Uint8Array, reason: string, text: RegExp = /^m: /): Promise<void> {
  const refusal = expect(decodePackedModel(bytes, 'm')).rejects;
  await refusal.toBeInstanceOf(FormatError);
  await refusal.toMatchObject({ reason, file: 'm', message: expect.stringMatching(text) });
}

let file: Uint8Array;
beforeAll(async () => {
  file = await encodePackedModel(model());
});

describe('a packed model', () => {
  it('comes back as it was, and the same model gives the same bytes', async () => {
    const { digest, ...read } = await decodePackedModel(file, 'm');
    expect(read).toEqual(model());
    expect(digest).toMatch(/^[0-9a-f]{64}$/);
    expect(await encodePackedModel(model())).toEqual(file);
  });

  it('is refused when a byte of its data was changed, or one of its metadata', async () => {
    const data = Uint8Array.from(file);
    data[data.length - 1]! ^= 1;
    await expectRefused(data, 'wrong-digest');
    const { tensors, metadata } = decodeSafetensors(file, 'm');
    const other = encodeSafetensors(tensors, { ...metadata, provenance: '{"made":"elsewhere"}' });
    await expectRefused(other, 'wrong-digest');
    // Pages over plain http have no SHA-256 of the browser's.
    vi.stubGlobal('crypto', {});
    await expectRefused(data, 'wrong-digest');
    expect((await decodePackedModel(file, 'm')).tensors.size).toBe(3);
    vi.unstubAllGlobals();
  });

  it('is refused when it is another kind of file, or of another version', async () => {
    await expectRefused(encodeSafetensors(new Map()), 'not-packed');
    const { tensors, metadata } = decodeSafetensors(file, 'm');
    await expectRefused(encodeSafetensors(tensors, { ...metadata, version: '2' }), 'unknown-version');
  });

  /** What a file can lie about, in JSON and tensors that its digest covers. */
  const lies: readonly (readonly [what: string, reason: string, text: RegExp, change: (parts: Parts) => void])[] = [
    ['a value read before it is made', 'bad-graph', /step 0 \(a\) reads \[2\]/, (m) => edit(m, 'steps', 0, { inputs: [2] })],
    [
      'a value made twice',
      'bad-graph',
      /step 1 \(a\.conv\) makes value 1 and must make 2/,
      (m) => edit(m, 'steps', 1, { output: 1 }),
    ],
    ['an unknown operator', 'bad-graph', /operator "sine"/, (m) => edit(m, 'steps', 0, { operator: 'sine' })],
    ['an unknown field', 'bad-graph', /a field "speed"/, (m) => edit(m, 'steps', 0, { speed: 1 })],
    ['a missing field', 'bad-graph', /has no stride/, (m) => edit(m, 'steps', 1, { stride: undefined })],
    ['a stride of 0', 'bad-graph', /stride 0 and needs/, (m) => edit(m, 'steps', 1, { stride: 0 })],
    ['groups that do not divide', 'bad-graph', /2 groups of 3 channels/, (m) => edit(m, 'steps', 1, { groups: 2 })],
    ['a tensor that is not there', 'bad-graph', /needs a tensor "v"/, (m) => edit(m, 'steps', 1, { weight: 'v' })],
    ['a shortcut of another shape', 'bad-graph', /inputs behind those/, (m) => edit(m, 'steps', 1, { inputs: [1] })],
    ['floats where signs are read', 'bad-graph', /reads floats and needs signs/, (m) => edit(m, 'steps', 1, { inputs: [0, 0] })],
    ['a wrong shape', 'bad-graph', /makes floats \[4, 5, 3\]; the file says/, (m) => edit(m, 'values', 2, { shape: [4, 4, 3] })],
    ['a shape that overflows', 'bad-graph', /elements; up to/, (m) => edit(m, 'values', 0, { shape: [65536, 65536, 3] })],
    ['a fractional shape', 'bad-graph', /whole numbers/, (m) => edit(m, 'values', 0, { shape: [4, 5.5, 3] })],
    [
      'slopes without an activation',
      'bad-graph',
      /too many slopes/,
      (m) => edit(m, 'steps', 1, { finish: { ...noFinish, scale: 's', shortcut: true, negative: 'n' } }),
    ],
    [
      'a tensor of another shape',
      'bad-graph',
      /needs F32 \[3\]/,
      (m) => setTensor(m, 's', { dtype: 'F32', shape: [4], data: new Float32Array(4) }),
    ],
    [
      'a tensor that nothing uses',
      'bad-graph',
      /no step uses its tensor "more"/,
      (m) => setTensor(m, 'more', { dtype: 'F32', shape: [1], data: new Float32Array(1) }),
    ],
    ['an output that is signs', 'bad-graph', /no value of floats/, (m) => edit(m, 'output', null, 1)],
    ['labels of another number', 'bad-contract', /a name for each of 3 scores/, (m) => edit(m, 'labels', null, ['x'])],
    ['a std of 0', 'bad-contract', /std is not positive/, (m) => edit(m, 'std', null, [1, 0, 1])],
    [
      'a crop that is larger than its image',
      'bad-contract',
      /center-crop of 4 x 5 is larger than the image of 4 x 4/,
      (m) => {
        edit(m, 'source', null, { size: [4, 4], fit: 'fill' });
        edit(m, 'prepare', null, [{ name: 'center-crop', size: [4, 5] }]);
      },
    ],
    [
      'a source of another size',
      'bad-contract',
      /9 x 5 pixels in the end/,
      (m) => edit(m, 'source', null, { size: [9, 5], fit: 'cover' }),
    ],
  ];

  it.each(lies)('with %s is refused', async (_what, reason, text, change) => {
    const lying = await encodePackedModel(model(change));
    await expectRefused(lying, reason, text);
  });
});

describe('thresholds', () => {
  it('come back as they were', async () => {
    const { digest: _, ...read } = await decodePackedModel(await encodePackedModel(thresholdModel()), 'm');
    expect(read).toEqual(thresholdModel());
  });

  const thresholds = (...values: number[]) => ({ dtype: 'F32', shape: [values.length], data: Float32Array.from(values) });
  it.each<[what: string, text: RegExp, change: (parts: Parts) => void]>([
    ['that are not whole', /step 1 \(b\) has a threshold 0\.5 and needs whole/, (m) => setTensor(m, 't', thresholds(0, 0.5, 1))],
    ['that are no numbers', /has a threshold NaN/, (m) => setTensor(m, 't', thresholds(0, Number.NaN, 1))],
    ['without an end', /has a threshold Infinity/, (m) => setTensor(m, 't', thresholds(0, Number.POSITIVE_INFINITY, 1))],
    [
      'below all integers',
      /has a threshold -28 and needs whole numbers from -27 to 28/,
      (m) => setTensor(m, 't', thresholds(-28, 0, 1)),
    ],
    ['further above them', /has a threshold 29/, (m) => setTensor(m, 't', thresholds(0, 29, 1))],
    ['of another number of channels', /needs F32 \[3\]/, (m) => setTensor(m, 't', thresholds(0, 1))],
    ['that are missing', /needs a tensor "u"/, (m) => edit(m, 'steps', 1, { thresholds: 'u' })],
    ['beside a finish', /a field "finish"/, (m) => edit(m, 'steps', 1, { finish: noFinish })],
    [
      'of a step that says it makes floats',
      /makes signs \[4, 5, 3\]; the file says floats/,
      (m) => edit(m, 'values', 2, { form: 'floats' }),
    ],
    ['of a step that reads floats', /reads floats and needs signs/, (m) => edit(m, 'steps', 1, { inputs: [0] })],
    ['of a step with a second input', /has 2 inputs and needs 1/, (m) => edit(m, 'steps', 1, { inputs: [1, 1] })],
    ['for signs of other groups', /has 1 groups, and reads signs of 3/, (m) => edit(m, 'values', 2, { groups: 3 })],
  ])('%s are refused', async (_what, text, change) => {
    await expectRefused(await encodePackedModel(thresholdModel(change)), 'bad-graph', text);
  });
});

/** Changes fields of an element of one of the graph's lists, or, without an index, one of the graph or contract. */
function edit(parts: Parts, field: string, index: number | null, change: unknown): void {
  if (index !== null) Object.assign((parts.graph[field] as object[])[index]!, change);
  else if (field in parts.graph) parts.graph[field] = change;
  else parts.contract[field] = change;
}

function setTensor(parts: Parts, name: string, tensor: unknown): void {
  parts.tensors.set(name, tensor);
}

describe('bits', () => {
  it.each([1, 7, 8, 9, 64])('of rows of %i come back as signs', (length) => {
    const values = Float32Array.from({ length: 3 * length }, (_, i) => (i % 3 === 1 ? 0 : Math.sin(i * i)));
    expect(unpackBits(packBits(values, length), length)).toEqual(values.map((value) => (value >= 0 ? 1 : -1)));
  });
});
