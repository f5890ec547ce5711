import type { Engine } from '../engine/engine.js';
import { ConfigError, UnsupportedError } from '../errors.js';
import type { ModelEntry } from '../models/entry.js';
import { Network } from '../models/network.js';
import { createFromSpec, createModel, modelEntry } from '../models/registry.js';
import type { Module } from '../nn/module.js';
import { type Checkpoint, type CheckpointMetadata, readCheckpoint } from './checkpoint.js';
import type { Recipe } from './recipe.js';

interface Need {
  readonly classes: number;
  readonly inChannels: number;
}

/**
 * The network that a recipe names, on `engine`, with the weights that its seed gives.
 * @throws ConfigError for an unknown name or option; UnsupportedError for a network that the recipe's loss cannot train
 */
export function createRecipeModel(recipe: Recipe, engine: Engine, { classes, inChannels }: Need): Module {
  const { name, options } = recipe.model;
  const { task } = modelEntry(name);
  const learned = taskOf(recipe);
  if (task !== learned) {
    const needed = task === 'depth-map' ? 'depth' : 'cross-entropy';
    throw new UnsupportedError(
      `training ${name} by the loss ${recipe.loss.name}`,
      `its task is ${task}: it needs the loss ${needed}.`,
    );
  }
  const answers = learned === 'classification' ? { classes } : {};
  try {
    return createModel(name, { engine, ...answers, inChannels, seed: recipe.seed, ...options });
  } catch (error) {
    if (!(error instanceof ConfigError) || !error.key) throw error;
    // The network knows its options, not where in the recipe they are.
    throw new ConfigError(`model.options.${error.key}`, error.message.slice(`${error.key}: `.length), { cause: error });
  }
}

/** What a network that is trained by the recipe learns. */
export function taskOf({ loss }: Recipe): ModelEntry['task'] {
  return loss.name === 'depth' ? 'depth-map' : 'classification';
}

/** How checkpoints name a network; null for one that the registry did not make. */
export function describeModel(model: Module): CheckpointMetadata['model'] {
  if (!(model instanceof Network) || !model.spec) return null;
  return structuredClone(model.spec) as CheckpointMetadata['model'];
}

/**
 * The network of a checkpoint, in evaluation form, with its weights (the averaged ones where there are such).
 * @param checkpoint its file, or what `readCheckpoint` gave
 * @throws FormatError as `readCheckpoint`; ConfigError when it is of a network that the registry does not make
 */
export async function loadModel(
  checkpoint: string | Checkpoint,
  engine: Engine,
): Promise<{ readonly model: Module; readonly checkpoint: Checkpoint }> {
  const read = typeof checkpoint === 'string' ? await readCheckpoint(checkpoint) : checkpoint;
  if (!read.model) {
    throw new ConfigError(
      'checkpoint',
      `${read.path} is of a network of your own: make it yourself, then model.loadState((await readCheckpoint(path)).weights).`,
    );
  }
  const model = createFromSpec(read.model, engine);
  model.loadState(new Map([...read.weights, ...read.average]));
  return { model: model.eval(), checkpoint: read };
}
