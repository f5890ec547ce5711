import { createHash } from 'node:crypto';
import { afterAll, describe, expect, it } from 'vitest';
import { createEngine } from '../../../src/engine/index.js';
import { FormatError } from '../../../src/errors.js';
import { decodeOnnx } from '../../../src/freeze/onnx/decode.js';
import { encodeOnnx, onnxModel } from '../../../src/freeze/onnx/encode.js';
import { encodeModel } from '../../../src/freeze/onnx/protobuf.js';
import type { OnnxModel } from '../../../src/freeze/onnx/schema.js';
import { createModel } from '../../../src/models/index.js';

const engine = await createEngine({ threads: 1 });
afterAll(() => engine.dispose());

/** Without what the library adds, and without fields that are empty: both say the same. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return createHash('sha256').update(value).digest('hex');
  if (typeof value === 'number') return Math.fround(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).filter(
    ([key, field]) => !key.startsWith('$') && field !== undefined && !(Array.isArray(field) && field.length === 0),
  );
  return Object.fromEntries(fields.map(([key, field]) => [key, plain(field)]));
}

const float = { elemType: 1, shape: { dim: [{ dimValue: 2n }] } };
const valid: OnnxModel = {
  graph: {
    node: [
      { name: 'first', opType: 'Add', input: ['image', 'w'], output: ['a'] },
      { name: 'second', opType: 'Clip', input: ['a', '', 'w'], output: ['output'] },
    ],
    initializer: [{ name: 'w', dims: [2n], dataType: 1, rawData: new Uint8Array(8) }],
    input: [{ name: 'image', type: { tensorType: float } }],
    output: [{ name: 'output', type: { tensorType: float } }],
  },
};

type Graph = { node: Record<string, unknown>[]; initializer: Record<string, unknown>[]; input: object[]; output: object[] };

function changed(change: (graph: Graph) => void): Uint8Array {
  const model = structuredClone(valid);
  change(model.graph as unknown as Graph);
  return encodeModel(model);
}

describe('an exported ONNX file', () => {
  it.each([
    ['ftbnn-tiny', { scale: true, theta: 0.5 }, [12, 12, 1]],
    ['resnet20', { widths: [4, 8], blocks: [1, 1] }, [9, 8, 3]],
    ['dydensenet', { stages: [1, 1], growth: [4, 8], ties: 'drop' }, [8, 8, 3]],
    ['cdcnpp', { mapSize: 4 }, [16, 20, 3]],
  ] as const)('of %s %j reads back as the graph that was written, to the bit', async (name, options, input) => {
    const network = createModel(name as string, { engine, ...options });
    network.setProgress(1);
    const metadata = { labels: '["a","b"]', note: '' };
    const bytes = await encodeOnnx(network, { input: [...input], metadata });
    const decoded = await decodeOnnx(bytes, 'x.onnx');
    expect(plain(decoded)).toEqual(plain(onnxModel(network, { input: [...input], metadata })));
    expect(Buffer.compare(encodeModel(decoded as OnnxModel), bytes)).toBe(0);
    network.dispose();
  });

  it.each<[what: string, reason: string, text: RegExp, bytes: () => Uint8Array]>([
    ['is cut short', 'bad-onnx', /was cut short/, () => changed(() => {}).subarray(0, 40)],
    ['is another kind of file', 'bad-onnx', /is no ONNX file/, () => Buffer.from('{"format":"json"}')],
    ['holds nothing', 'bad-graph', /holds no graph/, () => new Uint8Array()],
    ['nests without end', 'bad-graph', /holds no graph/, () => new Uint8Array(200_000).fill(0x0b)],
    [
      'reads what is made later',
      'bad-graph',
      /node "first" \(Add\), which reads "output"/,
      () => changed(({ node }) => Object.assign(node[0]!, { input: ['output'] })),
    ],
    [
      'reads its own result',
      'bad-graph',
      /reads "a" before it is made/,
      () => changed(({ node }) => Object.assign(node[0]!, { input: ['a'] })),
    ],
    [
      'makes a value twice',
      'bad-graph',
      /makes "a" twice/,
      () => changed(({ node }) => Object.assign(node[1]!, { output: ['a'] })),
    ],
    [
      'makes its image itself',
      'bad-graph',
      /makes "image" twice/,
      () => changed(({ node }) => Object.assign(node[1]!, { output: ['image'] })),
    ],
    [
      'has no such output',
      'bad-graph',
      /an output "output" that nothing makes/,
      () => changed(({ node }) => Object.assign(node[1]!, { output: ['b'] })),
    ],
    [
      'lies about a shape',
      'bad-graph',
      /tensor "w" \[3\] of 8 bytes/,
      () => changed(({ initializer }) => Object.assign(initializer[0]!, { dims: [3n] })),
    ],
    [
      'has a shape that overflows',
      'bad-graph',
      /tensor "w" \[4294967296, 4294967296, 2\]/,
      () => changed(({ initializer }) => Object.assign(initializer[0]!, { dims: [2n ** 32n, 2n ** 32n, 2n] })),
    ],
    [
      'has a negative shape',
      'bad-graph',
      /tensor "w" \[-1, -2\]/,
      () => changed(({ initializer }) => Object.assign(initializer[0]!, { dims: [-1n, -2n] })),
    ],
    [
      'has an unknown element type',
      'bad-graph',
      /element type 16/,
      () => changed(({ initializer }) => Object.assign(initializer[0]!, { dataType: 16 })),
    ],
    [
      'has a value without a name',
      'bad-graph',
      /a result of node "first" without a name/,
      () => changed(({ node }) => Object.assign(node[0]!, { output: [''] })),
    ],
  ])('that %s is refused', async (_what, reason, text, bytes) => {
    const refusal = expect(decodeOnnx(bytes(), 'x.onnx')).rejects;
    await refusal.toBeInstanceOf(FormatError);
    await refusal.toMatchObject({ reason, file: 'x.onnx', message: expect.stringMatching(text) });
  });

  it('is taken when nothing of that is so', async () => {
    expect(
      (
        await decodeOnnx(
          changed(() => {}),
          'x.onnx',
        )
      ).graph.node,
    ).toHaveLength(2);
  });
});
