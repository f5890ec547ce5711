import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Engine } from '#dist/engine/index.js';
import { decodeGolden, type GoldenFile } from '#dist/formats/golden.js';
import { nchwToNhwc, nhwcToNchw, ohwiToOihw, oihwToOhwi } from '#dist/formats/layout.js';
import type { StoredTensor } from '#dist/formats/safetensors.js';
import { Tensor } from '#dist/tensor/index.js';

/** A golden file, and where it lies. */
export interface GoldenCase extends GoldenFile {
  readonly name: string;
  readonly folder: string;
  readonly operation: string;
}

export function readCase(file: string): GoldenCase {
  const golden = decodeGolden(readFileSync(file), file);
  return {
    ...golden,
    name: path.basename(file, '.safetensors'),
    folder: path.dirname(file),
    operation: String(golden.attributes['op']),
  };
}

export function stored(golden: GoldenCase, name: string): StoredTensor {
  const tensor = golden.tensors.get(name);
  if (!tensor) throw new Error(`the case has no tensor ${name}`);
  return tensor;
}

export function numberOf(golden: GoldenCase, attribute: string): number {
  const value = golden.attributes[attribute];
  if (typeof value !== 'number') throw new Error(`the case has no number ${attribute}`);
  return value;
}

/** The numbers of a stored tensor (64-bit integers too). */
export function numbers(tensor: StoredTensor): ArrayLike<number> {
  return tensor.data instanceof BigInt64Array ? Array.from(tensor.data, Number) : (tensor.data as ArrayLike<number>);
}

/** An image tensor [n, c, h, w] as ours; anything of another rank as it is. */
export function toActivation(engine: Engine, tensor: StoredTensor, label: string): Tensor {
  if (tensor.shape.length !== 4) return Tensor.from(engine, numbers(tensor), tensor.shape, 'float32', label);
  const { data, shape } = nchwToNhwc(tensor.data as Float32Array, tensor.shape);
  return Tensor.from(engine, data, shape, 'float32', label);
}

/** A weight [o, i, kh, kw] as ours; anything of another rank as it is. */
export function toWeight(engine: Engine, tensor: StoredTensor, label: string): Tensor {
  if (tensor.shape.length !== 4) return Tensor.from(engine, numbers(tensor), tensor.shape, 'float32', label);
  const { data, shape } = oihwToOhwi(tensor.data as Float32Array, tensor.shape);
  return Tensor.from(engine, data, shape, 'float32', label);
}

/** Our numbers in PyTorch's order. */
export function fromActivation(tensor: Tensor): ArrayLike<number> {
  const values = Float32Array.from(tensor.toArray());
  return tensor.shape.length === 4 ? nhwcToNchw(values, tensor.shape).data : values;
}

export function fromWeight(tensor: Tensor): ArrayLike<number> {
  const values = Float32Array.from(tensor.toArray());
  return tensor.shape.length === 4 ? ohwiToOihw(values, tensor.shape).data : values;
}
