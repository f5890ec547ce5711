import fs from 'node:fs';
import path from 'node:path';
import { ConfigError } from '../errors.js';
import { holdsRun, sampleName } from '../train/index.js';

/** Where runs go unless the caller says. */
const runs = 'runs';

/** Where data lies, from wherever it is asked. */
export function absoluteSource(place: string | null): string | null {
  return place === null || place === sampleName ? place : path.resolve(place);
}

/** runs/NAME, or the first of runs/NAME-2, runs/NAME-3, … that is not there: no run ever overwrites another. */
export function freshRunFolder(recipe: string): string {
  const taken = new Set(numbersOf(recipe));
  let number = 1;
  while (taken.has(number)) number++;
  return folderOf(recipe, number);
}

/** The newest of the runs of a recipe. @throws ConfigError when there is none */
export function latestRunFolder(recipe: string, holds: (folder: string) => boolean = holdsRun): string {
  const latest = numbersOf(recipe)
    .filter((number) => holds(folderOf(recipe, number)))
    .at(-1);
  if (latest === undefined) {
    throw new ConfigError('resume', `there is no run of ${recipe} in ${runs}/. Leave out --resume, or name its folder (--out).`);
  }
  return folderOf(recipe, latest);
}

function folderOf(recipe: string, number: number): string {
  return path.join(runs, number === 1 ? recipe : `${recipe}-${number}`);
}

function numbersOf(recipe: string): number[] {
  const names = fs.existsSync(runs) ? fs.readdirSync(runs) : [];
  return names
    .flatMap((name) => {
      if (name === recipe) return [1];
      const number = name.startsWith(`${recipe}-`) ? name.slice(recipe.length + 1) : '';
      return /^[1-9]\d*$/.test(number) ? [Number(number)] : [];
    })
    .sort((a, b) => a - b);
}
