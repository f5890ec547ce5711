import type { z } from 'zod';
import { ConfigError } from '../errors.js';
import { didYouMean } from '../nearest.js';
import { keysAt, valueAt } from './schema.js';

type Issue = z.core.$ZodIssue;

/**
 * Checks plain data against a schema and fills in the defaults.
 * @throws ConfigError that names the first wrong place as a dotted path, what was got and what is needed; for an unknown key or
 *   name with the nearest known one
 */
export function parseConfig<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issues = result.error.issues.flatMap(innermost);
  // A misspelt key that is needed shows twice, as missing and as unknown: the second says more.
  const issue = issues.find(({ code }) => code === 'unrecognized_keys') ?? issues[0]!;
  const { key, detail } = describe(schema, value, issue);
  throw new ConfigError(key, detail, { cause: result.error });
}

/** Where one variant alone is of the kind of the value (a list, an object), what is wrong within that. */
function innermost(issue: Issue): readonly Issue[] {
  if (issue.code !== 'invalid_union') return [issue];
  const fitting = issue.errors.filter(([first]) => first?.code !== 'invalid_type' || first.path.length > 0);
  if (fitting.length !== 1) return [issue];
  return fitting[0]!.flatMap((inner) => innermost({ ...inner, path: [...issue.path, ...inner.path] }));
}

function describe(schema: z.ZodType, root: unknown, issue: Issue): { key: string; detail: string } {
  const path = issue.path.map(String);
  if (issue.code === 'unrecognized_keys') {
    const unknown = issue.keys[0]!;
    const known = keysAt(schema, root, path);
    return {
      key: [...path, unknown].join('.'),
      detail: `there is no such key.${didYouMean(unknown, known)} Known here: ${known.join(', ')}.`,
    };
  }
  const got = valueAt(root, path);
  const start = got === undefined ? 'is missing; it' : `got ${shown(got)},`;
  const names = namesOf(issue);
  const guess = typeof got === 'string' ? didYouMean(got, names) : '';
  return { key: path.join('.'), detail: `${start} needs ${needed(issue)}.${guess}` };
}

/** A value as JSON; what has no JSON, or nests too deep for it, by its kind. */
function shown(value: unknown): string {
  if (typeof value === 'number') return String(value);
  try {
    return JSON.stringify(value);
  } catch {
    return Array.isArray(value) ? 'a list that cannot be shown' : 'an object that cannot be shown';
  }
}

/** What would have been right, as the end of a sentence that starts with "needs". */
function needed(issue: Issue): string {
  const names = namesOf(issue);
  if (names.length > 0) return names.length === 1 ? `"${names[0]}"` : `one of ${names.join(', ')}`;
  switch (issue.code) {
    case 'invalid_type':
      return words[issue.expected] ?? issue.expected;
    case 'too_small':
      return bound(issue.inclusive === false ? 'more than' : 'at least', issue.origin, issue.minimum);
    case 'too_big':
      return bound(issue.inclusive === false ? 'less than' : 'at most', issue.origin, issue.maximum);
    case 'invalid_union':
      return [...new Set(issue.errors.flatMap((errors) => errors.slice(0, 1).map(needed)))].join(' or ');
    case 'custom':
      return issue.message;
    default:
      return `something else (${issue.message})`;
  }
}

const words: Record<string, string> = {
  int: 'a whole number',
  number: 'a number',
  string: 'a text',
  boolean: 'true or false',
  array: 'a list',
  tuple: 'a list',
  object: 'an object',
  record: 'an object',
  null: 'null',
};

function bound(relation: string, origin: string, limit: number | bigint): string {
  if (origin === 'string') return `a text of ${relation} ${limit} characters`;
  if (origin === 'array') return `a list of ${relation} ${limit} entries`;
  return `a number of ${relation} ${limit}`;
}

/** The values or names that the place allows, where it allows only some. */
function namesOf(issue: Issue): string[] {
  // What may be left out is no name.
  const named = (values: readonly unknown[]) => values.filter((value) => value !== undefined).map(String);
  if (issue.code === 'invalid_value') return named(issue.values);
  if (issue.code === 'invalid_union' && 'options' in issue && Array.isArray(issue.options)) return named(issue.options);
  return [];
}
