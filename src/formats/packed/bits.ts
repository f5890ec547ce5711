/** Signs of `values` as bits, 1 for >= 0: rows of `length`, each in bytes of its own from the lowest bit up. */
export function packBits(values: Float32Array, length: number): Uint8Array {
  const bytes = Math.ceil(length / 8);
  const rows = values.length / length;
  const bits = new Uint8Array(rows * bytes);
  for (let row = 0; row < rows; row++) {
    for (let i = 0; i < length; i++) if (values[row * length + i]! >= 0) bits[row * bytes + (i >> 3)]! |= 1 << (i & 7);
  }
  return bits;
}

/** Back to +1 and -1. */
export function unpackBits(bits: Uint8Array, length: number): Float32Array {
  const bytes = Math.ceil(length / 8);
  const rows = bits.length / bytes;
  const values = new Float32Array(rows * length);
  for (let row = 0; row < rows; row++) {
    for (let i = 0; i < length; i++) values[row * length + i] = bits[row * bytes + (i >> 3)]! & (1 << (i & 7)) ? 1 : -1;
  }
  return values;
}
