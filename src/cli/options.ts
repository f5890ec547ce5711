import { InvalidArgumentError, Option } from 'commander';
import { nearest } from '../nearest.js';

/*
 * Options that several verbs share, and readers of option values. A value that cannot be read is a usage error.
 */

export const jsonOption = () => new Option('--json', 'for machines: JSON on stdout and nothing else');

export const redisOption = () => new Option('--redis <address>', 'redis://HOST:PORT of the queue, without a password');

export const queueOption = () => new Option('--queue <name>', 'which queue there').default('gossamer');

export const memoryPerImageOption = () =>
  new Option(
    '--memory-per-image <MiB>',
    'what one picture may take (default: 256, or 64 times the file); files that claim more are refused',
  ).argParser((text) => wholeNumber(1)(text) * 2 ** 20);

export const replaceOption = () => new Option('--replace', 'write over the file if it is there (as a whole, or not at all)');

export function wholeNumber(least: number, most: number = Number.MAX_SAFE_INTEGER) {
  return (text: string): number => {
    const value = Number(text);
    if (!/^-?\d+$/.test(text) || value < least || value > most) {
      const range = most === Number.MAX_SAFE_INTEGER ? `from ${least} up` : `from ${least} to ${most}`;
      throw new InvalidArgumentError(`Needs a whole number ${range}.`);
    }
    return value;
  };
}

export function share(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= 0 && value <= 1)) throw new InvalidArgumentError('Needs a number from 0 to 1.');
  return value;
}

/** A file to write that is replaced if it is there: under another name than its kind's it could be a model that somebody needs. */
export function pathEndingIn(ending: string) {
  return (text: string): string => {
    if (text.toLowerCase().endsWith(ending)) return text;
    throw new InvalidArgumentError(`Needs a name that ends in ${ending}.`);
  };
}

export function positiveNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value > 0 && Number.isFinite(value))) throw new InvalidArgumentError('Needs a number above 0.');
  return value;
}

/** `224x224x3`: height, width, channels. */
export function inputShape(text: string): [height: number, width: number, channels: number] {
  const parts = /^(\d{1,5})x(\d{1,5})x(\d{1,4})$/.exec(text)?.slice(1).map(Number);
  if (!parts || parts.some((part) => part === 0)) {
    throw new InvalidArgumentError('Needs height x width x channels, such as 224x224x3.');
  }
  return parts as [number, number, number];
}

/** Collects an option that may be given several times. */
export function repeated(value: string, earlier: readonly string[] = []): string[] {
  return [...earlier, value];
}

/** One of `names`; suggests the nearest. */
export function nameIn(names: readonly string[]) {
  return (text: string): string => {
    if (names.includes(text)) return text;
    const guess = nearest(text, names);
    throw new InvalidArgumentError(`${guess ? `Did you mean ${guess}? ` : ''}Known: ${names.join(', ')}.`);
  };
}
