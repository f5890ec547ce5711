import type { Engine } from '../engine/engine.js';
import type { Tensor } from './tensor.js';

const openScopes = new WeakMap<Engine, Scope[]>();
const scopeOf = new WeakMap<Tensor, Scope>();

/**
 * A lifetime: frees, when it ends, every tensor of its engine that was made in it and neither kept nor returned.
 *
 *     using lifetime = new Scope(engine);
 */
export class Scope {
  private readonly tensors = new Set<Tensor>();
  private ended = false;

  constructor(private readonly engine: Engine) {
    const stack = openScopes.get(engine);
    if (stack) stack.push(this);
    else openScopes.set(engine, [this]);
  }

  /** Makes the scope responsible for a tensor. */
  add(tensor: Tensor): void {
    this.tensors.add(tensor);
    scopeOf.set(tensor, this);
  }

  /** Nobody frees the tensor any more but its own `dispose`. */
  remove(tensor: Tensor): void {
    this.tensors.delete(tensor);
    scopeOf.delete(tensor);
  }

  /** Hands a tensor to the scope around this one, or to nobody when there is none: it then lives until it is disposed of. */
  release(tensor: Tensor): void {
    if (!this.tensors.has(tensor)) return;
    this.remove(tensor);
    const stack = openScopes.get(this.engine)!;
    stack[stack.indexOf(this) - 1]?.add(tensor);
  }

  /** Frees what the scope still holds; doing so twice is harmless. */
  end(): void {
    if (this.ended) return;
    this.ended = true;
    const stack = openScopes.get(this.engine)!;
    stack.splice(stack.indexOf(this), 1);
    for (const tensor of [...this.tensors]) tensor.dispose();
  }

  [Symbol.dispose](): void {
    this.end();
  }
}

/**
 * Runs `body` in a scope of its own; the tensors that it returns (one, or an array of them) live on in the scope around.
 * `body` must be synchronous: across an `await`, use `using lifetime = new Scope(engine)`.
 */
export function scope<T>(engine: Engine, body: () => T): T {
  const lifetime = new Scope(engine);
  try {
    const result = body();
    for (const kept of Array.isArray(result) ? result : [result]) {
      if (isTensor(kept)) lifetime.release(kept);
    }
    return result;
  } finally {
    lifetime.end();
  }
}

export function registerInScope(tensor: Tensor): void {
  openScopes.get(tensor.engine)?.at(-1)?.add(tensor);
}

export function unregisterFromScope(tensor: Tensor): void {
  scopeOf.get(tensor)?.remove(tensor);
}

function isTensor(value: unknown): value is Tensor {
  return typeof value === 'object' && value !== null && scopeOf.has(value as Tensor);
}
