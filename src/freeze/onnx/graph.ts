import { UnsupportedError } from '../../errors.js';
import type { Shape } from '../../tensor/shape.js';
import type { TracedValue } from '../trace.js';
import type { Attribute } from './attributes.js';
import { graphElements, graphShape } from './layout.js';
import { elementTypes, type OnnxNode, type OnnxTensor } from './schema.js';

/** Numbers that are known before any image is. */
export interface Constant {
  /** Path of the parameter or buffer, or of what was computed from it. */
  readonly name: string;
  readonly shape: Shape;
  /** In the order of `shape`, not in the graph's. */
  readonly data: Float32Array;
}

type Attributes = Readonly<Record<string, Attribute>>;

/** Nodes and initializers of an ONNX graph in the making, and what the values of the trace are called in it. */
export class GraphBuilder {
  readonly nodes: OnnxNode[] = [];
  /** The module that the nodes to come belong to, as the start of their names. */
  layer = '';
  private readonly stored = new Map<string, OnnxTensor>();
  private readonly names = new Map<number, string>();
  private readonly constants = new Map<number, Constant>();
  private readonly nodeNames = new Map<string, number>();

  get initializers(): OnnxTensor[] {
    return [...this.stored.values()];
  }

  define({ id }: TracedValue, name: string): void {
    this.names.set(id, name);
  }

  defineConstant(id: number, constant: Constant): void {
    this.constants.set(id, constant);
  }

  constantOf({ id }: TracedValue): Constant | null {
    return this.constants.get(id) ?? null;
  }

  /** @throws UnsupportedError for what only the image decides */
  expectConstant(value: TracedValue, what: string): Constant {
    const constant = this.constantOf(value);
    if (constant) return constant;
    throw new UnsupportedError(`exporting ${what} that depend on the image`, 'the ONNX graph holds them as numbers.');
  }

  /**
   * The name of a value in the graph, in the graph's layout; a constant becomes an initializer.
   * @throws UnsupportedError for a tensor that the forward pass made by itself
   */
  value(value: TracedValue): string {
    const constant = this.constantOf(value);
    if (constant) return this.floats(constant.name, graphShape(constant.shape), graphElements(constant.shape, constant.data));
    const name = this.names.get(value.id);
    if (name !== undefined) return name;
    throw new UnsupportedError(
      'exporting a tensor that a forward pass makes itself',
      'its numbers are not known. Hold them in a Buffer of the module.',
    );
  }

  /** Adds a node of one output and gives the name of that. */
  add(opType: string, inputs: readonly string[], attributes: Attributes = {}): string {
    const name = this.unusedName(opType);
    this.push(name, opType, inputs, [name], attributes);
    return name;
  }

  /** Adds a node of two outputs and gives the names of these. */
  addOfTwo(opType: string, inputs: readonly string[], attributes: Attributes = {}): readonly [string, string] {
    const name = this.unusedName(opType);
    const outputs = [`${name}/first`, `${name}/second`] as const;
    this.push(name, opType, inputs, outputs, attributes);
    return outputs;
  }

  /** Calls a value what the graph's users shall call it. */
  alias(value: string, name: string): void {
    this.push(name, 'Identity', [value], [name], {});
  }

  private push(name: string, opType: string, input: readonly string[], output: readonly string[], attributes: Attributes): void {
    const attribute = Object.entries(attributes).map(([key, value]) => ({ ...value, name: key }));
    this.nodes.push({ name, opType, input: [...input], output: [...output], attribute });
  }

  /** An initializer of float32; whoever gives the same name means the same numbers. */
  floats(name: string, shape: Shape, data: Float32Array): string {
    return this.store(name, shape, elementTypes.float, data);
  }

  scalar(value: number): string {
    return this.floats(`number_${value}`, [], Float32Array.of(value));
  }

  integers(...values: readonly number[]): string {
    return this.store(`integers_${values.join('_')}`, [values.length], elementTypes.int64, BigInt64Array.from(values, BigInt));
  }

  private store(name: string, shape: Shape, dataType: number, data: Float32Array | BigInt64Array): string {
    if (!this.stored.has(name)) {
      const rawData = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
      this.stored.set(name, { name, dims: shape.map(BigInt), dataType, rawData });
    }
    return name;
  }

  private unusedName(opType: string): string {
    const name = this.layer ? `${this.layer}/${opType}` : opType;
    const count = (this.nodeNames.get(name) ?? 0) + 1;
    this.nodeNames.set(name, count);
    return count === 1 ? name : `${name}_${count}`;
  }
}
