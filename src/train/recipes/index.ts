import fs from 'node:fs';
import { ConfigError } from '../../errors.js';
import { didYouMean } from '../../nearest.js';
import { parseRecipe, type Recipe } from '../recipe.js';
import { dydensenetCifar10 } from './dydensenet-cifar10.js';
import { ftbnnBaseCifar10 } from './ftbnn-base-cifar10.js';
import { ftbnnCompactCifar10 } from './ftbnn-compact-cifar10.js';
import { ftbnnTinyFashion } from './ftbnn-tiny-fashion.js';
import { resnet20Cifar10 } from './resnet20-cifar10.js';

/** The recipes that come with the package, by name. */
export const recipes = {
  'ftbnn-tiny-fashion': parseRecipe(ftbnnTinyFashion),
  'resnet20-cifar10': parseRecipe(resnet20Cifar10),
  'ftbnn-base-cifar10': parseRecipe(ftbnnBaseCifar10),
  'ftbnn-compact-cifar10': parseRecipe(ftbnnCompactCifar10),
  'dydensenet-cifar10': parseRecipe(dydensenetCifar10),
} as const satisfies Record<string, Recipe>;

export type RecipeName = keyof typeof recipes;

/**
 * A recipe by name, or from a JSON file by its path (what ends in .json or has a slash).
 * @throws ConfigError for an unknown name (with the nearest known one), an unreadable file, or a recipe that is wrong
 */
export function loadRecipe(nameOrPath: string): Recipe {
  if (Object.hasOwn(recipes, nameOrPath)) return recipes[nameOrPath as RecipeName];
  if (!nameOrPath.endsWith('.json') && !/[/\\]/.test(nameOrPath)) {
    const names = Object.keys(recipes);
    throw new ConfigError(
      'recipe',
      `there is none called "${nameOrPath}".${didYouMean(nameOrPath, names)} Known are ${names.join(', ')}; or name a .json file.`,
    );
  }
  return parseRecipe(readJson(nameOrPath));
}

function readJson(file: string): unknown {
  let text: string;
  try {
    text = fs.readFileSync(file, 'utf8');
  } catch (error) {
    throw new ConfigError('recipe', `${file} cannot be read (${(error as Error).message}).`, { cause: error });
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ConfigError('recipe', `${file} is not JSON (${(error as Error).message}).`, { cause: error });
  }
}
