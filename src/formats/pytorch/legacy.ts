import { FormatError } from '../../errors.js';
import { bytesPerElement } from '../dtypes.js';
import { readPickle } from './pickle.js';
import { PickleCursor } from './pickle-cursor.js';
import type { PickleRules } from './pickle-machine.js';
import type { PickleValue } from './pickle-values.js';
import { checkpointRules, plainRules, StorageRef } from './rules.js';
import { TensorReader } from './tensors.js';
import { type PyTorchValue, plainTree } from './tree.js';

/* The form of torch < 1.6 (torch/serialization.py, _legacy_save): five pickles, a magic number, the protocol's version, facts about
 * the machine, the object, the keys of its storages; then, in that order, each storage as an int64 count and its elements. */

const magic = 0x1950a86a20f9469cfc6cn;
const protocolVersion = 1001;

export function decodeLegacy(bytes: Uint8Array, file: string): PyTorchValue {
  const cursor = new PickleCursor(bytes, file);
  checkMagic(cursor, file);
  checkProtocol(readPickle(cursor, plainRules), file);
  checkMachine(readPickle(cursor, plainRules), file);

  const refs = new Map<string, StorageRef>();
  const root = readPickle(cursor, recorded(refs));
  const storages = readStorages(cursor, refs, readPickle(cursor, plainRules), file);
  if (cursor.remaining > 0) throw cursor.fail('trailing-bytes', `${cursor.remaining} bytes follow the last storage.`);
  const tensors = new TensorReader(file, bytes.length, ({ key }) => {
    const content = storages.get(key);
    if (!content) throw new FormatError(file, 'storage-missing', `storage "${key}" is not in the file.`);
    return content;
  });
  return plainTree(root, file, tensors);
}

function checkMagic(cursor: PickleCursor, file: string): void {
  let value: PickleValue;
  try {
    value = readPickle(cursor, plainRules);
  } catch (cause) {
    // Any other pickle: what it holds does not matter, only that it is not the number.
    if (!(cause instanceof FormatError) || cause.reason === 'truncated') throw cause;
    throw new FormatError(file, 'bad-magic', `is a pickle, but does not start with PyTorch's number (${cause.message}).`, {
      cause,
    });
  }
  if (value !== magic) throw new FormatError(file, 'bad-magic', "is a pickle, but does not start with PyTorch's number.");
}

function checkProtocol(value: PickleValue, file: string): void {
  if (value !== protocolVersion) {
    throw new FormatError(
      file,
      'unsupported-version',
      `is not of version ${protocolVersion}, the only one that PyTorch wrote in this form.`,
    );
  }
}

function checkMachine(value: PickleValue, file: string): void {
  const isLittle = value instanceof Map ? value.get('little_endian') : undefined;
  if (isLittle !== true) {
    const detail = 'its numbers are not, or not said to be, little-endian. Save it again on another machine.';
    throw new FormatError(file, 'unsupported-byte-order', detail);
  }
}

/** The rules of a checkpoint, which note the storages that it uses: only they tell the element types. */
function recorded(refs: Map<string, StorageRef>): PickleRules {
  const rules = checkpointRules();
  return {
    ...rules,
    persistent(id, cursor) {
      const ref = rules.persistent(id, cursor);
      if (ref instanceof StorageRef) refs.set(ref.key, ref);
      return ref;
    },
  };
}

function readStorages(
  cursor: PickleCursor,
  refs: Map<string, StorageRef>,
  keys: PickleValue,
  file: string,
): Map<string, Uint8Array> {
  if (!Array.isArray(keys)) throw cursor.fail('bad-pickle', 'there is no list of storages.');
  const storages = new Map<string, Uint8Array>();
  for (const key of keys) {
    if (typeof key !== 'string') throw cursor.fail('bad-pickle', 'the name of a storage is no text.');
    if (storages.has(key)) throw new FormatError(file, 'storage-conflict', `storage "${key}" is in the file twice.`);
    const ref = refs.get(key);
    if (!ref)
      throw new FormatError(file, 'storage-unknown', `storage "${key}" is in the file, but no tensor tells what it holds.`);
    const count = cursor.i64();
    if (count !== BigInt(ref.count)) {
      throw cursor.fail('storage-size', `storage "${key}" has ${count} elements; its tensors need ${ref.count}.`);
    }
    storages.set(key, cursor.raw(ref.count * bytesPerElement(ref.dtype)));
  }
  return storages;
}
