import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodePyTorch, type PyTorchTensor, stateDict } from '../../src/formats/pytorch/index.js';
import { bytesOf, legacyCheckpoint, machine, zipCheckpoint } from './checkpoint-writer.js';
import { expectReason, readsOrRefuses } from './expect-reason.js';
import {
  call,
  dict,
  type Fragment,
  float,
  global,
  int,
  list,
  long,
  none,
  orderedDict,
  pickle,
  storage,
  type TensorSpec,
  tensor,
  text,
  tuple,
  yes,
} from './pickle-writer.js';

const file = 'x.pth';
const counting = (count: number) => Float32Array.from({ length: count }, (_, i) => i);

/** A checkpoint of one tensor over a storage of 0, 1, 2 … in one of the two forms. */
type Form = (spec: TensorSpec, held?: ArrayBufferView) => Uint8Array;
const asZip: Form = (spec, held = counting(spec.count)) =>
  zipCheckpoint({ root: tensor(spec), storages: { [spec.key]: bytesOf(held) } });
const asLegacy: Form = (spec, held = counting(spec.count)) =>
  legacyCheckpoint({ root: tensor(spec), storages: [[spec.key, spec.count, bytesOf(held)]] });

const floats = (count: number, shape: number[], strides: number[], offset = 0): TensorSpec => ({
  key: '0',
  type: 'Float',
  count,
  shape,
  strides,
  offset,
});

const readTensor = (bytes: Uint8Array) => decodePyTorch(bytes, file).root as PyTorchTensor;
const refuses = (reason: string, bytes: Uint8Array) => expectReason(reason, () => decodePyTorch(bytes, file), file);

describe.each<[string, Form]>([
  ['zip', asZip],
  ['legacy', asLegacy],
])('a checkpoint of the %s form', (form, write) => {
  it('gives a tensor as a contiguous array', () => {
    const bytes = write(floats(6, [2, 3], [3, 1]));
    expect(decodePyTorch(bytes, file)).toEqual({
      fileName: file,
      form,
      root: { dtype: 'F32', shape: [2, 3], data: counting(6) },
    });
  });

  it.each<[string, string, ArrayBufferView]>([
    ['Double', 'F64', Float64Array.of(0.1, -1)],
    ['Float', 'F32', Float32Array.of(0.5, Number.NaN)],
    ['Half', 'F16', Uint16Array.of(0x3c00, 0xc000)],
    ['BFloat16', 'BF16', Uint16Array.of(0x3f80, 0)],
    ['Long', 'I64', BigInt64Array.of(2n ** 62n, -1n)],
    ['Int', 'I32', Int32Array.of(7, -1)],
    ['Short', 'I16', Int16Array.of(7, -1)],
    ['Char', 'I8', Int8Array.of(7, -1)],
    ['Byte', 'U8', Uint8Array.of(7, 255)],
    ['Bool', 'BOOL', Uint8Array.of(0, 1)],
  ])('reads torch.%sStorage', (type, dtype, held) => {
    const spec = { key: '94', type, count: 2, shape: [2], strides: [1] };
    expect(readTensor(write(spec, held))).toEqual({ dtype, shape: [2], data: held });
  });

  it('honours offsets and strides', () => {
    expect(readTensor(write(floats(6, [3, 2], [1, 3]))).data).toEqual(Float32Array.of(0, 3, 1, 4, 2, 5));
    expect(readTensor(write(floats(6, [2], [1], 4))).data).toEqual(Float32Array.of(4, 5));
    expect(readTensor(write(floats(24, [2, 2, 2], [12, 2, 6], 1))).data).toEqual(Float32Array.of(1, 7, 3, 9, 13, 19, 15, 21));
    expect(readTensor(write(floats(2, [2, 3], [1, 0]))).data).toEqual(Float32Array.of(0, 0, 0, 1, 1, 1));
    expect(readTensor(write(floats(3, [1, 3, 1], [77, 1, 99]))).data).toEqual(counting(3));
  });

  it('moves the bits of elements, those of a signalling NaN too', () => {
    const bits = Uint32Array.of(0x7fa00001, 0x3f800000, 0xffa00002, 0x7f800001);
    const { data } = readTensor(write(floats(4, [2, 2], [1, 2]), bits));
    expect(new Uint32Array(data.buffer)).toEqual(Uint32Array.of(bits[0]!, bits[2]!, bits[1]!, bits[3]!));
    const wide = BigUint64Array.of(0x7ff4000000000001n, 1n, 0xfff4000000000002n, 2n);
    const doubles = readTensor(write({ ...floats(4, [2, 2], [1, 2]), type: 'Double' }, wide)).data;
    expect(new BigUint64Array(doubles.buffer)).toEqual(BigUint64Array.of(wide[0]!, wide[2]!, wide[1]!, wide[3]!));
  });

  it('reads tensors of no axes and of no elements', () => {
    expect(readTensor(write(floats(1, [], [])))).toEqual({ dtype: 'F32', shape: [], data: Float32Array.of(0) });
    expect(readTensor(write(floats(0, [0, 3], [3, 1])))).toEqual({ dtype: 'F32', shape: [0, 3], data: new Float32Array() });
  });

  it.each<[string, TensorSpec]>([
    ['too many elements', floats(6, [7], [1])],
    ['an offset too far', floats(6, [6], [1], 1)],
    ['a stride too wide', floats(6, [2, 3], [4, 1])],
    ['an offset behind the end, and no elements', floats(6, [0], [1], 7)],
    ['a shape that overflows', floats(6, Array(64).fill(2 ** 31 - 1), Array(64).fill(0))],
    ['strides that overflow', floats(6, [2 ** 31 - 1, 2], [2 ** 31 - 1, 2 ** 31 - 1])],
  ])('stride-out-of-bounds: %s', (_, spec) => {
    refuses('stride-out-of-bounds', write(spec));
  });

  it('too-large: one element repeated without end', () => {
    refuses('too-large', write(floats(1, [2 ** 30], [0])));
  });

  it('storage-size: fewer or more bytes than elements', () => {
    const [tooFew, tooMany] = form === 'zip' ? ['storage-size', 'storage-size'] : ['truncated', 'trailing-bytes'];
    refuses(tooFew!, write(floats(6, [6], [1]), counting(5)));
    refuses(tooMany!, write(floats(6, [6], [1]), counting(7)));
  });

  it('bad-tensor: not made as tensors are', () => {
    refuses('bad-tensor', write(floats(6, [6], [1, 1])));
    refuses('bad-tensor', write(floats(6, [-6], [1])));
    refuses('bad-tensor', write(floats(6, [6], [-1])));
    refuses('bad-tensor', write(floats(6, [6], [1], -1)));
    refuses('bad-tensor', write(floats(1, Array(65).fill(1), Array(65).fill(1))));
  });

  it('forbidden-global: an element type that is none', () => {
    refuses('forbidden-global', write({ ...floats(1, [1], [1]), type: 'Untyped' }));
  });

  it('reads or refuses whatever changes', () => {
    const bytes = write(floats(6, [3, 2], [1, 3]));
    const change = fc.tuple(fc.nat(bytes.length - 1), fc.integer({ min: 0, max: 255 }));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
        const copy = bytes.slice();
        for (const [at, value] of changes) copy[at] = value;
        readsOrRefuses(() => stateDict(decodePyTorch(copy, file)));
      }),
      { numRuns: 3000 },
    );
    for (let length = 0; length < bytes.length; length++) {
      expect(readsOrRefuses(() => decodePyTorch(bytes.subarray(0, length), file))).not.toBe('read');
    }
  });
});

describe('a checkpoint', () => {
  const weights = tensor({ key: 'w', type: 'Float', count: 4, shape: [2, 2], strides: [2, 1] });
  const root = dict({
    epoch: int(7),
    best_prec1: float(91.25),
    arch: text('dydensenet'),
    args: list(tuple(int(1), none), yes),
    state_dict: orderedDict({ 'module.fc.weight': weights }),
  });
  const held = bytesOf(counting(4));
  const both = [
    zipCheckpoint({ root, storages: { w: held } }),
    zipCheckpoint({ root, storages: { w: held }, deflate: true }),
    zipCheckpoint({ root, storages: { w: held }, options: { large: true }, byteOrder: null }),
    legacyCheckpoint({ root, storages: [['w', 4, held]] }),
  ];

  it.each(both.map((bytes, i) => [i, bytes] as const))('is plain data, in every form (%i)', (_, bytes) => {
    const { root: tree } = decodePyTorch(bytes, file);
    expect(tree).toEqual(
      new Map<string, unknown>([
        ['epoch', 7],
        ['best_prec1', 91.25],
        ['arch', 'dydensenet'],
        ['args', [[1, null], true]],
        ['state_dict', new Map([['module.fc.weight', { dtype: 'F32', shape: [2, 2], data: counting(4) }]])],
      ]),
    );
  });

  it('may be a Buffer in the middle of something else', () => {
    const bytes = both[0]!;
    const padded = Buffer.concat([Buffer.alloc(5), bytes, Buffer.alloc(5)]).subarray(5, 5 + bytes.length);
    expect(decodePyTorch(padded, file)).toEqual(decodePyTorch(bytes, file));
  });

  it('has parameters, which are tensors', () => {
    const rebuilt = call(global('torch._utils', '_rebuild_parameter'), weights, yes, orderedDict());
    expect(readTensor(zipCheckpoint({ root: rebuilt, storages: { w: held } })).shape).toEqual([2, 2]);
    const made = call(global('torch.nn.parameter', 'Parameter'), weights, yes);
    expect(readTensor(zipCheckpoint({ root: made, storages: { w: held } })).shape).toEqual([2, 2]);
    refuses('bad-tensor', zipCheckpoint({ root: call(global('torch.nn.parameter', 'Parameter'), int(1)) }));
  });

  it('may have one tensor in two places', () => {
    const shared = [...list(), ...weights, 0x71, 0, 0x61, 0x68, 0, 0x61];
    const [a, b] = decodePyTorch(zipCheckpoint({ root: shared, storages: { w: held } }), file).root as PyTorchTensor[];
    expect(a).toBe(b);
  });

  it('may have several tensors in one storage', () => {
    const row = (offset: number) => tensor({ key: 'w', type: 'Float', count: 4, shape: [2], strides: [1], offset });
    const [a, b] = decodePyTorch(zipCheckpoint({ root: list(row(0), row(2)), storages: { w: held } }), file)
      .root as PyTorchTensor[];
    expect([a!.data, b!.data]).toEqual([Float32Array.of(0, 1), Float32Array.of(2, 3)]);
    a!.data[0] = 9;
    expect(readTensor(zipCheckpoint({ root: row(0), storages: { w: held } })).data[0]).toBe(0);
  });
});

describe('the zip form', () => {
  const spec = floats(2, [2], [1]);

  it('not-a-checkpoint: another zip file', () => {
    refuses('not-a-checkpoint', zipCheckpoint({ version: null }));
    refuses('not-a-checkpoint', zipCheckpoint({ more: [{ name: 'other/data.pkl', content: pickle(none) }] }));
    const elsewhere = Buffer.from(zipCheckpoint({})).toString('latin1').replaceAll('archive/data.pkl', 'archive_data.pkl');
    refuses('not-a-checkpoint', Uint8Array.from(Buffer.from(elsewhere, 'latin1')));
  });

  it('unsupported-version', () => {
    for (const version of ['11', '0', 'x', '', '-1', '3.5']) refuses('unsupported-version', zipCheckpoint({ version }));
  });

  it('unsupported-byte-order', () => {
    refuses('unsupported-byte-order', zipCheckpoint({ byteOrder: 'big' }));
    refuses('unsupported-byte-order', zipCheckpoint({ byteOrder: 'x'.repeat(1000) }));
  });

  it('storage-missing', () => {
    expect(refuses('storage-missing', zipCheckpoint({ root: tensor(spec) })).message).toContain('"0"');
    refuses('storage-missing', zipCheckpoint({ root: tensor({ ...spec, key: '../data.pkl' }) }));
  });

  it('storage-conflict: one storage of two kinds', () => {
    const as = (type: string, count: number) => tensor({ ...spec, type, count });
    refuses('storage-conflict', zipCheckpoint({ root: list(as('Float', 2), as('Int', 2)) }));
    refuses('storage-conflict', zipCheckpoint({ root: list(as('Float', 2), as('Float', 3)) }));
  });

  it('bad-storage: not described as storages are', () => {
    const persistent = (id: Fragment) => zipCheckpoint({ root: [...id, 0x51] });
    const type = global('torch', 'FloatStorage');
    refuses('bad-storage', persistent(text('0')));
    refuses('bad-storage', persistent(tuple(text('module'), type, text('0'), text('cpu'), int(1))));
    refuses('bad-storage', persistent(tuple(text('storage'), text('FloatStorage'), text('0'), text('cpu'), int(1))));
    refuses(
      'bad-storage',
      persistent(tuple(text('storage'), global('collections', 'OrderedDict'), text('0'), text('cpu'), int(1))),
    );
    refuses('bad-storage', persistent(tuple(text('storage'), type, int(0), text('cpu'), int(1))));
    refuses('bad-storage', persistent(tuple(text('storage'), type, text('0'), text('cpu'), int(-1))));
    refuses('bad-storage', persistent(tuple(text('storage'), type, text('0'), text('cpu'), long(2n ** 60n))));
  });

  it('unsupported-value: a storage without a tensor', () => {
    refuses('unsupported-value', zipCheckpoint({ root: storage(spec), storages: { 0: bytesOf(counting(2)) } }));
  });

  it('zip-...: a damaged zip file', () => {
    const bytes = asZip(spec);
    refuses('zip-no-directory', bytes.subarray(0, bytes.length - 5));
    const at = bytes.indexOf(0x3f);
    bytes[at] = 0;
    refuses('zip-crc', bytes);
  });
});

describe('the legacy form', () => {
  const spec = floats(4, [2], [1]);
  const held = bytesOf(counting(4));

  it('bad-magic: another pickle', () => {
    refuses('bad-magic', legacyCheckpoint({ magic: long(0x1950a86a20f9469cfc6dn) }));
    refuses('bad-magic', legacyCheckpoint({ magic: text('hello') }));
    refuses('bad-magic', pickle(call(global('numpy', 'array'))));
  });

  it('unsupported-version', () => {
    refuses('unsupported-version', legacyCheckpoint({ version: int(1002) }));
    refuses('unsupported-version', legacyCheckpoint({ version: none }));
  });

  it('unsupported-byte-order', () => {
    refuses('unsupported-byte-order', legacyCheckpoint({ machine: machine(false) }));
    refuses('unsupported-byte-order', legacyCheckpoint({ machine: dict({}) }));
    refuses('unsupported-byte-order', legacyCheckpoint({ machine: none }));
  });

  it('bad-pickle: a storage where none belongs', () => {
    refuses('forbidden-global', legacyCheckpoint({ version: storage(spec) }));
    refuses('bad-pickle', legacyCheckpoint({ version: [...text('0'), 0x51] }));
  });

  it('bad-pickle: no list of storages', () => {
    refuses('bad-pickle', legacyCheckpoint({ keys: none }));
    refuses('bad-pickle', legacyCheckpoint({ keys: list(int(0)) }));
  });

  it('storage-missing', () => {
    refuses('storage-missing', legacyCheckpoint({ root: tensor(spec) }));
  });

  it('storage-unknown: one that no tensor uses', () => {
    refuses('storage-unknown', legacyCheckpoint({ storages: [['0', 4, held]] }));
  });

  it('storage-conflict: one that is there twice', () => {
    const twice: [string, number, Uint8Array] = ['0', 4, held];
    refuses('storage-conflict', legacyCheckpoint({ root: tensor(spec), storages: [twice, twice] }));
  });

  it('storage-size: another count than its tensors say', () => {
    refuses('storage-size', legacyCheckpoint({ root: tensor(spec), storages: [['0', 3, held]] }));
    refuses('storage-size', legacyCheckpoint({ root: tensor(spec), storages: [['0', -1, held]] }));
  });

  it('trailing-bytes', () => {
    refuses('trailing-bytes', legacyCheckpoint({ rest: Uint8Array.of(0) }));
  });

  it('reads parts of storages, and stays within them', () => {
    const part = (view: [number, number], shape: number[], strides: number[], offset = 0) =>
      legacyCheckpoint({ root: tensor({ ...spec, view, shape, strides, offset }), storages: [['0', 4, held]] });
    expect(readTensor(part([1, 2], [2], [1])).data).toEqual(Float32Array.of(1, 2));
    expect(readTensor(part([1, 3], [2], [2])).data).toEqual(Float32Array.of(1, 3));
    refuses('stride-out-of-bounds', part([1, 2], [3], [1]));
    refuses('stride-out-of-bounds', part([1, 2], [2], [1], 1));
    refuses('bad-storage', part([1, 4], [1], [1]));
    refuses('bad-storage', part([-1, 2], [1], [1]));
  });
});

describe('other files', () => {
  it('truncated: hardly anything', () => {
    refuses('truncated', new Uint8Array());
    refuses('truncated', Uint8Array.of(0x80));
  });

  it('not-a-checkpoint', () => {
    refuses('not-a-checkpoint', new TextEncoder().encode('ustar, or anything else'));
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => readsOrRefuses(() => decodePyTorch(bytes, file)) !== 'read'),
    );
  });

  it('reads or refuses any sequence of opcodes', () => {
    const value = fc.constantFrom<Fragment>(
      none,
      int(1),
      text('a'),
      list(),
      dict({}),
      orderedDict(),
      [0x28],
      [0x74],
      [0x65],
      [0x75],
    );
    const work = fc.constantFrom<Fragment>(
      [0x32],
      [0x61],
      [0x73],
      [0x85],
      [0x86],
      [0x94],
      [0x68, 0],
      [0x52],
      [0x62],
      [0x51],
      [0x30],
      [0x31],
    );
    const torch = fc.constantFrom(tensor(floats(2, [2], [1])), storage(floats(2, [2], [1])), global('torch', 'FloatStorage'));
    fc.assert(
      fc.property(fc.array(fc.oneof(value, work, torch), { maxLength: 12 }), (parts) => {
        const bytes = zipCheckpoint({ root: parts.flat(), storages: { 0: bytesOf(counting(2)) } });
        readsOrRefuses(() => stateDict(decodePyTorch(bytes, file)));
      }),
      { numRuns: 2000 },
    );
  });
});
