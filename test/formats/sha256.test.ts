import { createHash } from 'node:crypto';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { sha256, sha256InLoops } from '../../src/formats/packed/sha256.js';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

/** Examples of FIPS 180-2, appendix B, and the digest of nothing. */
const vectors: [string, Uint8Array<ArrayBuffer>, string][] = [
  ['nothing', new Uint8Array(0), 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
  ['one block', new TextEncoder().encode('abc'), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
  [
    'two blocks',
    new TextEncoder().encode('abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq'),
    '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
  ],
  ['a million letters', new Uint8Array(1e6).fill(97), 'cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0'],
];

describe('sha256', () => {
  afterEach(() => vi.unstubAllGlobals());

  it.each(vectors)('of %s', async (_what, bytes, digest) => {
    expect(hex(sha256InLoops(bytes))).toBe(digest);
    expect(hex(await sha256(bytes))).toBe(digest);
  });

  it('in loops is that of Node for messages of every length around the ends of blocks', () => {
    for (let length = 0; length < 200; length++) {
      const bytes = Uint8Array.from({ length: length + 3 }, (_, i) => (i * 7919) >> 3).subarray(3);
      expect(hex(sha256InLoops(bytes)), `${length} bytes`).toBe(createHash('sha256').update(bytes).digest('hex'));
    }
  });

  it.each([
    ['a page over plain http', {}],
    ['a host without any cryptography', undefined],
  ])('is there in %s', async (_what, crypto) => {
    vi.stubGlobal('crypto', crypto);
    expect(hex(await sha256(new TextEncoder().encode('abc')))).toBe(vectors[1]![2]);
  });
});
