import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/errors.js';
import { decodeRenames, parseRenames, rename } from '../../src/formats/import/renames.js';

const names = (...list: string[]) => new Map(list.map((name) => [name, name]));

function keyOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as ConfigError).key;
  }
  throw new Error('nothing was thrown');
}

describe('rules of renaming', () => {
  it('stand in a file of JSON', () => {
    expect(decodeRenames(Buffer.from('[{"from":"a","to":null}]'), 'x.json')).toEqual([{ from: 'a', to: null }]);
    expect(() => decodeRenames(Buffer.from('[{"from":"a"'), 'x.json')).toThrow(/x\.json is not JSON/);
  });

  it('may nest as deep as they like, and are refused', () => {
    const nested = `[{"from":${'['.repeat(20_000)}${']'.repeat(20_000)},"to":"b"}]`;
    expect(keyOf(() => decodeRenames(Buffer.from(nested), 'x.json'))).toBe('map.0.from');
    expect(keyOf(() => parseRenames([{ from: 1n, to: 'b' }]))).toBe('map.0.from');
  });

  it('do not run for ever, whatever their regular expressions are', () => {
    const slow = parseRenames([
      { from: 'b', to: 'c' },
      { from: '(a+)+b', to: 'c' },
    ]);
    const start = performance.now();
    const attempt = () => rename(names('b', 'a'.repeat(64)), slow);
    expect(keyOf(attempt)).toBe('map.1.from');
    expect(performance.now() - start).toBeLessThan(30_000);
    expect(attempt).toThrow(/takes more than 1 s on the names/);
    expect(keyOf(() => parseRenames([{ from: 'a{1,65535}{1,65535}', to: 'b' }]))).toBe('map.0.from');
  });

  it('do not get out of the brackets that make them fit whole names', () => {
    expect(keyOf(() => parseRenames([{ from: 'a)|(?:b', to: 'c' }]))).toBe('map.0.from');
  });

  it('take whole names, the first that fits, and put groups into new ones', () => {
    const rules = parseRenames([
      { from: 'encoder\\.0\\.(.*)', to: 'stem.$1' },
      { from: 'encoder\\.(\\d+)\\.(.*)', to: 'blocks.$1.$2' },
      { from: 'head', to: 'never: not the whole name' },
      { from: 'aux\\..*', to: null },
    ]);
    const { tensors, before, dropped, uses } = rename(
      names('encoder.0.weight', 'encoder.1.conv.weight', 'head.bias', 'aux.fc'),
      rules,
    );
    expect([...tensors]).toEqual([
      ['stem.weight', 'encoder.0.weight'],
      ['blocks.1.conv.weight', 'encoder.1.conv.weight'],
      ['head.bias', 'head.bias'],
    ]);
    expect([...before.keys()]).toEqual(['stem.weight', 'blocks.1.conv.weight']);
    expect(dropped).toEqual([{ name: 'aux.fc', tensor: 'aux.fc', rule: 3 }]);
    expect(uses).toEqual([1, 1, 0, 1]);
  });

  it.each<[string, unknown, string]>([
    ['no list', { from: 'a', to: 'b' }, 'map'],
    ['an empty list', [], 'map'],
    ['no name to find', [{ to: 'b' }], 'map.0.from'],
    ['no new name', [{ from: 'a', to: 'b' }, { from: 'c' }], 'map.1.to'],
    ['an unknown key', [{ from: 'a', to: 'b', form: 1 }], 'map.0.form'],
    [
      'no regular expression',
      [
        { from: 'a', to: 'b' },
        { from: '(', to: 'b' },
      ],
      'map.1.from',
    ],
    ['a group that is not there', [{ from: '(a)', to: '$2' }], 'map.0.to'],
  ])('%s is refused, naming the rule', (_, value, key) => {
    expect(keyOf(() => parseRenames(value))).toBe(key);
  });

  it('that make two tensors one are refused, naming both', () => {
    const rules = parseRenames([
      { from: 'x', to: 'y' },
      { from: 'b\\d', to: 'b' },
    ]);
    expect(() => rename(names('b1', 'b2'), rules)).toThrow(/^map\.1: b1 and b2 would both be called b\.$/);
    expect(keyOf(() => rename(names('x', 'y'), rules))).toBe('map.0');
  });
});
