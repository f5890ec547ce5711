import fs from 'node:fs';
import { ConfigError } from '../errors.js';
import { didYouMean } from '../nearest.js';

/**
 * A recipe by its name among `known`, or from a JSON file by its path (what ends in .json or has a slash).
 * @throws ConfigError for an unknown name (with the nearest known one), an unreadable file, or what `parse` refuses
 */
export function loadNamed<R>(nameOrPath: string, known: Readonly<Record<string, R>>, parse: (value: unknown) => R): R {
  if (Object.hasOwn(known, nameOrPath)) return known[nameOrPath]!;
  if (!nameOrPath.endsWith('.json') && !/[/\\]/.test(nameOrPath)) {
    const names = Object.keys(known);
    throw new ConfigError(
      'recipe',
      `there is none called "${nameOrPath}".${didYouMean(nameOrPath, names)} Known are ${names.join(', ')}; or name a .json file.`,
    );
  }
  return parse(readJson(nameOrPath));
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
