/**
 * `hashed(shape, salt, scale)` of the golden set: element i, in row-major order, is a hash of i and the salt, mapped to
 * [-scale, scale). All arithmetic on unsigned 32-bit integers.
 */
export function hashed(elements: number, salt: number, scale: number): Float32Array {
  const values = new Float32Array(elements);
  for (let i = 0; i < elements; i++) {
    let h = (Math.imul(i, 2654435761) + Math.imul(salt, 40503)) >>> 0;
    h = Math.imul(h ^ (h >>> 16), 0x85ebca6b) >>> 0;
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35) >>> 0;
    h = (h ^ (h >>> 16)) >>> 0;
    values[i] = (h / 2147483648 - 1) * scale;
  }
  return values;
}

/**
 * The golden set's `hash_parameters` for one entry of a state, by its PyTorch name and shape; null for integer entries, which stay
 * as they are but count as a position.
 */
export function hashedParameter(name: string, shape: readonly number[], position: number): Float32Array | null {
  if (name.endsWith('num_batches_tracked')) return null;
  const elements = shape.reduce((product, length) => product * length, 1);
  if (shape.length >= 2) return hashed(elements, position, Math.sqrt((3 * shape[0]!) / elements));
  const u = hashed(elements, position, 1);
  if (name.endsWith('running_var')) return u.map((value) => 1 + 0.5 * Math.abs(value));
  if (name.endsWith('weight')) return u.map((value) => 1 + 0.1 * value);
  return u.map((value) => 0.1 * value);
}
