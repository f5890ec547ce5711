import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { scanJson } from '../../src/formats/json-scan.js';

describe('scanJson', () => {
  it('finds a key given twice in one object, however it is escaped', () => {
    expect(scanJson('{"a":1,"b":{"c":1,"c":2}}').duplicateKey).toBe('c');
    expect(scanJson('{"a":1,"\\u0061":2}').duplicateKey).toBe('a');
    expect(scanJson('[{"a":1},{"a":["a","a"],"b":"a"}]').duplicateKey).toBeNull();
    expect(scanJson('{"a":{"a":"\\",\\"a\\":"},"b":"}{"}').duplicateKey).toBeNull();
    expect(scanJson('{"a":[{}],"a":1}').duplicateKey).toBe('a');
  });

  it('counts brackets, those in texts left out', () => {
    expect(scanJson('{"[[[[":[{}]}').depth).toBe(3);
    expect(scanJson('7').depth).toBe(0);
  });

  it('goes no deeper than it is told', () => {
    expect(scanJson('{"a":{"b":{"c":{"c":1}}}}', 2)).toEqual({ depth: 3, duplicateKey: null });
    expect(scanJson('{"a":{"b":1,"b":2}}', 2)).toEqual({ depth: 2, duplicateKey: 'b' });
  });

  it('finds nothing in what JSON.stringify writes, and survives any text', () => {
    fc.assert(fc.property(fc.json(), (text) => scanJson(text).duplicateKey === null));
    fc.assert(fc.property(fc.string(), (text) => scanJson(text).depth >= 0));
  });
});
