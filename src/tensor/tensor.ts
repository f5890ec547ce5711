import type { DType, Engine } from '../engine/engine.js';
import type { Address } from '../engine/kernels.js';
import { DTypeError, LifetimeError, ShapeError } from '../errors.js';
import { registerInScope, unregisterFromScope } from './scope.js';
import { checkShape, formatShape, type Shape, sizeOf } from './shape.js';
import type { Tape } from './tape.js';

/** Memory that one or more tensors look at; given back when the last of them is disposed of. */
interface Storage {
  readonly address: Address;
  references: number;
}

/**
 * Numbers in an engine's memory: row-major, contiguous, float32 (float64 in the reference engine) or int32.
 * A tensor lives until it is disposed of: by `dispose`, by `using`, or by the `scope` that it was made in.
 */
export class Tensor {
  /** The tape that records what is computed from this tensor; set while gradients are wanted. */
  tape: Tape | null = null;
  private storage: Storage | null;
  /** Recorded gradients that will read the content. */
  private readers = 0;
  private released = false;

  private constructor(
    readonly engine: Engine,
    readonly shape: Shape,
    readonly dtype: DType,
    /** A parameter's path, an input's name, or the operator that made it. */
    readonly label: string,
    storage: Storage,
  ) {
    this.storage = storage;
    storage.references++;
    registerInScope(this);
  }

  /**
   * A tensor with undefined content.
   * @throws ShapeError, OutOfMemoryError
   */
  static empty(engine: Engine, shape: Shape, dtype: DType = 'float32', label = 'tensor'): Tensor {
    checkShape(label, shape);
    const address = engine.allocate(sizeOf(shape), dtype, label, shape);
    return new Tensor(engine, shape, dtype, label, { address, references: 0 });
  }

  /**
   * A tensor with a copy of `values`, in row-major order.
   * @throws ShapeError when the number of values is not the shape's
   */
  static from(engine: Engine, values: ArrayLike<number>, shape: Shape, dtype: DType = 'float32', label = 'tensor'): Tensor {
    checkShape(label, shape);
    checkCount(label, values, shape);
    const tensor = Tensor.empty(engine, shape, dtype, label);
    tensor.write(values);
    return tensor;
  }

  /** A float32 tensor of one value everywhere. @throws ShapeError, OutOfMemoryError */
  static full(engine: Engine, shape: Shape, value: number, label = 'tensor'): Tensor {
    const tensor = Tensor.empty(engine, shape, 'float32', label);
    if (!engine.shapesOnly) engine.kernels.fill(tensor.size, value, tensor.address);
    return tensor;
  }

  /** Number of elements; 1 for a scalar. */
  get size(): number {
    return sizeOf(this.shape);
  }

  get disposed(): boolean {
    return this.storage === null;
  }

  /** True when no other tensor looks at the same memory. */
  get ownsMemory(): boolean {
    return this.storage?.references === 1;
  }

  /** @throws LifetimeError after disposal */
  get address(): Address {
    if (!this.storage) throw this.gone();
    return this.storage.address;
  }

  /** @throws LifetimeError after disposal, and after release even where a gradient still holds the memory */
  expectHeld(): void {
    if (!this.storage || this.released) throw this.gone();
  }

  /** Overwrites the content. @throws ShapeError when the number of values is not the shape's */
  write(values: ArrayLike<number>): void {
    checkCount(this.label, values, this.shape);
    if (this.engine.shapesOnly) return;
    this.view().set(values);
  }

  /** A copy of the content, in row-major order. */
  toArray(): Float32Array | Float64Array | Int32Array {
    return this.view().slice();
  }

  /** The only element of a tensor of one element. @throws ShapeError for any other */
  item(): number {
    if (this.size !== 1) throw new ShapeError('item', `shape ${formatShape(this.shape)}`, 'a tensor of one element');
    return this.view()[0]!;
  }

  /** The stored elements themselves; valid until the engine allocates again. */
  view(): Float32Array | Float64Array | Int32Array {
    this.expectHeld();
    return this.dtype === 'int32' ? this.engine.ints(this.address, this.size) : this.engine.floats(this.address, this.size);
  }

  /** Another tensor on the same memory, with another shape of the same size if one is given. */
  alias(shape: Shape = this.shape, label = this.label): Tensor {
    checkShape('reshape', shape);
    if (sizeOf(shape) !== this.size) {
      throw new ShapeError('reshape', `shape ${formatShape(this.shape)}`, `${sizeOf(shape)} elements for ${formatShape(shape)}`);
    }
    this.expectHeld();
    return new Tensor(this.engine, shape, this.dtype, label, this.storage!);
  }

  /** Takes the tensor out of its scope: it now lives until `dispose`. */
  keep(): this {
    unregisterFromScope(this);
    return this;
  }

  /**
   * Says that nobody will use the content any more but the gradients that were recorded: gives the memory back now, or once the last of
   * them has read it.
   */
  release(): void {
    this.released = true;
    if (this.readers === 0) this.dispose();
  }

  /** Holds the memory beyond `release`, for a gradient that will read it. */
  addReader(): void {
    this.readers++;
  }

  /** Undoes one `addReader`: that gradient is done, or will never be asked for. */
  removeReader(): void {
    this.readers--;
    if (this.released && this.readers === 0) this.dispose();
  }

  /** Gives the memory back; doing so twice is harmless. */
  dispose(): void {
    if (!this.storage) return;
    if (--this.storage.references === 0) this.engine.free(this.storage.address);
    this.storage = null;
    unregisterFromScope(this);
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  private gone(): LifetimeError {
    const [event, advice] = this.released
      ? ['released', 'Release it after its last use.']
      : ['disposed of', 'Keep it in its scope, or return it from there.'];
    return new LifetimeError(`The tensor ${this.label} ${formatShape(this.shape)} was used after it was ${event}. ${advice}`);
  }
}

function checkCount(label: string, values: ArrayLike<number>, shape: Shape): void {
  const size = sizeOf(shape);
  if (values.length !== size) {
    throw new ShapeError(`writing ${label}`, `${values.length} values`, `${size} for shape ${formatShape(shape)}`);
  }
}

/** @throws DTypeError unless `tensor` holds elements of type `dtype` */
export function expectDType(operation: string, tensor: Tensor, dtype: DType): void {
  if (tensor.dtype !== dtype) throw new DTypeError(operation, tensor.dtype, dtype);
}
