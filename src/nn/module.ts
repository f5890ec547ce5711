import type { Engine } from '../engine/engine.js';
import { ShapeError } from '../errors.js';
import { formatShape } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { Buffer, Parameter, refuseOtherState, type StateEntry, StoredNumber } from './state.js';

/**
 * A layer or a network: a plain class whose fields are parameters, buffers and other modules, found by field name
 * (`stages.0.1.conv.weight`). Whether it trains is a field of each module, never a global.
 */
export abstract class Module {
  /** True: batch statistics, updates of running statistics, auxiliary losses. */
  training = true;

  /** What the layer makes of `x`; shapes are said at each class. */
  abstract forward(x: Tensor): Tensor;

  /** Terms that a layer adds to the loss of the last training forward (DGC's lasso); the caller weights them. */
  auxiliaryLosses(): Tensor[] {
    return this.children().flatMap(([, child]) => child.auxiliaryLosses());
  }

  /** Tells layers that change while training how far it is: `progress` in [0, 1]. */
  setProgress(progress: number): void {
    for (const [, child] of this.children()) child.setProgress(progress);
  }

  /** Switches this module and all below between training and evaluation. */
  train(training = true): this {
    for (const [, module] of this.modules()) module.training = training;
    return this;
  }

  /** `train(false)`. */
  eval(): this {
    return this.train(false);
  }

  /** Moves parameters and buffers to an engine; the first time, they take their starting values there. */
  to(engine: Engine): this {
    for (const [path, entry] of this.entries()) if (!(entry instanceof StoredNumber)) entry.to(engine, path);
    return this;
  }

  /**
   * Runs `body` with empty tensors of `engine` in place of all parameters and buffers, then puts these back: so a model, wherever it
   * lives, shows its shapes and costs on a shape engine.
   */
  withStandIns<T>(engine: Engine, body: () => T): T {
    const restore = this.entries().flatMap(([path, entry]) =>
      entry instanceof StoredNumber ? [] : [entry.standIn(engine, path)],
    );
    try {
      return body();
    } finally {
      for (const putBack of restore) putBack();
    }
  }

  /** Frees parameters and buffers. */
  dispose(): void {
    for (const [, entry] of this.entries()) if (!(entry instanceof StoredNumber)) entry.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /** Direct sub-modules by field name; those in an array by `field.index`. */
  children(): [name: string, child: Module][] {
    return this.fields().filter((field): field is [string, Module] => field[1] instanceof Module);
  }

  /** This module ('') and all below, by path. */
  modules(prefix = ''): [path: string, module: Module][] {
    return [[prefix, this], ...this.children().flatMap(([name, child]) => child.modules(join(prefix, name)))];
  }

  /** What learns, by path (`stages.0.conv.weight`). */
  parameters(): Map<string, Parameter> {
    return new Map(this.entries().filter((entry): entry is [string, Parameter] => entry[1] instanceof Parameter));
  }

  /** All that a checkpoint holds: parameters, buffers and numbers, in the order of the fields. */
  state(): Map<string, StateEntry> {
    return new Map(this.entries());
  }

  /**
   * Overwrites the state by path.
   * @throws ConfigError when an entry is missing or unknown, naming it
   * @throws ShapeError when a shape differs
   */
  loadState(values: ReadonlyMap<string, { readonly shape: readonly number[]; readonly data: ArrayLike<number> }>): void {
    const state = this.state();
    refuseOtherState(
      [...state.keys()].filter((path) => !values.has(path)),
      [...values.keys()].filter((path) => !state.has(path)),
    );
    for (const [path, entry] of state) {
      const { shape, data } = values.get(path)!;
      if (shape.length !== entry.shape.length || shape.some((length, i) => length !== entry.shape[i])) {
        throw new ShapeError(`loading ${path}`, formatShape(shape), formatShape(entry.shape));
      }
      entry.write(data);
    }
  }

  private entries(prefix = ''): [path: string, entry: Parameter | Buffer | StoredNumber][] {
    return this.fields().flatMap(([name, value]): [string, Parameter | Buffer | StoredNumber][] => {
      const path = join(prefix, name);
      if (value instanceof Module) return value.entries(path);
      if (value instanceof Parameter || value instanceof Buffer || value instanceof StoredNumber) return [[path, value]];
      return [];
    });
  }

  private fields(): [name: string, value: unknown][] {
    return Object.entries(this).flatMap(([name, value]: [string, unknown]): [string, unknown][] =>
      Array.isArray(value) ? value.map((item, i): [string, unknown] => [`${name}.${i}`, item]) : [[name, value]],
    );
  }
}

function join(prefix: string, name: string): string {
  return prefix ? `${prefix}.${name}` : name;
}

/** Modules one after another; each is one element of `layers`. What lies between them is released. */
export class Sequential extends Module {
  readonly layers: readonly Module[];

  constructor(...layers: Module[]) {
    super();
    this.layers = layers;
  }

  forward(x: Tensor): Tensor {
    return inTurn(x, ...this.layers);
  }
}

/** Applies `layers` in turn and releases what lies between. */
export function inTurn(x: Tensor, ...layers: readonly Module[]): Tensor {
  return layers.reduce((input, layer) => {
    const output = layer.forward(input);
    if (input !== x && output !== input) input.release();
    return output;
  }, x);
}
