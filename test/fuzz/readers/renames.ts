import { ConfigError } from '#dist/errors.js';
import { decodeRenames, rename } from '#dist/formats/import/renames.js';
import type { HeaderForm } from '../json-edits.js';
import { agree, type Reader } from '../reader.js';

/** What checkpoints have, and what is hard on regular expressions. */
const names = [
  'encoder.0.weight',
  'encoder.1.conv.weight',
  'head.bias',
  'module.a',
  'a'.repeat(40),
  '1'.repeat(40),
  '',
  '\n',
  'é\ud800',
];
const tensors = new Map(names.map((name, i) => [name, i]));

const samples = [
  [
    { from: 'encoder\\.(\\d+)\\.(.*)', to: 'blocks.$1.$2' },
    { from: 'head\\.(?<what>bias|weight)', to: 'classifier.$1' },
    { from: 'aux\\..*', to: null },
  ],
  [
    { from: '(?:a+)b?', to: 'b' },
    { from: '[0-9]{2,50}', to: null },
    { from: '(?=m)(\\w+?)\\.(a)', to: '$2.$1' },
  ],
].map((rules, i) => ({ name: `map ${i}`, bytes: Buffer.from(JSON.stringify(rules)) }));

const whole: HeaderForm = {
  take: (bytes) => Buffer.from(bytes).toString('utf8'),
  put: (_, text) => Uint8Array.from(Buffer.from(text)),
};

export const renames: Reader = {
  name: 'renames',
  samples,
  refusesWith: ConfigError,
  read(bytes) {
    const rules = decodeRenames(bytes, 'x.json');
    const renamed = rename(tensors, rules);
    agree(renamed.tensors.size + renamed.dropped.length === tensors.size, 'a tensor is gone, or there twice');
    const used = renamed.before.size + renamed.dropped.length;
    agree(renamed.uses.reduce((sum, count) => sum + count, 0) === used, 'the rules took other tensors than they say');
    for (const [name, before] of renamed.before)
      agree(tensors.get(before) === renamed.tensors.get(name), `${name} is another tensor`);
  },
  header: whole,
  tokens: [
    '(',
    ')',
    '[',
    ']',
    '{1,65535}',
    '{2}',
    '*',
    '+',
    '?',
    '|',
    '.*',
    '(a+)+',
    '(a|a)*',
    '$1',
    '$9',
    '\\\\1',
    '(?<x>',
    '(?=',
    '"',
  ].map((text) => Buffer.from(text)),
};
