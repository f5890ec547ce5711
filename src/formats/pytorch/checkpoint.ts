import { FormatError } from '../../errors.js';
import { decodeArchive } from './archive.js';
import { decodeLegacy } from './legacy.js';
import { withoutParallelPrefix } from './prefix.js';
import type { PyTorchTensor } from './tensors.js';
import { isPyTorchTensor, type PyTorchValue } from './tree.js';

export interface PyTorchCheckpoint {
  readonly fileName: string;
  /** `zip` since torch 1.6, `legacy` before, whatever the file's name. */
  readonly form: 'zip' | 'legacy';
  readonly root: PyTorchValue;
}

/**
 * What `torch.save` wrote: `.pth`, `.pt`, and the `.tar` that is none. No code of the file runs: its pickle may build plain values,
 * OrderedDicts, tensors and parameters, nothing else. Tensors come as contiguous copies in PyTorch's layout.
 * @param fileName for the error text
 * @throws FormatError. The file: `truncated`, `not-a-checkpoint`, `bad-magic`, `unsupported-version`, `unsupported-byte-order`,
 *   `trailing-bytes`. The pickle: `bad-opcode`, `bad-pickle`, `pickle-limit`, `forbidden-global`, `unsupported-value`, `too-deep`,
 *   `too-large`. The tensors: `bad-tensor`, `bad-storage`, `storage-missing`, `storage-size`, `storage-conflict`,
 *   `storage-unknown`, `stride-out-of-bounds`. The zip file: `zip-no-directory`, `zip-bad-directory`, `zip-multi-disk`,
 *   `zip-bad-name`, `zip-duplicate`, `zip-encrypted`, `zip-method`, `zip-size`, `zip-bomb`, `zip-local-header`, `zip-overlap`,
 *   `zip-deflate`, `zip-crc`
 */
export function decodePyTorch(bytes: Uint8Array, fileName: string): PyTorchCheckpoint {
  if (bytes.length < 2) throw new FormatError(fileName, 'truncated', `has ${bytes.length} bytes.`);
  if (bytes[0] === 0x50 && bytes[1] === 0x4b) return { fileName, form: 'zip', root: decodeArchive(bytes, fileName) };
  if (bytes[0] === 0x80) return { fileName, form: 'legacy', root: decodeLegacy(bytes, fileName) };
  throw new FormatError(fileName, 'not-a-checkpoint', 'is neither a zip file nor a pickle, so torch.save did not write it.');
}

/** Entries of a training checkpoint that are the state of a model. */
const stateKeys = ['state_dict', 'model'];

/**
 * The parameters and buffers of a model by name: the checkpoint's entry `state_dict` or `model`, else the checkpoint itself. Where all names start with `module.`, as DataParallel makes them, that is left out.
 * @throws FormatError with reason `no-state-dict`, or `bad-state-dict` when an entry of it is no tensor
 */
export function stateDict(checkpoint: PyTorchCheckpoint): Map<string, PyTorchTensor> {
  const { root, fileName } = checkpoint;
  const found = findState(root)?.state;
  if (!found) {
    const keys = root instanceof Map ? `It has ${[...root.keys()].slice(0, 20).map(String).join(', ') || 'nothing'}.` : '';
    const detail = `has no tensors by name at its top, nor under "state_dict" or "model". ${keys}`;
    throw new FormatError(fileName, 'no-state-dict', detail.trim());
  }
  const tensors = new Map<string, PyTorchTensor>();
  for (const [name, value] of found) {
    if (typeof name !== 'string' || !isPyTorchTensor(value)) {
      throw new FormatError(fileName, 'bad-state-dict', `entry "${String(name)}" of its state dict is no tensor.`);
    }
    tensors.set(name, value);
  }
  return withoutParallelPrefix(tensors);
}

/** What a training checkpoint holds beside the state that `stateDict` gives: `epoch`, `optimizer` and the like. */
export function besideStateDict({ root }: PyTorchCheckpoint): string[] {
  const key = findState(root)?.key ?? null;
  return key === null || !(root instanceof Map) ? [] : [...root.keys()].map(String).filter((name) => name !== key);
}

/** The state, and the entry that it is; null for the checkpoint itself. */
function findState(root: PyTorchValue): { readonly key: string | null; readonly state: Map<string, PyTorchValue> } | null {
  // The entries first: a training checkpoint may have tensors at its top too, such as its best accuracy.
  for (const key of root instanceof Map ? stateKeys : []) {
    const entry = (root as Map<string, PyTorchValue>).get(key);
    if (holdsTensors(entry)) return { key, state: entry };
  }
  return holdsTensors(root) ? { key: null, state: root } : null;
}

function holdsTensors(value: PyTorchValue | undefined): value is Map<string, PyTorchValue> {
  return value instanceof Map && [...value.values()].some(isPyTorchTensor);
}
