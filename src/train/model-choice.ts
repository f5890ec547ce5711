import fs from 'node:fs';
import { ConfigError, FormatError } from '../errors.js';
import { type Genotype, genotypeText, parseGenotypeText } from '../models/index.js';

/** What stands before the path where a network is named by the file of its genotype. */
const prefix = 'genotype:';

/**
 * The network that a user names: one of the registry, or the one that a search found (`genotype:FILE`). The genotype itself becomes an
 * option, so that recipes and checkpoints need the file no more.
 * @throws FormatError as `readGenotype`
 */
export function chooseModel(text: string): { readonly name: string; readonly options: Record<string, string> } {
  if (!text.startsWith(prefix)) return { name: text, options: {} };
  const genotype = readGenotype(text.slice(prefix.length));
  return {
    name: genotype.task === 'depth-map' ? 'genotype-depth' : 'genotype',
    options: { genotype: genotypeText(genotype) },
  };
}

/** @throws FormatError with reason `not-readable`, or `bad-genotype` for a file that holds none */
export function readGenotype(file: string): Genotype {
  let text: string;
  try {
    text = fs.readFileSync(file, 'utf8');
  } catch (cause) {
    throw new FormatError(file, 'not-readable', `cannot be read (${(cause as Error).message}).`, { cause });
  }
  try {
    return parseGenotypeText(text);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new FormatError(file, 'bad-genotype', `is no genotype: ${error.message}`, { cause: error });
  }
}
