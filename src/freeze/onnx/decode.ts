import { FormatError } from '../../errors.js';
import { elementTypes, type ModelProto } from './schema.js';

/** Bytes of an element, by its type's number. */
const elementBytes = new Map<number, number>([
  [elementTypes.float, 4],
  [elementTypes.int64, 8],
]);

/**
 * Reads an ONNX file as `encodeOnnx` writes them, and checks that a runtime could follow it: every value is made once and before it is read, every
 * tensor has the bytes that its shape says.
 * @param file its name, for error texts
 * @throws FormatError with reason `bad-onnx` when it is no such file or cut short, or `bad-graph`
 */
export async function decodeOnnx(bytes: Uint8Array, file: string): Promise<ModelProto> {
  const { decodeModel } = await import('./protobuf.js');
  const model = decoded(decodeModel, bytes, file);
  checkGraph(model, (detail) => new FormatError(file, 'bad-graph', detail));
  return model;
}

function decoded(decode: (bytes: Uint8Array) => ModelProto, bytes: Uint8Array, file: string): ModelProto {
  try {
    return decode(bytes);
  } catch (cause) {
    throw new FormatError(file, 'bad-onnx', `is no ONNX file, or was cut short (${(cause as Error).message}).`, { cause });
  }
}

function checkGraph({ graph }: ModelProto, fail: (detail: string) => FormatError): void {
  // A message that is not there is undefined, whatever the type of the field says.
  if (!(graph as ModelProto['graph'] | undefined)) throw fail('holds no graph.');
  const known = new Set<string>();
  const define = (name: string, what: string) => {
    if (name === '') throw fail(`has ${what} without a name.`);
    if (known.has(name)) throw fail(`makes "${name}" twice.`);
    known.add(name);
  };
  for (const { name } of graph.input) define(name, 'an input');
  for (const { name, dims, dataType, rawData } of graph.initializer) {
    define(name, 'a tensor');
    const size = elementBytes.get(dataType);
    if (size === undefined) throw fail(`has tensor "${name}" of element type ${dataType}; float (1) and int64 (7) are known.`);
    const needed = dims.reduce((product, length) => product * length, BigInt(size));
    if (dims.some((length) => length < 0n) || needed !== BigInt(rawData.length)) {
      throw fail(`has tensor "${name}" [${dims.join(', ')}] of ${rawData.length} bytes.`);
    }
  }
  for (const { name, opType, input, output } of graph.node) {
    const unmade = input.find((value) => value !== '' && !known.has(value));
    if (unmade !== undefined) throw fail(`has node "${name}" (${opType}), which reads "${unmade}" before it is made.`);
    for (const value of output) define(value, `a result of node "${name}"`);
  }
  const missing = graph.output.find(({ name }) => !known.has(name));
  if (missing) throw fail(`has an output "${missing.name}" that nothing makes.`);
}
