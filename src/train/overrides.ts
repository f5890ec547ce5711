import { readValue, splitAssignment } from '../config/assignment.js';
import { keysAt, schemaAt, takesText, valueAt } from '../config/schema.js';
import { ConfigError } from '../errors.js';
import { didYouMean } from '../nearest.js';
import { parseRecipe, type Recipe, recipeSchema } from './recipe.js';

/** Of these only one may be given: setting one takes the other out. */
const exclusive: readonly (readonly string[])[] = [['validation.fraction', 'validation.count', 'validation.split']];

/**
 * The recipe with some of its values replaced: `['epochs=3', 'optimizer.learningRate=0.01', 'transforms.train.0.padding=2',
 * 'model.options.width=32']`. Numbers, true, false, null and lists are written as in JSON, text without quotes. Choosing another
 * optimiser or schedule (`schedule.name=linear`) keeps the options that both know.
 * @throws ConfigError that names the key, for an unknown one with the nearest known
 */
export function applyOverrides(recipe: Recipe, assignments: readonly string[]): Recipe {
  const changed = structuredClone(recipe) as Record<string, unknown>;
  for (const assignment of assignments) {
    const [key, text] = splitAssignment(assignment, 'epochs=3');
    assign(changed, key, text);
  }
  return parseRecipe(changed);
}

function assign(recipe: Record<string, unknown>, key: string, text: string): void {
  const path = key.split('.');
  const last = path.at(-1)!;
  const parentPath = path.slice(0, -1);
  checkPath(recipe, path);
  const place = schemaAt(recipeSchema, recipe, path)!;
  const value = takesText(place) ? readText(text) : readValue(key, text);
  const parent = valueAt(recipe, parentPath);
  if (typeof parent !== 'object' || parent === null) {
    throw new ConfigError(parentPath.join('.'), `is ${JSON.stringify(parent)}; give all of it, such as ${example(key, text)}.`);
  }
  (parent as Record<string, unknown>)[last] = value;
  if (last === 'name') dropForeignKeys(recipe, parentPath);
  for (const keys of exclusive) {
    if (value === null || value === false || !keys.includes(key)) continue;
    for (const other of keys) if (other !== key) delete (parent as Record<string, unknown>)[nameOf(other)];
  }
}

/** @throws ConfigError at the first part of the path that the schema has not */
function checkPath(recipe: unknown, path: readonly string[]): void {
  for (const [depth, part] of path.entries()) {
    const before = path.slice(0, depth);
    if (schemaAt(recipeSchema, recipe, [...before, part]) && !isBeyondList(valueAt(recipe, before), part)) continue;
    const known = keysAt(recipeSchema, recipe, before);
    const list = valueAt(recipe, before);
    const advice = Array.isArray(list)
      ? ` The list has ${list.length} entries, numbered from 0.`
      : `${didYouMean(part, known)}${known.length > 0 ? ` Known here: ${known.join(', ')}.` : ''}`;
    throw new ConfigError(path.slice(0, depth + 1).join('.'), `there is no such key.${advice}`);
  }
}

function isBeyondList(list: unknown, key: string): boolean {
  return Array.isArray(list) && !(/^\d+$/.test(key) && Number(key) < list.length);
}

/** Another optimiser, schedule or transform has other options: those that it lacks go. */
function dropForeignKeys(recipe: unknown, path: readonly string[]): void {
  const object = valueAt(recipe, path) as Record<string, unknown>;
  const known = keysAt(recipeSchema, recipe, path);
  for (const key of known.length > 0 ? Object.keys(object) : []) if (!known.includes(key)) delete object[key];
}

function readText(text: string): string | null {
  if (text === 'null') return null;
  const isQuoted = text.length >= 2 && text.startsWith('"') && text.endsWith('"');
  return isQuoted ? text.slice(1, -1) : text;
}

function nameOf(key: string): string {
  return key.slice(key.lastIndexOf('.') + 1);
}

function example(key: string, text: string): string {
  const path = key.split('.');
  return `${path.slice(0, -1).join('.')}={"${path.at(-1)}":${text}}`;
}
