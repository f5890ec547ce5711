import type { Engine } from '../engine/engine.js';
import { FormatError, ShapeError, VerificationError } from '../errors.js';
import { type StoredTensor, toFloat32 } from '../formats/dtypes.js';
import { readFileChecked } from '../formats/file.js';
import { decodeGolden, type GoldenFile } from '../formats/golden.js';
import { nchwToNhwc } from '../formats/layout.js';
import { type Agreement, agreement, type Bound, networkBound } from '../metrics/agreement.js';
import type { Module } from '../nn/module.js';
import { scope } from '../tensor/scope.js';
import { formatShape, sameShape } from '../tensor/shape.js';
import { Tensor } from '../tensor/tensor.js';

/** How near a network's answers come to those of a reference file. */
export interface Verification extends Agreement {
  readonly file: string;
  /** Answers compared. */
  readonly compared: number;
  readonly bound: Bound;
}

/** Names of the answers that a reference file may have. */
const answerNames = ['y', 'logits'] as const;

/**
 * Runs the network in evaluation on the images of a golden file (`x`, [batch, channels, height, width]) and compares with its answers (`y`
 * or `logits`), within the bound that the file states (`bound_y`, `bound_logits`: absolute) or else that of networks.
 * @param model on `engine`; left in its evaluation form
 * @throws FormatError as `decodeGolden`, or with reason `no-tensor`; ShapeError when images or answers are not of this network;
 *   VerificationError when an answer is outside the bound
 */
export async function verifyAnswers(model: Module, file: string, engine: Engine): Promise<Verification> {
  const golden = decodeGolden(await readFileChecked(file), file);
  const x = tensorOf(golden, ['x'], file);
  const y = tensorOf(golden, answerNames, file);
  if (x.shape.length !== 4) {
    throw new ShapeError(`verifying by x of ${file}`, formatShape(x.shape), '[batch, channels, height, width]');
  }
  const images = nchwToNhwc(toFloat32(x), x.shape);
  const answers = scope(engine, () => {
    const output = model.eval().forward(Tensor.from(engine, images.data, images.shape, 'float32', 'x'));
    if (!sameShape(output.shape, y.shape)) {
      throw new ShapeError(
        `verifying by ${y.name} of ${file}`,
        formatShape(y.shape),
        `${formatShape(output.shape)}, as the network answers`,
      );
    }
    return output.toArray();
  });
  const bound = boundOf(golden, y.name);
  const result: Verification = { file, compared: answers.length, bound, ...agreement(answers, toFloat32(y), bound) };
  refuse(result);
  return result;
}

function tensorOf({ tensors }: GoldenFile, names: readonly string[], file: string): StoredTensor & { readonly name: string } {
  for (const name of names) {
    const tensor = tensors.get(name);
    if (tensor) return { name, ...tensor };
  }
  const has = [...tensors.keys()].slice(0, 10).join(', ') || 'nothing';
  throw new FormatError(file, 'no-tensor', `has no tensor ${names.join(' or ')}; it has ${has}.`);
}

function boundOf({ attributes }: GoldenFile, name: string): Bound {
  const own = attributes[`bound_${name}`];
  return typeof own === 'number' && own >= 0 ? { relative: 0, absolute: own } : networkBound;
}

/** @throws VerificationError */
function refuse({ file, compared, outside, largestDifference, largestShare }: Verification): void {
  if (outside === 0) return;
  const share = Number.isFinite(largestShare) ? `, ${largestShare.toPrecision(3)} times what is allowed` : '';
  throw new VerificationError(
    file,
    compared,
    outside,
    largestDifference,
    largestShare,
    `${outside} of ${compared} answers of the network are not those of this file; the largest difference is ` +
      `${largestDifference.toPrecision(3)}${share}. Options that change no shape, such as theta, may be others than it was trained with (--option).`,
  );
}
