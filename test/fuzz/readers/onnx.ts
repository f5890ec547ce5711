import { createEngine } from '#dist/engine/index.js';
import { FormatError } from '#dist/errors.js';
import { encodeOnnx } from '#dist/freeze/index.js';
import { decodeOnnx } from '#dist/freeze/onnx/decode.js';
import { encodeModel } from '#dist/freeze/onnx/protobuf.js';
import type { OnnxModel } from '#dist/freeze/onnx/schema.js';
import { createModel } from '#dist/models/index.js';
import { agree, type Reader, type Sample } from '../reader.js';

const engine = await createEngine({ threads: 1 });

async function sample(model: string, options: object, input: readonly [number, number, number]): Promise<Sample> {
  const network = createModel(model as string, { engine, seed: 1, classes: 3, ...options });
  network.setProgress(1);
  const bytes = await encodeOnnx(network, { input, metadata: { labels: '["a","b","c"]' } });
  network.dispose();
  const seams = ['weight', 'image', 'output', 'Conv', 'bias']
    .map((word) => Buffer.from(bytes).indexOf(word))
    .filter((at) => at > 0);
  return { name: model, bytes, seams: [...seams, ...seams.map((at) => at - 2)] };
}

export const onnx: Reader = {
  name: 'onnx',
  samples: [
    await sample('ftbnn-tiny', { widths: [8], blocks: [1], strides: [1] }, [6, 6, 1]),
    await sample('resnet20', { widths: [4], blocks: [1], theta: 0.7 }, [5, 4, 3]),
    await sample('dydensenet', { stages: [1], growth: [4], stemStride: 2 }, [8, 8, 3]),
  ],
  refusesWith: FormatError,
  async read(bytes) {
    const model = await decodeOnnx(bytes, 'x.onnx');
    const file = Buffer.from(bytes);
    for (const { name, rawData } of model.graph.initializer) {
      agree(file.includes(Buffer.from(rawData)), `the numbers of "${name}" are not in the file`);
    }
    const again = await decodeOnnx(encodeModel(model as OnnxModel), 'again.onnx');
    agree(again.graph.node.length === model.graph.node.length, 'written and read again, it has other nodes');
  },
  tokens: [
    ...['Conv', 'Sign', 'image', 'output', ''].map((text) => Buffer.from(`\x0a${String.fromCharCode(text.length)}${text}`)),
    // Groups within groups, which protobuf has given up but readers skip, and numbers that never end.
    Buffer.from('\x0b'.repeat(5000)),
    Buffer.from('\xff'.repeat(12), 'latin1'),
    Buffer.from('\x3a\xff\xff\xff\xff\x07', 'latin1'),
    Buffer.from([0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]),
  ],
};
