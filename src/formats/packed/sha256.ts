/*
 * SHA-256 (FIPS 180-4), by the browser or Node where they give it. Browsers keep theirs from pages that came over plain http; these pages get the same
 * digest from the plain loops below.
 */

/** 32 bytes. */
export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const { subtle } = globalThis.crypto ?? {};
  return subtle ? new Uint8Array(await subtle.digest('SHA-256', bytes)) : sha256InLoops(bytes);
}

/** Bytes of a block, and those at the end of the last one that tell the message's length in bits. */
const BLOCK = 64;
const LENGTH = 8;
const ROUNDS = 64;

/** The same digest without help. */
export function sha256InLoops(bytes: Uint8Array): Uint8Array {
  // The standard's constants are bits of the roots of the first 64 primes.
  const primes = Array.from({ length: 312 }, (_, i) => i).filter(isPrime);
  const constants = Int32Array.from(primes, (prime) => fractionBits(Math.cbrt(prime)));
  const state = Int32Array.from(primes.slice(0, 8), (prime) => fractionBits(Math.sqrt(prime)));
  const whole = bytes.length - (bytes.length % BLOCK);
  digestBlocks(state, constants, new DataView(bytes.buffer, bytes.byteOffset, whole));
  digestBlocks(state, constants, new DataView(padded(bytes.subarray(whole), bytes.length)));
  const digest = new DataView(new ArrayBuffer(32));
  state.forEach((word, i) => {
    digest.setInt32(4 * i, word);
  });
  return new Uint8Array(digest.buffer);
}

/** The message's end: its last bytes, a 1, zeros, and its length in bits. */
function padded(rest: Uint8Array, length: number): ArrayBuffer {
  const size = Math.ceil((rest.length + 1 + LENGTH) / BLOCK) * BLOCK;
  const end = new Uint8Array(size);
  end.set(rest);
  end[rest.length] = 0x80;
  new DataView(end.buffer).setBigUint64(size - LENGTH, BigInt(length) * 8n);
  return end.buffer;
}

function digestBlocks(state: Int32Array, constants: Int32Array, blocks: DataView): void {
  const w = new Int32Array(ROUNDS);
  for (let start = 0; start < blocks.byteLength; start += BLOCK) {
    for (let i = 0; i < 16; i++) w[i] = blocks.getInt32(start + 4 * i);
    for (let i = 16; i < ROUNDS; i++) {
      const [x, y] = [w[i - 15]!, w[i - 2]!];
      const s0 = rotated(x, 7) ^ rotated(x, 18) ^ (x >>> 3);
      const s1 = rotated(y, 17) ^ rotated(y, 19) ^ (y >>> 10);
      w[i] = w[i - 16]! + s0 + w[i - 7]! + s1;
    }
    let [a, b, c, d, e, f, g, h] = state as unknown as [number, number, number, number, number, number, number, number];
    for (let i = 0; i < ROUNDS; i++) {
      const choice = (e & f) ^ (~e & g);
      const majority = (a & b) ^ (a & c) ^ (b & c);
      const t1 = (h + (rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25)) + choice + constants[i]! + w[i]!) | 0;
      const t2 = (rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22)) + majority;
      h = g;
      g = f;
      f = e;
      e = (d + t1) | 0;
      d = c;
      c = b;
      b = a;
      a = (t1 + t2) | 0;
    }
    for (const [i, word] of [a, b, c, d, e, f, g, h].entries()) state[i]! += word;
  }
}

function rotated(word: number, bits: number): number {
  return (word >>> bits) | (word << (32 - bits));
}

/** The first 32 bits of what stands behind the point. */
function fractionBits(value: number): number {
  return Math.floor((value % 1) * 2 ** 32);
}

function isPrime(number: number): boolean {
  if (number < 2) return false;
  for (let divisor = 2; divisor * divisor <= number; divisor++) if (number % divisor === 0) return false;
  return true;
}
