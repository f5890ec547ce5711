import type { Engine } from '../engine/engine.js';
import { LifetimeError, ShapeError } from '../errors.js';
import { Scope } from './scope.js';
import { formatShape } from './shape.js';
import { Tensor } from './tensor.js';

/** One recorded operation. */
export interface TapeNode {
  readonly inputs: readonly Tensor[];
  readonly output: Tensor;
  /** What the operator put aside for its gradient. */
  readonly saved: readonly Tensor[];
  /** Which inputs want a gradient. */
  readonly needed: readonly boolean[];
  /** The tensors among inputs and output whose content the gradient reads. */
  readonly reads: readonly Tensor[];
  /**
   * Gradients towards the inputs (null where not needed), from the gradient towards the output. `gathered` gives what has come together
   * towards an input before, where nobody else holds its memory: a gradient that was added to it in place is handed back as that very tensor.
   */
  backward(dy: Tensor, gathered: Gathered): readonly (Tensor | null)[];
}

/** By the input's place. */
export type Gathered = (place: number) => Tensor | null;

/**
 * The record of a computation, in order; walking it backwards gives gradients (reverse mode).
 *
 * What lies between needs memory only as long as somebody reads it. The forward pass says so when it is done with a tensor
 * (`Tensor.release`), at the latest by its end; each node holds what its gradient will read, until that has passed. Gradients are
 * kept by the identity of tensors, which needs no memory.
 */
export class Tape {
  private readonly nodes: TapeNode[] = [];

  record(node: TapeNode): void {
    this.nodes.push(node);
    node.output.tape = this;
    for (const tensor of node.reads) tensor.addReader();
  }

  /** Gradients of the scalar `loss` towards `targets`; zeros where it does not depend on one. */
  backward(loss: Tensor, targets: readonly Tensor[], kept: ReadonlySet<Tensor>): Tensor[] {
    if (loss.size !== 1) {
      throw new ShapeError('backward', `a loss of shape ${formatShape(loss.shape)}`, 'one number', 'Take its mean or sum first.');
    }
    for (const { output } of this.nodes) if (!kept.has(output)) output.release();
    const gradients = new Map<Tensor, Tensor>([[loss, Tensor.full(loss.engine, loss.shape, 1, 'gradient')]]);
    for (let node = this.nodes.pop(); node; node = this.nodes.pop()) {
      try {
        passGradient(node, gradients);
      } finally {
        freeNode(node);
      }
    }
    return targets.map((target) => ownGradient(target, gradients.get(target)));
  }

  /** Lets go of what a recording holds whose gradient will not be asked for (any more). */
  end(): void {
    for (let node = this.nodes.pop(); node; node = this.nodes.pop()) freeNode(node);
  }
}

/** From a node's output to its inputs, unless the loss does not depend on it. */
function passGradient(node: TapeNode, gradients: Map<Tensor, Tensor>): void {
  const dy = gradients.get(node.output);
  if (!dy) return;
  const gathered: Gathered = (place) => {
    const present = gradients.get(node.inputs[place]!);
    return present?.ownsMemory ? present : null;
  };
  const towards = node.backward(dy, gathered);
  gradients.delete(node.output);
  dy.dispose();
  node.inputs.forEach((input, i) => {
    const gradient = towards[i];
    if (gradient && node.needed[i]) addGradient(gradients, input, gradient);
    else gradient?.dispose();
  });
}

function freeNode(node: TapeNode): void {
  for (const tensor of node.saved) tensor.dispose();
  for (const tensor of node.reads) tensor.removeReader();
}

/** Callers may scale gradients in place, so none may share memory with another. */
function ownGradient(target: Tensor, gradient: Tensor | undefined): Tensor {
  if (gradient?.ownsMemory) return gradient;
  const own = Tensor.full(target.engine, target.shape, 0, 'gradient');
  if (gradient && !target.engine.shapesOnly) target.engine.kernels.copy(own.size, gradient.address, own.address);
  gradient?.dispose();
  return own;
}

/** Adds in place where the memory is nobody else's; gradients may share memory (an addition hands the same one to both sides). */
function addGradient(gradients: Map<Tensor, Tensor>, towards: Tensor, gradient: Tensor): void {
  const present = gradients.get(towards);
  if (present === gradient) return;
  if (!present) {
    gradients.set(towards, gradient);
    return;
  }
  const { kernels, shapesOnly } = gradient.engine;
  const [target, other] = present.ownsMemory || !gradient.ownsMemory ? [present, gradient] : [gradient, present];
  if (target.ownsMemory) {
    if (!shapesOnly) kernels.accumulate(target.size, 1, other.address, target.address);
    gradients.set(towards, target);
    other.dispose();
    return;
  }
  const sum = Tensor.empty(gradient.engine, gradient.shape, 'float32', 'gradient');
  if (!shapesOnly) {
    kernels.copy(sum.size, present.address, sum.address);
    kernels.accumulate(sum.size, 1, gradient.address, sum.address);
  }
  gradients.set(towards, sum);
  present.dispose();
  gradient.dispose();
}

export interface Gradients {
  readonly loss: Tensor;
  /** What `compute` returned besides the loss. */
  readonly outputs: readonly Tensor[];
  /** One for each target, of its shape. */
  readonly gradients: readonly Tensor[];
}

/**
 * Computes a scalar loss and its gradients towards `targets` (parameters, inputs). Everything else that `compute` made is
 * freed. `compute` returns the loss, and after it whatever else shall live on (logits, say).
 * @throws LifetimeError when a target is already being differentiated, or lives on another engine; ShapeError for a loss of several numbers
 */
export function withGradients(
  engine: Engine,
  targets: readonly Tensor[],
  compute: () => readonly [loss: Tensor, ...outputs: Tensor[]],
): Gradients {
  const tape = new Tape();
  const busy = targets.find((target) => target.tape);
  if (busy)
    throw new LifetimeError(`${busy.label} is being differentiated already: do not nest withGradients over the same tensor.`);
  const stranger = targets.find((target) => target.engine !== engine);
  if (stranger) throw new LifetimeError(`${stranger.label} lives on another engine than the one that gradients are asked of.`);
  const lifetime = new Scope(engine);
  try {
    for (const target of targets) target.tape = tape;
    const [loss, ...outputs] = compute();
    for (const tensor of [loss, ...outputs]) tensor.expectHeld();
    const gradients = tape.backward(loss, targets, new Set([loss, ...outputs]));
    for (const tensor of [loss, ...outputs, ...gradients]) {
      lifetime.release(tensor);
      tensor.tape = null;
    }
    return { loss, outputs, gradients };
  } finally {
    for (const target of targets) target.tape = null;
    tape.end();
    lifetime.end();
  }
}
