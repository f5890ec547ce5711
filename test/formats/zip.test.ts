import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ZipFile } from '../../src/formats/zip.js';
import { expectReason, readsOrRefuses } from './expect-reason.js';
import { concat, type ZipPart, zip } from './zip-writer.js';

const text = (value: string) => new TextEncoder().encode(value);
const repeated = text('abc'.repeat(100));
const part = (more: Partial<ZipPart> = {}): ZipPart => ({ name: 'a', content: repeated, ...more });
const deflated = (more: Partial<ZipPart> = {}) => part({ deflate: true, ...more });

function readAll(bytes: Uint8Array): Map<string, Uint8Array> {
  const file = new ZipFile(bytes, 'x.zip');
  return new Map(file.names.map((name) => [name, file.read(name)!]));
}

const refuses = (reason: string, bytes: Uint8Array) => expectReason(reason, () => readAll(bytes), 'x.zip');

describe('ZipFile', () => {
  it('reads stored and deflated entries', () => {
    const entries = readAll(
      zip([part(), deflated({ name: 'f/ü' }), part({ name: 'none', content: text('') })], { comment: 'PK' }),
    );
    expect([...entries.keys()]).toEqual(['a', 'f/ü', 'none']);
    expect(entries.get('a')).toEqual(repeated);
    expect(entries.get('f/ü')).toEqual(repeated);
    expect(entries.get('none')).toEqual(text(''));
  });

  it('reads 64-bit directories', () => {
    expect(readAll(zip([part(), deflated({ name: 'b' })], { large: true })).get('b')).toEqual(repeated);
  });

  it('reads entries whose sizes follow the data, as PyTorch writes them', () => {
    const streamed = part({ claim: { flags: 0x808 }, localClaim: { crc: 0, storedBytes: 0, bytes: 0 } });
    expect(readAll(zip([streamed])).get('a')).toEqual(repeated);
  });

  it('has nothing under other names, those of objects included', () => {
    const file = new ZipFile(zip([part()]), 'x.zip');
    expect(file.read('b')).toBeNull();
    expect(file.read('constructor')).toBeNull();
  });
});

describe('a zip file that lies', () => {
  const honest = zip([part()]);
  const end = honest.length - 22;
  const changed = (at: number, value: number) => {
    const bytes = honest.slice();
    bytes[at] = value;
    return bytes;
  };
  const centralAt = 31 + repeated.length;

  it('zip-no-directory: is cut short, or goes on', () => {
    refuses('zip-no-directory', honest.subarray(0, end + 21));
    refuses('zip-no-directory', concat([honest, text('x')]));
    refuses('zip-no-directory', text('PK'));
  });

  it('zip-bad-directory: has its directory elsewhere', () => {
    refuses('zip-bad-directory', zip([part()], { end: (record) => record.setUint32(16, 5, true) }));
    refuses('zip-bad-directory', zip([part()], { end: (record) => record.setUint32(12, 5, true) }));
    refuses('zip-bad-directory', concat([text('junk'), honest]));
    refuses('zip-bad-directory', changed(centralAt, 0));
  });

  it('zip-bad-directory: counts wrongly', () => {
    const count = (value: number) =>
      zip([part(), part({ name: 'b' })], {
        end: (record) => {
          record.setUint16(8, value, true);
          record.setUint16(10, value, true);
        },
      });
    refuses('zip-bad-directory', count(1));
    refuses('zip-bad-directory', count(3));
  });

  it('zip-bad-directory: has names longer than the directory', () => {
    refuses('zip-bad-directory', changed(centralAt + 28, 200));
    refuses('zip-bad-directory', changed(centralAt + 30, 200));
  });

  it('zip-bad-directory: says 64 bits and has none', () => {
    const bytes = honest.slice();
    new DataView(bytes.buffer).setUint32(centralAt + 24, 0xffffffff, true);
    refuses('zip-bad-directory', bytes);
  });

  it('zip-bad-directory: has two directories, one for each kind of reader', () => {
    refuses('zip-bad-directory', zip([part()], { large: true, end: (record) => record.setUint32(16, 5, true) }));
    const bytes = zip([part()], { large: true });
    bytes[bytes.length - 22 - 20 + 8]! ^= 1;
    refuses('zip-bad-directory', bytes);
  });

  it('zip-multi-disk: is one of several', () => {
    refuses('zip-multi-disk', zip([part()], { end: (record) => record.setUint16(4, 1, true) }));
    refuses('zip-multi-disk', zip([part()], { end: (record) => record.setUint16(8, 2, true) }));
  });

  it.each(['../a', 'a/../../b', '/etc/passwd', 'a\\b', 'C:a', 'a\0', ''])('zip-bad-name: %j', (name) => {
    refuses('zip-bad-name', zip([part({ name })]));
  });

  it('zip-bad-name: is no text', () => {
    refuses('zip-bad-name', zip([part({ claim: { name: Uint8Array.of(0xff) } })]));
  });

  it('zip-duplicate: has a name twice', () => {
    refuses('zip-duplicate', zip([part(), part({ content: text('other') })]));
  });

  it('zip-encrypted', () => {
    refuses('zip-encrypted', zip([part({ claim: { flags: 1 } })]));
  });

  it('zip-method: is compressed by something else', () => {
    refuses('zip-method', zip([part({ claim: { method: 12 } })]));
  });

  it('zip-size: claims a size that the content does not have', () => {
    refuses('zip-size', zip([part({ claim: { bytes: repeated.length + 1 } })]));
    refuses('zip-size', zip([deflated({ claim: { bytes: repeated.length + 1 } })]));
    refuses('zip-size', zip([deflated({ claim: { bytes: repeated.length - 1 } })]));
    refuses('zip-size', zip([deflated({ claim: { bytes: 0 } })]));
    refuses('zip-size', zip([deflated({ stored: text('') })]));
  });

  it('zip-bomb: claims more than deflate can make', () => {
    const error = refuses('zip-bomb', zip([deflated({ claim: { bytes: 2 ** 31 } })]));
    expect(error.message).toContain('"a"');
    refuses('zip-bomb', zip([deflated({ claim: { bytes: 2 ** 40 } })], { large: true }));
  });

  it('zip-bomb: claims more in all than a file of its size may', () => {
    const zeros = deflated({ stored: new Uint8Array(1100), claim: { bytes: 2 ** 20 } });
    refuses('zip-bomb', zip(Array.from({ length: 200 }, (_, i) => ({ ...zeros, name: `${i}` }))));
  });

  it('zip-local-header: has other headers in front of the data', () => {
    refuses('zip-local-header', zip([part({ localClaim: { name: text('b') } })]));
    refuses('zip-local-header', zip([part({ localClaim: { name: text('aa') } })]));
    refuses('zip-local-header', zip([part({ localClaim: { method: 8 } })]));
    refuses('zip-local-header', zip([part({ localClaim: { crc: 1 } })]));
    refuses('zip-local-header', zip([part({ localClaim: { storedBytes: 1 } })]));
    refuses('zip-local-header', zip([part({ localClaim: { bytes: 1 } })]));
    refuses('zip-local-header', changed(0, 0));
    refuses('zip-local-header', changed(29, 255));
    refuses('zip-local-header', zip([part({ claim: { localStart: 2 ** 52 } })], { large: true }));
  });

  it('zip-overlap: has the same bytes in several entries', () => {
    refuses('zip-overlap', zip([part(), part({ name: 'b', claim: { localStart: 0 } })]));
    refuses('zip-overlap', zip([part({ claim: { storedBytes: repeated.length + 1, bytes: repeated.length + 1 } })]));
  });

  it('zip-deflate: has damaged data', () => {
    refuses('zip-deflate', zip([deflated({ stored: Uint8Array.of(7, 7, 7, 7) })]));
    refuses('zip-deflate', zip([deflated({ stored: Uint8Array.of(0x4b) })]));
  });

  it('zip-crc: has another content', () => {
    refuses('zip-crc', zip([part({ claim: { crc: 1 } })]));
    refuses('zip-crc', changed(100, 0));
  });

  it('reads or refuses whatever changes', () => {
    const bytes = zip([deflated(), part({ name: 'b' })], { large: true });
    const change = fc.tuple(fc.nat(bytes.length - 1), fc.integer({ min: 0, max: 255 }));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
        const copy = bytes.slice();
        for (const [at, value] of changes) copy[at] = value;
        readsOrRefuses(() => readAll(copy));
      }),
      { numRuns: 3000 },
    );
    for (let length = 0; length < bytes.length; length++) {
      expect(readsOrRefuses(() => readAll(bytes.subarray(0, length)))).not.toBe('read');
    }
  });
});
