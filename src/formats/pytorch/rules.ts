import type { StoredDType } from '../dtypes.js';
import type { PickleCursor } from './pickle-cursor.js';
import type { PickleRules } from './pickle-machine.js';
import { describe, PickleGlobal, type PickleKey, PickleMade, PickleTuple, type PickleValue } from './pickle-values.js';

/** A run of elements in the file, named by the pickle; the bytes stand elsewhere. */
export class StorageRef extends PickleMade {
  readonly what = 'a storage';
  constructor(
    readonly key: string,
    readonly dtype: StoredDType,
    /** Elements of the whole storage. */
    readonly count: number,
    /** The part of it that is meant, in elements. */
    readonly viewStart: number,
    readonly viewCount: number,
  ) {
    super();
  }
}

/** A tensor over a storage: offset and strides count elements. Not checked against the storage yet. */
export class TensorView extends PickleMade {
  readonly what = 'a tensor';
  constructor(
    readonly storage: StorageRef,
    readonly offset: number,
    readonly shape: readonly number[],
    readonly strides: readonly number[],
  ) {
    super();
  }
}

const storageTypes: ReadonlyMap<string, StoredDType> = new Map([
  ['torch.DoubleStorage', 'F64'],
  ['torch.FloatStorage', 'F32'],
  ['torch.HalfStorage', 'F16'],
  ['torch.BFloat16Storage', 'BF16'],
  ['torch.LongStorage', 'I64'],
  ['torch.IntStorage', 'I32'],
  ['torch.ShortStorage', 'I16'],
  ['torch.CharStorage', 'I8'],
  ['torch.ByteStorage', 'U8'],
  ['torch.BoolStorage', 'BOOL'],
]);

/** What the calls of one pickle may still make. */
interface Budget {
  /** Entries of dicts: one list may be made into dicts again and again, at a few bytes of the file each time. */
  entries: number;
}

const maxEntries = 1_000_000;

type Callee = (args: readonly PickleValue[], cursor: PickleCursor, budget: Budget) => PickleValue;

const callees: ReadonlyMap<string, Callee> = new Map<string, Callee>([
  ['collections.OrderedDict', orderedDict],
  ['torch._utils._rebuild_tensor_v2', tensor],
  ['torch._utils._rebuild_parameter', parameter],
  ['torch.nn.parameter.Parameter', parameter],
]);

const globals: ReadonlySet<string> = new Set([...callees.keys(), ...storageTypes.keys()]);

/** torch's own limit on axes. */
const maxAxes = 64;

/**
 * What a checkpoint's pickle may use: tensors, parameters, OrderedDict, the storages' element types. Nothing else.
 * Reasons: `bad-tensor`, `bad-storage`, `storage-conflict`, `bad-pickle`, `pickle-limit`.
 */
export function checkpointRules(): PickleRules {
  const storages = new Map<string, StorageRef>();
  const budget: Budget = { entries: maxEntries };
  return {
    globals,
    call(name, args, cursor) {
      const callee = callees.get(name);
      if (!callee) throw cursor.fail('bad-pickle', `${name} is called.`);
      return callee(args, cursor, budget);
    },
    persistent(id, cursor) {
      const ref = storage(id, cursor);
      const known = storages.get(ref.key);
      if (known && (known.dtype !== ref.dtype || known.count !== ref.count)) {
        const detail = `storage "${ref.key}" is ${ref.count} x ${ref.dtype} here and ${known.count} x ${known.dtype} elsewhere.`;
        throw cursor.fail('storage-conflict', detail);
      }
      storages.set(ref.key, ref);
      return ref;
    },
  };
}

/** A pickle of plain values: no name passes. */
export const plainRules: PickleRules = {
  globals: new Set(),
  call: (name, _, cursor) => {
    throw cursor.fail('bad-pickle', `${name} is called.`);
  },
  persistent: (_, cursor) => {
    throw cursor.fail('bad-pickle', 'a storage is used outside of the checkpoint itself.');
  },
};

/** `OrderedDict()`, or with a list of pairs, as Python 2 pickled it. */
function orderedDict(args: readonly PickleValue[], cursor: PickleCursor, budget: Budget): PickleValue {
  const dict = new Map<PickleKey, PickleValue>();
  const pairs = args[0] ?? [];
  if (args.length > 1 || !Array.isArray(pairs))
    throw cursor.fail('bad-pickle', 'an OrderedDict is made of something else than pairs.');
  budget.entries -= pairs.length;
  if (budget.entries < 0) throw cursor.fail('pickle-limit', `its OrderedDicts are made of more than ${maxEntries} pairs.`);
  for (const pair of pairs) {
    const [key, value] = itemsOf(pair) ?? [];
    if (value === undefined || key === undefined || (typeof key === 'object' && key !== null)) {
      throw cursor.fail('bad-pickle', `an OrderedDict has ${describe(pair)} as an entry.`);
    }
    dict.set(key, value);
  }
  return dict;
}

/** (storage, offset, size, stride, requires_grad, backward_hooks[, metadata]) */
function tensor(args: readonly PickleValue[], cursor: PickleCursor): PickleValue {
  const [ref, offset, size, stride] = args;
  const shape = counts(size);
  const strides = counts(stride);
  if (args.length < 4 || !(ref instanceof StorageRef) || !isCount(offset) || !shape || shape.length !== strides?.length) {
    throw cursor.fail('bad-tensor', 'a tensor is not made of a storage, an offset, a shape and as many strides.');
  }
  if (shape.length > maxAxes) throw cursor.fail('bad-tensor', `a tensor has ${shape.length} axes; PyTorch allows ${maxAxes}.`);
  return new TensorView(ref, offset, shape, strides);
}

/** (tensor, requires_grad[, backward_hooks]) */
function parameter(args: readonly PickleValue[], cursor: PickleCursor): PickleValue {
  const [data] = args;
  if (!(data instanceof TensorView)) throw cursor.fail('bad-tensor', 'a parameter is not made of a tensor.');
  return data;
}

/** ('storage', type, key, location, count[, null or (view key, start, count)]) */
function storage(id: PickleValue, cursor: PickleCursor): StorageRef {
  const [kind, type, key, , count, view] = (id instanceof PickleTuple ? id.items : []) as (PickleValue | undefined)[];
  const dtype = type instanceof PickleGlobal ? storageTypes.get(type.name) : undefined;
  if (kind !== 'storage' || !dtype || typeof key !== 'string' || !isCount(count)) {
    throw cursor.fail('bad-storage', 'a storage is not described by its type, name and count of elements.');
  }
  if (view === undefined || view === null) return new StorageRef(key, dtype, count, 0, count);
  const [, start, length] = itemsOf(view) ?? [];
  if (!isCount(start) || !isCount(length) || start + length > count) {
    throw cursor.fail('bad-storage', `a part of storage "${key}" does not lie within its ${count} elements.`);
  }
  return new StorageRef(key, dtype, count, start, length);
}

function itemsOf(value: PickleValue): readonly PickleValue[] | null {
  if (value instanceof PickleTuple) return value.items;
  return Array.isArray(value) ? value : null;
}

function counts(value: PickleValue | undefined): number[] | null {
  const items = value instanceof PickleTuple ? value.items : null;
  return items?.every(isCount) ? [...(items as number[])] : null;
}

function isCount(value: PickleValue | undefined): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
