import { FormatError } from '#dist/errors.js';
import { bytesPerElement } from '#dist/formats/dtypes.js';
import { decodePyTorch, isPyTorchTensor, type PyTorchTensor, type PyTorchValue, stateDict } from '#dist/formats/pytorch/index.js';
import { legacyCheckpoint, bytesOf as viewOf, zipCheckpoint } from '../../formats/checkpoint-writer.js';
import {
  dict,
  float,
  global,
  int,
  list,
  long,
  none,
  orderedDict,
  pickle,
  tensor,
  text,
  tuple,
  yes,
} from '../../formats/pickle-writer.js';
import { agree, type Reader } from '../reader.js';
import { bytesOf, checkTensor } from './safetensors.js';

const counting = Float32Array.from({ length: 24 }, (_, i) => i + 0.5);
const held = { w: viewOf(counting), b: viewOf(BigInt64Array.of(-1n, 2n ** 40n)), h: viewOf(Uint16Array.of(0x3c00, 1, 2)) };
const root = dict({
  epoch: int(7),
  accuracy: float(91.25),
  arch: text('dydensenet'),
  args: list(tuple(int(1), none), yes, long(2n ** 70n)),
  state_dict: orderedDict({
    'module.conv.weight': tensor({ key: 'w', type: 'Float', count: 24, shape: [2, 3, 4], strides: [12, 4, 1] }),
    'module.conv.turned': tensor({ key: 'w', type: 'Float', count: 24, shape: [4, 3], strides: [1, 4], offset: 12 }),
    'module.conv.spread': tensor({ key: 'h', type: 'Half', count: 3, shape: [3, 5], strides: [1, 0] }),
    'module.steps': tensor({ key: 'b', type: 'Long', count: 2, shape: [], strides: [], offset: 1 }),
  }),
});
/** By CPython, in lines of text; protocol 4 beside it has frames and a memo. */
const protocols = [
  'KGxwMApOYUkwMQphSTAwCmFJMQphSTMwMAphTDEwOTk1MTE2Mjc3NzZMCmFGMS41CmFW6Vx1MDAwYQpwMQphKFZhCnAyCnRwMwphKGRwMTAKYS4=',
  'gASVbgAAAAAAAABdlChOiIlLAUr/////TSwBSnARAQCKBgAAAAAAAYoJAAAAAAAAAABAiggAAAAAAAAAgEc/+AAAAAAAAIwDw6kKlIwBYZSFlEsBSwKGlEsBSwJLA4eUKEsBSwJLA0sEdJQpfZSMAWuUXZRzfZRlLg==',
];

/** Opcodes that build on one another, whole fragments, and names. */
const tokens = [
  ...'.0125a(tdesubRQlp)]}N\x85\x86\x87\x88\x89\x94\x93\x81'.split('').map((code) => Buffer.from(code, 'latin1')),
  ...[
    'h\0',
    'q\0',
    'q\x01',
    'h\x01',
    'j\xff\xff\xff\xff',
    'K\x05',
    'X\xff\xff\xff\x7f',
    '\x8e\xff\xff\xff\xff\0\0\0\0',
    'I99999999999\n',
  ].map((code) => Buffer.from(code, 'latin1')),
  ...[
    int(0),
    int(-1),
    long(2n ** 60n),
    text('w'),
    list(),
    orderedDict(),
    global('collections', 'OrderedDict'),
    global('os', 'system'),
  ].map((fragment) => Uint8Array.from(fragment)),
  Uint8Array.from(tensor({ key: 'w', type: 'Float', count: 24, shape: [1 << 20], strides: [0] })),
];

const seamsOf = (bytes: Uint8Array) =>
  ['PK\x01\x02', 'PK\x03\x04', 'PK\x05\x06', 'PK\x06\x06', '\x80\x02'].flatMap((mark) => {
    const at: number[] = [];
    const file = Buffer.from(bytes);
    for (let i = file.indexOf(mark, 0, 'latin1'); i >= 0; i = file.indexOf(mark, i + 1, 'latin1')) at.push(i);
    return at;
  });

/** Elements may be repeated (stride 0) up to a limit of the reader; entries of a zip file may be deflated. */
const mayAllocate = (fileBytes: number) => 2 * (128 * 2 ** 20 + 48 * fileBytes);

const zipped = {
  stored: zipCheckpoint({ root, storages: held }),
  large: zipCheckpoint({ root, storages: held, options: { large: true, comment: 'made' } }),
  deflated: zipCheckpoint({ root, storages: held, deflate: true }),
};

export const pytorchZip: Reader = {
  name: 'pytorch-zip',
  samples: Object.entries(zipped).map(([name, bytes]) => ({ name, bytes, seams: seamsOf(bytes) })),
  refusesWith: FormatError,
  read: (bytes) => readModel(bytes, null),
  mayAllocate,
};

const legacy = legacyCheckpoint({
  root,
  storages: [
    ['w', 24, held.w],
    ['b', 2, held.b],
    ['h', 3, held.h],
  ],
});

export const pytorchLegacy: Reader = {
  name: 'pytorch-legacy',
  samples: [{ name: 'legacy', bytes: legacy, seams: seamsOf(legacy) }],
  refusesWith: FormatError,
  read: (bytes) => readModel(bytes, bytes),
  mayAllocate,
  tokens,
};

/** The pickle within a zip file that is otherwise honest: its checksums would keep changes out. */
export const pytorchPickle: Reader = {
  name: 'pytorch-pickle',
  samples: [
    { name: 'checkpoint', bytes: pickle(root) },
    ...protocols.map((base64, i) => ({ name: `by Python ${i}`, bytes: Buffer.from(base64, 'base64') })),
  ],
  refusesWith: FormatError,
  read(bytes) {
    const file = zipCheckpoint({ pickleBytes: bytes, storages: held });
    checkTree(decodePyTorch(file, 'x.pth').root, file);
  },
  mayAllocate,
  tokens,
};

/** The whole tree, and the state dict in it as a model takes it. */
function readModel(bytes: Uint8Array, file: Uint8Array | null): void {
  const checkpoint = decodePyTorch(bytes, 'x.pth');
  checkTree(checkpoint.root, file);
  for (const tensor of stateDict(checkpoint).values()) checkTensor(tensor);
}

/** @param file where all elements must come from; null where they may be compressed in it */
function checkTree(value: PyTorchValue, file: Uint8Array | null): void {
  if (isPyTorchTensor(value)) {
    checkTensor(value);
    if (file) checkElements(value, Buffer.from(file));
  } else if (Array.isArray(value)) for (const item of value) checkTree(item, file);
  else if (value instanceof Map) for (const item of value.values()) checkTree(item, file);
}

/** Each of the first elements, and the last, stands somewhere in the file. */
function checkElements(tensor: PyTorchTensor, file: Buffer): void {
  const bytes = bytesOf(tensor);
  const size = bytesPerElement(tensor.dtype);
  const starts = Array.from({ length: Math.min(tensor.data.length, 32) }, (_, i) => i * size);
  for (const start of [...starts, bytes.length - size].filter((at) => at >= 0)) {
    agree(
      file.includes(Buffer.from(bytes.subarray(start, start + size))),
      `element ${start / size} of a tensor is not in the file`,
    );
  }
}
