import type { Loader } from '../data/batches.js';
import { DynamicGroupConv2d, deadSelectorShare } from '../nn/conv/dynamic.js';
import type { Module } from '../nn/module.js';
import { scope } from '../tensor/scope.js';
import { uploadBatch } from './upload.js';

/** How a network of dynamic convolutions is getting on. */
export interface DynamicState {
  /** Share of the input channels that is switched off, over all dynamic layers. */
  readonly inactive: number;
  /** Share of the selectors whose hidden units are all 0, so that they say nothing about the image: over one batch. */
  readonly deadSelectors: number;
}

/** Null for a network without dynamic convolutions. Leaves the model in the form it had. */
export async function dynamicState(model: Module, loader: Loader): Promise<DynamicState | null> {
  const layers = model.modules().flatMap(([, module]) => (module instanceof DynamicGroupConv2d ? [module] : []));
  if (layers.length === 0) return null;
  const inactive = sum(layers.map((layer) => layer.inactive.value)) / sum(layers.map((layer) => layer.inChannels));
  return { inactive, deadSelectors: await deadShare(model, loader) };
}

async function deadShare(model: Module, loader: Loader): Promise<number> {
  const { engine } = model.parameters().values().next().value!.value;
  const wasTraining = model.training;
  model.eval();
  try {
    for await (const batch of loader.epoch(0)) {
      return scope(engine, () => deadSelectorShare(model, () => model.forward(uploadBatch(engine, batch).images)));
    }
    return 0;
  } finally {
    model.train(wasTraining);
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, n) => total + n, 0);
}
