import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/errors.js';
import { parseRenames, rename } from '../../src/formats/import/renames.js';

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
