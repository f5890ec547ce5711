import { FormatError } from '../../errors.js';
import { bytesPerElement } from '../dtypes.js';
import { ZipFile } from '../zip.js';
import { readPickle } from './pickle.js';
import { PickleCursor } from './pickle-cursor.js';
import { checkpointRules, type StorageRef } from './rules.js';
import { TensorReader } from './tensors.js';
import { type PyTorchValue, plainTree } from './tree.js';

/* The form of torch >= 1.6 (torch/serialization.py, caffe2/serialize): a zip file with one folder, in it `data.pkl`, a file
 * `data/<key>` for each storage, `version`, and `byteorder` since torch 2.1. */

/** kMaxSupportedFileFormatVersion */
const maxVersion = 10;

export function decodeArchive(bytes: Uint8Array, file: string): PyTorchValue {
  const zip = new ZipFile(bytes, file);
  const folder = findFolder(zip, file);
  checkVersion(zip.read(`${folder}/version`), file);
  checkByteOrder(zip.read(`${folder}/byteorder`), file);

  const cursor = new PickleCursor(zip.read(`${folder}/data.pkl`)!, file, 'data.pkl');
  const root = readPickle(cursor, checkpointRules());
  if (cursor.remaining > 0) throw cursor.fail('trailing-bytes', `${cursor.remaining} bytes follow the end of the pickle.`);
  return plainTree(root, file, new TensorReader(file, bytes.length, storageReader(zip, folder, file)));
}

function findFolder(zip: ZipFile, file: string): string {
  const folders = zip.names.flatMap((name) => name.match(/^([^/]+)\/data\.pkl$/)?.[1] ?? []);
  if (folders.length !== 1) {
    const detail = `is a zip file with ${folders.length} data.pkl in it; a checkpoint of PyTorch has one.`;
    throw new FormatError(file, 'not-a-checkpoint', detail);
  }
  return folders[0]!;
}

function checkVersion(content: Uint8Array | null, file: string): void {
  const version = content && ascii(content).trim();
  if (version === null) throw new FormatError(file, 'not-a-checkpoint', 'is a zip file without the version that PyTorch writes.');
  if (!/^\d{1,4}$/.test(version) || Number(version) < 1 || Number(version) > maxVersion) {
    throw new FormatError(file, 'unsupported-version', `has version ${JSON.stringify(version)}; 1 to ${maxVersion} can be read.`);
  }
}

function checkByteOrder(content: Uint8Array | null, file: string): void {
  const order = content ? ascii(content) : 'little';
  if (order !== 'little') {
    const detail = `its numbers are in byte order ${JSON.stringify(order)}; only "little" can be read. Save it again on another machine.`;
    throw new FormatError(file, 'unsupported-byte-order', detail);
  }
}

/** For error texts as well: not more of it than fits into one. */
function ascii(content: Uint8Array): string {
  return new TextDecoder('latin1').decode(content.slice(0, 32));
}

function storageReader(zip: ZipFile, folder: string, file: string) {
  const read = new Map<string, Uint8Array>();
  return ({ key, dtype, count }: StorageRef): Uint8Array => {
    const bytes = read.get(key) ?? zip.read(`${folder}/data/${key}`);
    if (!bytes) throw new FormatError(file, 'storage-missing', `storage "${key}" is not in the file.`);
    if (bytes.length !== count * bytesPerElement(dtype)) {
      const detail = `storage "${key}" has ${bytes.length} bytes; ${count} elements of ${dtype} need ${count * bytesPerElement(dtype)}.`;
      throw new FormatError(file, 'storage-size', detail);
    }
    read.set(key, bytes);
    return bytes;
  };
}
