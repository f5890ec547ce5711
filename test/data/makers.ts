import zlib from 'node:zlib';

/** An IDX file of bytes. */
export function idx(dims: number[], values: ArrayLike<number>): Buffer {
  const head = Buffer.alloc(4 + 4 * dims.length);
  head[2] = 0x08;
  head[3] = dims.length;
  for (const [axis, size] of dims.entries()) head.writeUInt32BE(size, 4 + 4 * axis);
  return Buffer.concat([head, Uint8Array.from(values)]);
}

export const gzip = (bytes: Uint8Array): Buffer => zlib.gzipSync(bytes);

/** A CIFAR record: the label bytes, then red, green and blue planes that count up from `from`. */
export function cifarRecord(labels: number[], from = 0): Buffer {
  return Buffer.concat([Uint8Array.from(labels), Uint8Array.from({ length: 3072 }, (_, i) => from + i)]);
}
