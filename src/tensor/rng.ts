/** State of an {@link Rng}: four unsigned 32-bit words and the spare normal deviate, as plain data. */
export interface RngState {
  readonly words: readonly [number, number, number, number];
  readonly spare: number | null;
}

/**
 * A seeded stream of random numbers: xoshiro128** (Blackman and Vigna, 2018), seeded by splitmix32. The same seed gives
 * the same numbers on every machine; `fork` gives an independent stream, so that one consumer's appetite never shifts
 * what another one draws.
 */
export class Rng {
  private words: Uint32Array;
  private spare: number | null = null;

  /** @param seed any integer; only its low 32 bits and, for large ones, the next 21 count. */
  constructor(seed: number) {
    let mixed = (seed >>> 0) ^ Math.imul(Math.floor(seed / 2 ** 32) | 0, 0x9e3779b1);
    this.words = Uint32Array.from({ length: 4 }, () => {
      mixed = (mixed + 0x9e3779b9) | 0;
      let word = mixed ^ (mixed >>> 16);
      word = Math.imul(word, 0x21f0aaad);
      word ^= word >>> 15;
      word = Math.imul(word, 0x735a2d97);
      return word ^ (word >>> 15);
    });
  }

  /** The stream that belongs to `keys`, whatever was drawn before: `Rng.for(seed, epoch, record)`. */
  static for(seed: number, ...keys: number[]): Rng {
    return keys.reduce((rng, key) => {
      const child = new Rng(rng.uint32());
      child.words[0] = (child.words[0]! ^ Math.imul(key | 0, 0x9e3779b1)) >>> 0;
      child.words[1] = (child.words[1]! ^ Math.imul((key | 0) + 1, 0x85ebca6b)) >>> 0;
      for (let i = 0; i < 4; i++) child.uint32();
      return child;
    }, new Rng(seed));
  }

  /** The stream that goes on from a `state()`. */
  static from(state: RngState): Rng {
    const rng = new Rng(0);
    rng.words = Uint32Array.from(state.words);
    rng.spare = state.spare;
    return rng;
  }

  /** Where the stream stands, for `Rng.from`: a checkpoint keeps it. */
  state(): RngState {
    const [a, b, c, d] = this.words;
    return { words: [a!, b!, c!, d!], spare: this.spare };
  }

  /** An independent stream; advances this one by one draw. */
  fork(): Rng {
    return new Rng(this.uint32());
  }

  /** Uniform integer in [0, 2^32). */
  uint32(): number {
    const s = this.words;
    const result = Math.imul(rotateLeft(Math.imul(s[1]!, 5), 7), 9) >>> 0;
    const shifted = s[1]! << 9;
    s[2]! ^= s[0]!;
    s[3]! ^= s[1]!;
    s[1]! ^= s[2]!;
    s[0]! ^= s[3]!;
    s[2]! ^= shifted;
    s[3] = rotateLeft(s[3]!, 11);
    return result;
  }

  /** Uniform in [low, high). */
  uniform(low = 0, high = 1): number {
    return low + (high - low) * (this.uint32() / 2 ** 32);
  }

  /** Uniform integer in [0, bound); `bound` at most 2^32. */
  integer(bound: number): number {
    return Math.floor((this.uint32() / 2 ** 32) * bound);
  }

  /** Normal deviate of mean 0 and standard deviation 1 (Marsaglia's polar method). */
  normal(): number {
    if (this.spare !== null) {
      const spare = this.spare;
      this.spare = null;
      return spare;
    }
    let u: number;
    let v: number;
    let squared: number;
    do {
      u = this.uniform(-1, 1);
      v = this.uniform(-1, 1);
      squared = u * u + v * v;
    } while (squared >= 1 || squared === 0);
    const factor = Math.sqrt((-2 * Math.log(squared)) / squared);
    this.spare = v * factor;
    return u * factor;
  }

  /** Shuffles in place (Fisher and Yates) and returns the same array. */
  shuffle<T extends { [index: number]: unknown; length: number }>(items: T): T {
    for (let i = items.length - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      const held = items[i];
      items[i] = items[j];
      items[j] = held;
    }
    return items;
  }
}

function rotateLeft(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}
