import { elementTypes, type OnnxAttribute } from './schema.js';

/** An attribute of a node without its name. JavaScript's numbers do not tell which of ONNX's kinds is meant. */
export type Attribute = Omit<OnnxAttribute, 'name' | '$typeName'>;

/** The kinds, by the numbers of onnx.proto. */
const kinds = { float: 1, int: 2, string: 3, tensor: 4, ints: 7 } as const;

export const float = (value: number): Attribute => ({ type: kinds.float, f: value });
export const int = (value: number): Attribute => ({ type: kinds.int, i: BigInt(value) });
export const ints = (...values: readonly number[]): Attribute => ({ type: kinds.ints, ints: values.map(BigInt) });
export const text = (value: string): Attribute => ({ type: kinds.string, s: new TextEncoder().encode(value) });

/** A tensor of one number. */
export const one = (value: number): Attribute => ({
  type: kinds.tensor,
  t: { dims: [1n], dataType: elementTypes.float, rawData: new Uint8Array(Float32Array.of(value).buffer) },
});
