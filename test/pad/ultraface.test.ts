import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { loadDetector } from '../../src/pad/boxes/detector.js';
import { type FaceDetector, surestFace } from '../../src/pad/boxes/surest-face.js';
import { expectDataError } from './helpers.js';

const file = path.join(fileURLToPath(new URL('../..', import.meta.url)), 'assets/detectors/ultraface-onnx.mjs');
const { createUltraFace } = (await import(pathToFileURL(file).href)) as {
  createUltraFace(options: { ort: unknown; model: string }): Promise<FaceDetector>;
};

/** An onnxruntime whose model answers with these scores and corners, and remembers what it was given. */
function fakeOrt(scores: readonly number[], corners: readonly number[]) {
  const seen: { dims: number[]; data: Float32Array }[] = [];
  class Tensor {
    constructor(
      readonly type: string,
      readonly data: Float32Array,
      readonly dims: number[],
    ) {}
  }
  const session = {
    inputNames: ['input'],
    async run({ input }: { input: Tensor }) {
      seen.push(input);
      const [scoreTensor, cornerTensor] = [
        new Tensor('float32', Float32Array.from(scores.flatMap((score) => [1 - score, score])), [1, scores.length, 2]),
        new Tensor('float32', Float32Array.from(corners), [1, scores.length, 4]),
      ];
      return { boxes: cornerTensor, scores: scoreTensor };
    },
  };
  return { Tensor, InferenceSession: { create: async () => session }, seen };
}

describe('the adapter for UltraFace', () => {
  // Red everywhere, green in the right half.
  const [width, height] = [640, 480];
  const data = Uint8Array.from(
    { length: width * height * 3 },
    (_, i) => [255, Math.floor(i / 3) % width >= width / 2 ? 127 : 0, 0][i % 3]!,
  );
  const picture = { data, width, height, values: 3 };

  it('gives faces in the picture’s own pixels, each once, the surest first', async () => {
    const corners = [
      [0.1, 0.2, 0.3, 0.6],
      [0.11, 0.2, 0.31, 0.6],
      [0.6, 0.5, 0.7, 0.75],
      [0, 0, 1, 1],
      [0.5, 0.5, 0.4, 0.6],
    ];
    const ort = fakeOrt([0.8, 0.9, 0.75, 0.3, 0.99], corners.flat());
    const detect = await createUltraFace({ ort, model: 'x.onnx' });
    const faces = await detect(picture);
    expect(faces.map(({ score }) => Number(score.toFixed(2)))).toEqual([0.9, 0.75]);
    const rounded = Object.fromEntries(Object.entries(faces[1]!).map(([key, value]) => [key, Math.round(value)]));
    expect(rounded).toMatchObject({ left: 384, top: 240, width: 64, height: 120 });
    expect((await surestFace(detect, picture, 'x', 0))!.left).toBeCloseTo(70.4, 3);
    const [{ dims, data: values }] = ort.seen as [{ dims: number[]; data: Float32Array }];
    expect(dims).toEqual([1, 3, 240, 320]);
    expect([values[0], values[240 * 320], values[240 * 320 + 319], values[2 * 240 * 320]]).toEqual([
      1,
      -127 / 128,
      0,
      -127 / 128,
    ]);
  });

  it('finds nothing where the model finds nothing, and says when the model is another', async () => {
    expect(await (await createUltraFace({ ort: fakeOrt([0.1], [0, 0, 1, 1]), model: 'x' }))(picture)).toEqual([]);
    const other = fakeOrt([0.9], [0, 0, 1]);
    const session = await other.InferenceSession.create();
    session.run = async () => ({}) as never;
    await expect((await createUltraFace({ ort: other, model: 'x.onnx' }))(picture)).rejects.toThrow('x.onnx does not answer');
  });

  it('is a detector module that asks for its model', async () => {
    const detect = await loadDetector(file);
    const error = await expectDataError(surestFace(detect, picture, 'video', 2), { reason: 'detector-failed', record: 2 });
    expect(error.message).toContain('GOSSAMER_FACE_MODEL');
  });
});
