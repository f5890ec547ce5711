/**
 * How signs lie as bits: 1 for +1, a row of `channels` signs in bytes from the lowest bit up, each row from a byte of its own. A row is what a
 * group has of a pixel.
 */
export function signRowBytes(channels: number): number {
  return Math.ceil(channels / 8);
}
