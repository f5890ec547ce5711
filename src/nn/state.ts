import type { Engine } from '../engine/engine.js';
import { ConfigError, LifetimeError, ShapeError } from '../errors.js';
import type { Rng } from '../tensor/rng.js';
import { formatShape, type Shape, sizeOf } from '../tensor/shape.js';
import { Tensor } from '../tensor/tensor.js';
import type { Initializer } from './initializers.js';

/** Something of a module that a checkpoint holds. */
export interface StateEntry {
  readonly shape: Shape;
  /** A copy of the numbers, row-major. */
  read(): Float32Array;
  /** @throws ShapeError when the count is not the shape's */
  write(values: ArrayLike<number>): void;
}

/** @throws ConfigError that names the first of both lists, unless both are empty */
export function refuseOtherState(missing: readonly string[], unknown: readonly string[]): void {
  if (missing.length === 0 && unknown.length === 0) return;
  throw new ConfigError(
    'state',
    `these are not the weights of this network: missing ${firstOf(missing)}; unknown ${firstOf(unknown)}`,
  );
}

function firstOf(names: readonly string[]): string {
  if (names.length === 0) return 'none';
  return `${names.slice(0, 3).join(', ')}${names.length > 3 ? ` and ${names.length - 3} more` : ''}`;
}

/** A tensor of a module. It exists once the module was moved to an engine; until then it knows its shape and how it starts. */
abstract class StoredTensor implements StateEntry {
  private tensor: Tensor | null = null;
  private path = 'parameter';

  constructor(
    readonly shape: Shape,
    private readonly initialize: (values: Float32Array) => void,
  ) {}

  get size(): number {
    return sizeOf(this.shape);
  }

  /** @throws LifetimeError before the module was moved to an engine */
  get value(): Tensor {
    if (!this.tensor) throw new LifetimeError(`${this.path} has no engine yet: call model.to(engine) first.`);
    return this.tensor;
  }

  to(engine: Engine, path: string): void {
    this.path = path;
    const values = this.tensor ? this.read() : null;
    this.tensor?.dispose();
    this.tensor = Tensor.empty(engine, this.shape, 'float32', path).keep();
    if (engine.shapesOnly) return;
    if (values) this.write(values);
    else {
      const initial = new Float32Array(this.size);
      this.initialize(initial);
      this.write(initial);
    }
  }

  read(): Float32Array {
    return Float32Array.from(this.value.toArray());
  }

  write(values: ArrayLike<number>): void {
    this.value.write(values);
  }

  /** Puts an empty tensor of `engine` in this one's place; what is returned puts this one back. */
  standIn(engine: Engine, path: string): () => void {
    const own = this.tensor;
    const other = Tensor.empty(engine, this.shape, 'float32', path).keep();
    this.tensor = other;
    return () => {
      other.dispose();
      this.tensor = own;
    };
  }

  dispose(): void {
    this.tensor?.dispose();
    this.tensor = null;
  }
}

/** What a parameter is, for weight decay groups and for counting. */
export type ParameterRole = 'weight' | 'bias' | 'norm' | 'slope';

/** A tensor that learns. */
export class Parameter extends StoredTensor {
  /** Bits that a frozen model needs for each element: 1 for the weights of a 1-bit convolution. */
  readonly bits: 1 | 32;
  /** Only the signs of the values act, once training is over. */
  readonly signsOnly: boolean;

  constructor(
    shape: Shape,
    initializer: Initializer,
    rng: Rng,
    readonly role: ParameterRole,
    { bits = 32, signsOnly = false }: { bits?: 1 | 32; signsOnly?: boolean } = {},
  ) {
    const own = rng.fork();
    super(shape, (values) => initializer(values, shape, own));
    this.bits = bits;
    this.signsOnly = signsOnly;
  }
}

/** A tensor that is kept but does not learn: running statistics. */
export class Buffer extends StoredTensor {
  /** @param start one value everywhere, or what fills the first values */
  constructor(shape: Shape, start: number | ((values: Float32Array) => void)) {
    super(shape, typeof start === 'number' ? (values) => values.fill(start) : start);
  }
}

/** A number that a checkpoint holds, such as how many channels are switched off. */
export class StoredNumber implements StateEntry {
  readonly shape = [1];

  constructor(public value: number) {}

  read(): Float32Array {
    return Float32Array.of(this.value);
  }

  write(values: ArrayLike<number>): void {
    if (values.length !== 1) throw new ShapeError('a stored number', formatShape([values.length]), '[1]');
    this.value = values[0]!;
  }
}
