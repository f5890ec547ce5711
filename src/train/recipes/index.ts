import { loadNamed } from '../named.js';
import { parseRecipe, type Recipe } from '../recipe.js';
import { biReal18Imagenet } from './bireal.js';
import { biCdcnSmall, cdcn, cdcnpp, cdcnSmall } from './cdcn.js';
import {
  dyDenseNet86Cifar10,
  dyDenseNetCifar10,
  dyDenseNetImagenet,
  dyDenseNetTinyCifar10,
  dyResNet18Imagenet,
} from './dynamic.js';
import {
  ftbnnBaseCifar10,
  ftbnnBaseImagenet,
  ftbnnCompactCifar10,
  ftbnnCompactImagenet,
  ftbnnG4Imagenet,
  ftbnnTinyCifar10,
  ftbnnTinyFashion,
} from './ftbnn.js';
import { resnet20Cifar10 } from './resnet.js';

/** What one machine trains in minutes (the first) to days. */
const smallRecipes = {
  'ftbnn-tiny-fashion': parseRecipe(ftbnnTinyFashion),
  'resnet20-cifar10': parseRecipe(resnet20Cifar10),
  'ftbnn-tiny-cifar10': parseRecipe(ftbnnTinyCifar10),
  'dydensenet-tiny-cifar10': parseRecipe(dyDenseNetTinyCifar10),
  'ftbnn-base-cifar10': parseRecipe(ftbnnBaseCifar10),
  'ftbnn-compact-cifar10': parseRecipe(ftbnnCompactCifar10),
  'dydensenet-cifar10': parseRecipe(dyDenseNetCifar10),
  'cdcn-s': parseRecipe(cdcnSmall),
  'bicdcn-s': parseRecipe(biCdcnSmall),
} as const satisfies Record<string, Recipe>;

/** What the papers trained, for those who have the machine. */
const paperRecipes = {
  'dydensenet86-cifar10': parseRecipe(dyDenseNet86Cifar10),
  'dydensenet-imagenet': parseRecipe(dyDenseNetImagenet),
  'dyresnet18-imagenet': parseRecipe(dyResNet18Imagenet),
  'bireal18-imagenet': parseRecipe(biReal18Imagenet),
  'ftbnn-base-imagenet': parseRecipe(ftbnnBaseImagenet),
  'ftbnn-compact-imagenet': parseRecipe(ftbnnCompactImagenet),
  'ftbnn-g4-imagenet': parseRecipe(ftbnnG4Imagenet),
  cdcn: parseRecipe(cdcn),
  cdcnpp: parseRecipe(cdcnpp),
} as const satisfies Record<string, Recipe>;

/** The recipes that come with the package, by name. */
export const recipes = { ...smallRecipes, ...paperRecipes } as const;

export type RecipeName = keyof typeof recipes;

/** Whether a recipe is a paper's own, in its full length. */
export function isPaperRecipe(name: string): boolean {
  return Object.hasOwn(paperRecipes, name);
}

/**
 * A recipe by name, or from a JSON file by its path (what ends in .json or has a slash).
 * @throws ConfigError for an unknown name (with the nearest known one), an unreadable file, or a recipe that is wrong
 */
export function loadRecipe(nameOrPath: string): Recipe {
  return loadNamed(nameOrPath, recipes, parseRecipe);
}
