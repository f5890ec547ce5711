/*
 * A face detector for `gossamer pad prepare --detector`: UltraFace, or any ONNX model of its form, run by onnxruntime-node. Neither comes
 * with Gossamer: install onnxruntime-node, download the model (version-RFB-320.onnx, about 1.2 MB, MIT licence, from the repository
 * Linzaer/Ultra-Light-Fast-Generic-Face-Detector-1MB), and name it:
 *
 *   GOSSAMER_FACE_MODEL=version-RFB-320.onnx npx gossamer pad prepare … --detector node_modules/gossamer/assets/detectors/ultraface-onnx.mjs
 *
 * Copy it and change what your model needs: a detector is a function from { data, width, height } (bytes; red, green, blue) to
 * [{ left, top, width, height, score }] in the picture's pixels; [] for no face.
 */

/** Form of the model: input [1, 3, height, width], (value - 127) / 128; outputs [1, n, 2] (not a face, a face) and [1, n, 4] (left, top, right, bottom from 0 to 1). */
const input = { width: 320, height: 240 };

/**
 * @param ort the module onnxruntime-node, or another with its interface
 * @param model path of the .onnx file
 * @param threshold least score of a face
 * @param overlap of two boxes (intersection over union) of which only the surer is kept
 */
export async function createUltraFace({ ort, model, threshold = 0.7, overlap = 0.4 }) {
  const session = await ort.InferenceSession.create(model);
  return async (picture) => {
    const { width, height } = input;
    const feeds = { [session.inputNames[0]]: new ort.Tensor('float32', toInput(picture), [1, 3, height, width]) };
    const outputs = Object.values(await session.run(feeds));
    const scores = outputs.find(({ dims }) => dims.at(-1) === 2)?.data;
    const corners = outputs.find(({ dims }) => dims.at(-1) === 4)?.data;
    if (!scores || !corners) throw new Error(`${model} does not answer with scores and boxes as UltraFace does`);
    const faces = [];
    for (let i = 0; i < scores.length / 2; i++) {
      const score = scores[2 * i + 1];
      if (score < threshold) continue;
      const [left, top, right, bottom] = corners.slice(4 * i, 4 * i + 4);
      if (right <= left || bottom <= top) continue;
      faces.push({
        left: left * picture.width,
        top: top * picture.height,
        width: (right - left) * picture.width,
        height: (bottom - top) * picture.height,
        score,
      });
    }
    return suppress(faces, overlap);
  };
}

/** Bilinear, without keeping the aspect: the model was made so. */
function toInput({ data, width, height }) {
  const values = new Float32Array(3 * input.width * input.height);
  for (let row = 0; row < input.height; row++) {
    const y = Math.min(height - 1, Math.max(0, ((row + 0.5) * height) / input.height - 0.5));
    const [above, below] = [Math.floor(y), Math.min(height - 1, Math.floor(y) + 1)];
    for (let column = 0; column < input.width; column++) {
      const x = Math.min(width - 1, Math.max(0, ((column + 0.5) * width) / input.width - 0.5));
      const [left, right] = [Math.floor(x), Math.min(width - 1, Math.floor(x) + 1)];
      for (let channel = 0; channel < 3; channel++) {
        const at = (r, c) => data[(r * width + c) * 3 + channel];
        const upper = at(above, left) + (x - left) * (at(above, right) - at(above, left));
        const lower = at(below, left) + (x - left) * (at(below, right) - at(below, left));
        values[(channel * input.height + row) * input.width + column] = (upper + (y - above) * (lower - upper) - 127) / 128;
      }
    }
  }
  return values;
}

function suppress(faces, overlap) {
  const kept = [];
  for (const face of faces.sort((a, b) => b.score - a.score)) {
    if (kept.every((other) => intersectionOverUnion(face, other) <= overlap)) kept.push(face);
  }
  return kept;
}

function intersectionOverUnion(a, b) {
  const across = Math.min(a.left + a.width, b.left + b.width) - Math.max(a.left, b.left);
  const down = Math.min(a.top + a.height, b.top + b.height) - Math.max(a.top, b.top);
  const shared = Math.max(0, across) * Math.max(0, down);
  return shared / (a.width * a.height + b.width * b.height - shared);
}

let detector = null;

export default async function detect(picture) {
  const model = process.env.GOSSAMER_FACE_MODEL;
  if (!model) throw new Error('GOSSAMER_FACE_MODEL must name the .onnx file of the model');
  detector ??= import('onnxruntime-node').then((ort) => createUltraFace({ ort, model }));
  return (await detector)(picture);
}
