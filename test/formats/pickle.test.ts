import { describe, expect, it } from 'vitest';
import { decodePyTorch } from '../../src/formats/pytorch/index.js';
import { zipCheckpoint } from './checkpoint-writer.js';
import { expectReason } from './expect-reason.js';
import { call, dict, type Fragment, global, int, list, long, none, orderedDict, pickle, text, tuple } from './pickle-writer.js';

const ascii = (value: string) => [...new TextEncoder().encode(value)];

/** What `value`'s opcodes stand for. */
const read = (value: Fragment, protocol?: number) =>
  decodePyTorch(zipCheckpoint({ pickleBytes: pickle(value, protocol) }), 'x.bin').root;

const readBytes = (...bytes: number[]) => decodePyTorch(zipCheckpoint({ pickleBytes: Uint8Array.from(bytes) }), 'x.bin').root;

const refuses = (reason: string, value: Fragment) => expectReason(reason, () => read(value));

describe('the pickle reader', () => {
  // Each written by CPython: pickle.dumps([None, True, False, 1, -1, 300, 70000, 2**40, 2**70, -2**63, 1.5, "é\n", ("a",), (1, 2), (1, 2, 3),
  // (1, 2, 3, 4), (), {"k": []}, {}], protocol).
  const values = [
    null,
    true,
    false,
    1,
    -1,
    300,
    70000,
    2 ** 40,
    2n ** 70n,
    -(2n ** 63n),
    1.5,
    'é\n',
    ['a'],
    [1, 2],
    [1, 2, 3],
    [1, 2, 3, 4],
    [],
    new Map([['k', []]]),
    new Map(),
  ];
  it.each([
    [
      0,
      'KGxwMApOYUkwMQphSTAwCmFJMQphSS0xCmFJMzAwCmFJNzAwMDAKYUwxMDk5NTExNjI3Nzc2TAphTDExODA1OTE2MjA3MTc0MTEzMDM0MjRMCmFMLTkyMjMzNzIwMzY4NTQ3NzU4MDhMCmFGMS41CmFW6Vx1MDAwYQpwMQphKFZhCnAyCnRwMwphKEkxCkkyCnRwNAphKEkxCkkyCkkzCnRwNQphKEkxCkkyCkkzCkk0CnRwNgphKHRhKGRwNwpWawpwOAoobHA5CnNhKGRwMTAKYS4=',
    ],
    [
      1,
      'XXEAKE5JMDEKSTAwCksBSv////9NLAFKcBEBAEwxMDk5NTExNjI3Nzc2TApMMTE4MDU5MTYyMDcxNzQxMTMwMzQyNEwKTC05MjIzMzcyMDM2ODU0Nzc1ODA4TApHP/gAAAAAAABYAwAAAMOpCnEBKFgBAAAAYXECdHEDKEsBSwJ0cQQoSwFLAksDdHEFKEsBSwJLA0sEdHEGKX1xB1gBAAAAa3EIXXEJc31xCmUu',
    ],
    [
      2,
      'gAJdcQAoToiJSwFK/////00sAUpwEQEAigYAAAAAAAGKCQAAAAAAAAAAQIoIAAAAAAAAAIBHP/gAAAAAAABYAwAAAMOpCnEBWAEAAABhcQKFcQNLAUsChnEESwFLAksDh3EFKEsBSwJLA0sEdHEGKX1xB1gBAAAAa3EIXXEJc31xCmUu',
    ],
    [
      3,
      'gANdcQAoToiJSwFK/////00sAUpwEQEAigYAAAAAAAGKCQAAAAAAAAAAQIoIAAAAAAAAAIBHP/gAAAAAAABYAwAAAMOpCnEBWAEAAABhcQKFcQNLAUsChnEESwFLAksDh3EFKEsBSwJLA0sEdHEGKX1xB1gBAAAAa3EIXXEJc31xCmUu',
    ],
    [
      4,
      'gASVbgAAAAAAAABdlChOiIlLAUr/////TSwBSnARAQCKBgAAAAAAAYoJAAAAAAAAAABAiggAAAAAAAAAgEc/+AAAAAAAAIwDw6kKlIwBYZSFlEsBSwKGlEsBSwJLA4eUKEsBSwJLA0sEdJQpfZSMAWuUXZRzfZRlLg==',
    ],
  ])("reads Python's protocol %i", (_, base64) => {
    expect(readBytes(...Buffer.from(base64, 'base64'))).toEqual(values);
  });

  it('reads texts of every form', () => {
    expect(read([0x55, 2, ...ascii('ab')])).toBe('ab');
    expect(read([0x54, 2, 0, 0, 0, ...ascii('ab')])).toBe('ab');
    expect(read([0x53, ...ascii(`'it\\'s \\x41\\n\\\\'\n`)])).toBe("it's A\n\\");
    expect(read([0x56, ...ascii('\\u00e9\\U0001F600\n')])).toBe('é😀');
    expect(read([0x8c, 2, ...ascii('ab')])).toBe('ab');
    expect(read([0x8d, 2, 0, 0, 0, 0, 0, 0, 0, ...ascii('ab')])).toBe('ab');
  });

  it('reads bytes', () => {
    expect(read([0x43, 2, 1, 255])).toEqual(Uint8Array.of(1, 255));
    expect(read([0x42, 1, 0, 0, 0, 7])).toEqual(Uint8Array.of(7));
    expect(read([0x8e, 1, 0, 0, 0, 0, 0, 0, 0, 7])).toEqual(Uint8Array.of(7));
  });

  it('reads numbers written as text', () => {
    expect(read(ascii('I01\n'))).toBe(true);
    expect(read(ascii('I00\n'))).toBe(false);
    expect(read(ascii('I-7\n'))).toBe(-7);
    expect(read(ascii('L12345678901234567890L\n'))).toBe(12345678901234567890n);
    expect(read(ascii('F-1.5e-3\n'))).toBe(-0.0015);
    expect(read(ascii('F-inf\n'))).toBe(Number.NEGATIVE_INFINITY);
    expect(read(ascii('Fnan\n'))).toBeNaN();
  });

  it('keeps numbers exact', () => {
    expect(read(long(0n))).toBe(0);
    expect(read(long(-129n))).toBe(-129);
    expect(read(long(2n ** 53n - 1n))).toBe(2 ** 53 - 1);
    expect(read(long(2n ** 53n))).toBe(2n ** 53n);
    expect(read([0x8a, 0])).toBe(0);
    expect(read([0x8b, 1, 0, 0, 0, 0x80])).toBe(-128);
  });

  it('moves values about as it is told', () => {
    expect(read([...int(1), ...int(2), 0x30])).toBe(1);
    expect(read([...int(1), 0x28, ...int(2), ...int(3), 0x31])).toBe(1);
    expect(read([...text('a'), 0x32, 0x86])).toEqual(['a', 'a']);
    expect(read([...text('a'), 0x71, 9, 0x30, 0x68, 9])).toBe('a');
    expect(read([...text('a'), 0x72, 9, 1, 0, 0, 0x30, 0x6a, 9, 1, 0, 0])).toBe('a');
    expect(read([...text('a'), 0x94, 0x30, 0x68, 0])).toBe('a');
  });

  it('reads OrderedDicts, their attributes left out', () => {
    expect(read(orderedDict({ b: int(1), a: int(2) }))).toEqual(
      new Map([
        ['b', 1],
        ['a', 2],
      ]),
    );
    const pairs = list(list(text('b'), int(1)), tuple(text('a'), none));
    expect(read(call(global('collections', 'OrderedDict'), pairs))).toEqual(
      new Map<string, unknown>([
        ['b', 1],
        ['a', null],
      ]),
    );
    expect(read([...orderedDict({ a: int(1) }), ...dict({ _metadata: orderedDict() }), 0x62])).toEqual(new Map([['a', 1]]));
    expect(read([...global('collections', 'OrderedDict'), 0x29, 0x81])).toEqual(new Map());
  });

  it('keeps keys that mean something to JavaScript', () => {
    const root = read(dict({ __proto__x: none, constructor: int(1) }));
    expect(root).toEqual(
      new Map<string, unknown>([
        ['__proto__x', null],
        ['constructor', 1],
      ]),
    );
    expect(read([0x7d, ...text('__proto__'), ...int(1), 0x73])).toEqual(new Map([['__proto__', 1]]));
    expect(read([0x7d, ...int(0), ...text('first'), 0x73])).toEqual(new Map([[0, 'first']]));
  });
});

describe('a pickle that lies', () => {
  it.each([
    ['posix', 'system'],
    ['builtins', 'eval'],
    ['__builtin__', 'eval'],
    ['torch', 'load'],
    ['torch._utils', '_rebuild_tensor_v3'],
    ['torch.FloatStorage', '__init__'],
    ['', 'collections.OrderedDict'],
    ['numpy.core.multiarray', 'scalar'],
  ])('forbidden-global: %s.%s', (module, name) => {
    const error = refuses('forbidden-global', call(global(module, name), text('echo')));
    expect(error.message).toContain(`"${module}.${name}"`);
  });

  it('forbidden-global: named by two texts', () => {
    const error = refuses('forbidden-global', [...text('os'), ...text('system'), 0x93]);
    expect(error.message).toContain('"os.system"');
  });

  it.each<[string, Fragment]>([
    ['INST', [0x69, ...ascii('os\nsystem\n')]],
    ['OBJ', [0x6f]],
    ['EXT1', [0x82, 1]],
    ['NEWOBJ_EX', [0x92]],
    ['EMPTY_SET', [0x8f]],
    ['BYTEARRAY8', [0x96]],
    ['NEXT_BUFFER', [0x97]],
    ['no opcode', [0xff]],
  ])('bad-opcode: %s', (_, opcode) => {
    refuses('bad-opcode', opcode);
  });

  it.each<[string, Fragment]>([
    ['nothing', []],
    ['two values', [...none, ...none]],
    ['a mark left over', [0x28, ...none]],
    ['a tuple of too few', [...none, 0x86]],
    ['a tuple across a mark', [...none, 0x28, ...none, 0x86]],
    ['a list without a mark', [0x65]],
    ['items for a tuple', [...tuple(), ...none, 0x61]],
    ['items for a dict', [0x7d, ...none, 0x61]],
    ['entries for a list', [0x5d, ...text('a'), ...none, 0x73]],
    ['a key without a value', [0x7d, 0x28, ...text('a'), 0x75]],
    ['a list as a key', [0x7d, ...list(), ...none, 0x73]],
    ['a memo entry that is not set', [0x68, 3]],
    ['a memo entry by no number', ascii('gx\n')],
    ['something called that is no function', [...text('a'), ...tuple(), 0x52]],
    ['a function called without a tuple', [...global('collections', 'OrderedDict'), ...list(), 0x52]],
    ['an element type called', call(global('torch', 'FloatStorage'))],
    ['an OrderedDict of a number', call(global('collections', 'OrderedDict'), int(1))],
    ['an OrderedDict of halves', call(global('collections', 'OrderedDict'), list(tuple(text('a'))))],
    ['an OrderedDict with lists as keys', call(global('collections', 'OrderedDict'), list(tuple(list(), none)))],
    ['attributes of a list', [...list(), ...dict({}), 0x62]],
    ['attributes that are none', [...orderedDict(), ...none, 0x62]],
    ['a text that is no UTF-8', [0x58, 1, 0, 0, 0, 0xff]],
    ['a text without quotes', ascii('Sab\n')],
    ['a text with a strange escape', ascii("S'\\q'\n")],
    ['a character that does not exist', ascii('V\\UFFFFFFFF\n')],
    ['a whole number that is none', ascii('I1x\n')],
    ['a number that is none', ascii('F1.2.3\n')],
    ['a number from the prototype', ascii('Fconstructor\n')],
    ['a number of negative length', [0x8b, 0xff, 0xff, 0xff, 0xff]],
    ['a later protocol', [0x80, 5, ...none]],
    ['a global that is not named by texts', [...none, ...none, 0x93]],
  ])('bad-pickle: %s', (_, value) => {
    refuses('bad-pickle', value);
  });

  it.each<[string, Fragment]>([
    ['a text longer than the file', [0x58, 255, 255, 0, 0]],
    ['bytes longer than the file', [0x43, 255]],
    ['a line without an end', ascii('I12')],
    ['a frame longer than the file', [0x95, 255, 0, 0, 0, 0, 0, 0, 0]],
    ['a number longer than the file', [0x8a, 200]],
  ])('truncated: %s', (_, value) => {
    refuses('truncated', value);
  });

  it('truncated: no end', () => {
    expectReason('truncated', () => readBytes(0x80, 2, 0x4e));
  });

  it('trailing-bytes: something after the end', () => {
    expectReason('trailing-bytes', () => readBytes(0x80, 2, 0x4e, 0x2e, 0x4e));
  });

  it('unsupported-value: a name where data should be', () => {
    refuses('unsupported-value', list(global('torch', 'FloatStorage')));
  });
});

describe('a pickle that wants too much', () => {
  const filled = (bytes: number[], times: number, rest: number[] = []) => {
    const all = new Uint8Array(bytes.length * times + rest.length);
    for (let i = 0; i < times; i++) all.set(bytes, i * bytes.length);
    all.set(rest, bytes.length * times);
    return zipCheckpoint({ pickleBytes: all });
  };
  const limits = (reason: string, bytes: Uint8Array) => expectReason(reason, () => decodePyTorch(bytes, 'x.bin'));

  it('pickle-limit: a huge text or number', () => {
    refuses('pickle-limit', [0x58, 255, 255, 255, 255]);
    refuses('pickle-limit', [0x8d, 255, 255, 255, 255, 255, 255, 255, 255]);
    refuses('pickle-limit', [0x8b, 255, 255, 255, 0x7f]);
  });

  it('pickle-limit: one list made into a dict again and again', () => {
    // The list of pairs is in the memo: each dict made of it takes 6 bytes of the file and as much memory as the whole list.
    const pairs = list(...Array.from({ length: 20_000 }, (_, i) => tuple(int(i), none)));
    const again = [...global('collections', 'OrderedDict'), 0x68, 0, 0x85, 0x52];
    refuses('pickle-limit', list([...pairs, 0x71, 0], ...Array.from({ length: 1000 }, () => again)));
  });

  it('pickle-limit: values without end', () => limits('pickle-limit', filled([0x4e], 1_000_001)));
  it('pickle-limit: marks without end', () => limits('pickle-limit', filled([0x28], 1_000_001)));
  it('pickle-limit: memo entries without end', () => limits('pickle-limit', filled([0x4e, 0x94, 0x30], 1_000_001)));
  it('pickle-limit: operations without end', () => limits('pickle-limit', filled([0x4e, 0x30], 5_000_001)));
  it('too-deep: lists in lists', () => limits('too-deep', filled([0x5d], 200, [...Array(199).fill(0x61), 0x2e])));
  it('too-deep: a list in itself', () => void refuses('too-deep', [0x5d, 0x32, 0x61]));

  it('too-large: few bytes that stand for many values', () => {
    // [[x, x], [x, x]] and so on: each step takes two bytes and doubles what it stands for.
    refuses('too-large', [...none, ...Array.from({ length: 60 }, () => [0x32, 0x86]).flat()]);
  });
});
