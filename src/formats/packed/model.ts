import { FormatError } from '../../errors.js';
import type { StoredTensor } from '../dtypes.js';
import { scanJson } from '../json-scan.js';
import { decodeSafetensors, encodeSafetensors } from '../safetensors.js';
import { checkGraph } from './check.js';
import { type Contract, checkContract } from './contract.js';
import type { PackedGraph } from './graph.js';
import { sha256 } from './sha256.js';

/*
 * The packed model: a safetensors file whose metadata holds the graph, what it takes and answers, and where it comes from, as JSON, and a digest of all of
 * it (docs/packed-format.md). Runs in browsers.
 */

const formatName = 'gossamer-packed';
const formatVersion = '1';
/** Steps hold a finish: three levels of brackets, and the lists around them. */
const maxDepth = 16;

/** Where a packed model comes from, as plain data for people: nothing depends on it. */
export type Provenance = Readonly<Record<string, unknown>>;

export interface PackedModel {
  readonly graph: PackedGraph;
  readonly contract: Contract;
  readonly provenance: Provenance;
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** SHA-256 of the above, in hexadecimal digits. */
  readonly digest: string;
}

/** The bytes of a file; the same model gives the same bytes. */
export async function encodePackedModel({
  graph,
  contract,
  provenance,
  tensors,
}: Omit<PackedModel, 'digest'>): Promise<Uint8Array> {
  const texts = textsOf({ graph, contract, provenance });
  const digest = await digestOf(texts, tensors);
  return encodeSafetensors(tensors as Map<string, StoredTensor>, {
    format: formatName,
    version: formatVersion,
    graph: texts[0],
    contract: texts[1],
    provenance: texts[2],
    digest,
  });
}

function textsOf({ graph, contract, provenance }: Pick<PackedModel, 'graph' | 'contract' | 'provenance'>) {
  return [graph, contract, provenance].map((part) => JSON.stringify(part)) as [string, string, string];
}

/**
 * The digest that a model has without a decision: the same before and after a threshold was put into its file. Scores are those of the model
 * that has it.
 */
export function undecidedDigest(model: Omit<PackedModel, 'digest'>): Promise<string> {
  const { decision: _, ...contract } = model.contract;
  return digestOf(textsOf({ ...model, contract }), model.tensors);
}

/**
 * A packed model, everything in it checked.
 * @param file its name, for error texts
 * @throws FormatError as `decodeSafetensors`, and with reason `not-packed` (another kind of file), `unknown-version`, `bad-json`, `bad-graph`,
 *   `bad-contract` or `wrong-digest`
 */
export async function decodePackedModel(bytes: Uint8Array, file: string): Promise<PackedModel> {
  const { tensors, metadata } = decodeSafetensors(bytes, file);
  if (metadata.format !== formatName) {
    throw new FormatError(
      file,
      'not-packed',
      `is no packed model but ${kindOf(metadata)}. Make one of a checkpoint: gossamer freeze.`,
    );
  }
  if (metadata.version !== formatVersion) {
    throw new FormatError(
      file,
      'unknown-version',
      `has version ${JSON.stringify(metadata.version)} of the packed format; this Gossamer reads ${formatVersion}.`,
    );
  }
  const texts = ['graph', 'contract', 'provenance'].map((key) => metadata[key] ?? '') as [string, string, string];
  const [graph, contract, provenance] = texts.map((text, i) => parseJson(text, ['graph', 'contract', 'provenance'][i]!, file));
  const digest = await digestOf(texts, tensors);
  if (digest !== metadata.digest) {
    throw new FormatError(
      file,
      'wrong-digest',
      'was changed since it was written: its digest is another one. Get it once more from where it came.',
    );
  }
  if (typeof provenance !== 'object' || provenance === null || Array.isArray(provenance)) {
    throw new FormatError(file, 'bad-json', 'its provenance is no object.');
  }
  const checked = checkGraph(graph, tensors, file);
  const model: PackedModel = {
    graph: checked,
    contract: checkContract(contract, checked, file),
    provenance: provenance as Provenance,
    tensors,
    digest,
  };
  const { decision } = model.contract;
  if (decision && decision.evidence.model !== (await undecidedDigest(model))) {
    throw new FormatError(
      file,
      'bad-contract',
      'its threshold was chosen for another model. Calibrate it: gossamer pad calibrate.',
    );
  }
  return model;
}

function kindOf(metadata: Readonly<Record<string, string>>): string {
  return metadata.format ? `a ${JSON.stringify(metadata.format)}` : 'a safetensors file of another kind';
}

function parseJson(text: string, key: string, file: string): unknown {
  const { depth, duplicateKey } = scanJson(text);
  if (depth > maxDepth) throw new FormatError(file, 'bad-json', `its ${key} nests ${depth} brackets, more than ${maxDepth}.`);
  try {
    const value: unknown = JSON.parse(text);
    if (duplicateKey !== null) throw new FormatError(file, 'bad-json', `"${duplicateKey}" stands twice in its ${key}.`);
    return value;
  } catch (cause) {
    if (cause instanceof FormatError) throw cause;
    throw new FormatError(file, 'bad-json', `its ${key} is not JSON (${(cause as Error).message}).`, { cause });
  }
}

/** SHA-256 of the three texts and of every tensor's name, type, shape and bytes, in the order of the file; a line break ends each text. */
async function digestOf(texts: readonly string[], tensors: ReadonlyMap<string, StoredTensor>): Promise<string> {
  const heads = [...tensors].map(([name, { dtype, shape }]) => JSON.stringify([name, dtype, shape]));
  const text = new TextEncoder().encode([...texts, ...heads].map((line) => `${line}\n`).join(''));
  const data = [...tensors.values()].map(
    (tensor) => new Uint8Array(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength),
  );
  const all = new Uint8Array(data.reduce((sum, { length }) => sum + length, text.length));
  all.set(text);
  let at = text.length;
  for (const bytes of data) {
    all.set(bytes, at);
    at += bytes.length;
  }
  return Array.from(await sha256(all), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
