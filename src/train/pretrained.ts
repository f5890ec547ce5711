import { fileURLToPath } from 'node:url';

/** The networks whose trained weights ship with the package (`assets/models`, each with a card), by the recipe that trained them. */
export const pretrainedModels = ['ftbnn-tiny-cifar10', 'dydensenet-tiny-cifar10'] as const;

export type PretrainedName = (typeof pretrainedModels)[number];

export function isPretrained(name: string): name is PretrainedName {
  return (pretrainedModels as readonly string[]).includes(name);
}

/** The checkpoint that ships under this name, for `loadModel` and `readCheckpoint`. */
export function pretrained(name: PretrainedName): string {
  return fileURLToPath(new URL(`../../assets/models/${name}.safetensors`, import.meta.url));
}
