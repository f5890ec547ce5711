import type { Module } from '../nn/module.js';
import { Buffer, Parameter } from '../nn/state.js';
import { type OperatorCall, observe } from '../ops/index.js';
import { scope } from '../tensor/scope.js';
import type { Tensor } from '../tensor/tensor.js';

/**
 * Where numbers first went bad: runs `forward` again and looks at what goes into and comes out of every operator, in order. A layer is
 * named by the path of its parameters, an operator without any by its own name and the layer before it.
 * @returns null when everything that the forward pass makes is finite
 */
export function firstNonFinite(model: Module, forward: () => void): string | null {
  const parameters = model.parameters();
  const bad = [...parameters].find(([, { value }]) => hasNonFinite(value));
  if (bad) return bad[0];
  const { engine } = parameters.values().next().value!.value;
  const paths = new Set(model.state().keys());
  let found: string | null = null;
  let layer = 'the input';
  const look = ({ operator, inputs, output }: OperatorCall) => {
    if (found !== null) return;
    const own = inputs.find(({ label }) => paths.has(label));
    if (layer === 'the input' && inputs.some((input) => input.dtype === 'float32' && hasNonFinite(input))) found = layer;
    else if (hasNonFinite(output)) found = own ? layerOf(own.label) : `${operator} after ${layer}`;
    if (own) layer = layerOf(own.label);
  };
  scope(engine, () => observe(engine, look, forward));
  return found;
}

/** Of gradients that are not finite, the path of the parameter nearest to the loss: gradients go bad on their way back from there. */
export function firstBadGradient(model: Module, gradients: readonly Tensor[]): string | null {
  const paths = [...model.parameters().keys()];
  const last = gradients.findLastIndex(hasNonFinite);
  return last < 0 ? null : `the gradient of ${paths[last]}`;
}

/** The path of the first weight, statistic or number of the model that is not finite. */
export function firstBadWeight(model: Module): string | null {
  for (const [path, entry] of model.state()) {
    const isBad =
      entry instanceof Parameter || entry instanceof Buffer ? hasNonFinite(entry.value) : !entry.read().every(Number.isFinite);
    if (isBad) return path;
  }
  return null;
}

function hasNonFinite({ engine, size, address }: Tensor): boolean {
  return engine.kernels.countNonFinite(size, address) > 0;
}

/** `stages.0.conv` of `stages.0.conv.weight`. */
function layerOf(path: string): string {
  return path.includes('.') ? path.slice(0, path.lastIndexOf('.')) : path;
}
