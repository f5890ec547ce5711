import vm from 'node:vm';
import { z } from 'zod';
import { parseConfig } from '../../config/parse.js';
import { ConfigError } from '../../errors.js';

const renameSchema = z
  .strictObject({
    /** A regular expression for the whole name. */
    from: z.string().min(1),
    /** The new name, `$1`, `$2`, … what the groups held; null drops the tensor. */
    to: z.string().min(1).nullable(),
  })
  .superRefine(({ from, to }, context) => {
    const groups = countGroups(from);
    const refuse = (key: string, message: string) => context.addIssue({ code: 'custom', path: [key], message });
    if (groups === null) refuse('from', 'a regular expression');
    else if (highestReference(to ?? '') > groups) refuse('to', `no more groups than the ${groups} of "from"`);
  });

/** How a user's names become others: a list of rules, the first that fits wins. */
export type Renames = readonly z.output<typeof renameSchema>[];

/**
 * Checks a list of `{ from, to }`.
 * @throws ConfigError that names the rule, counted from 0, as in `map.0.from`
 */
export function parseRenames(value: unknown): Renames {
  return parseConfig(z.strictObject({ map: z.array(renameSchema).min(1) }), { map: value }).map;
}

/**
 * Such a list as a file of JSON holds it.
 * @throws ConfigError when the file is not JSON, or as `parseRenames`
 */
export function decodeRenames(bytes: Uint8Array, file: string): Renames {
  let rules: unknown;
  try {
    rules = JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw new ConfigError('map', `${file} is not JSON (${(cause as Error).message}).`, { cause });
  }
  return parseRenames(rules);
}

export interface Renamed<T> {
  /** By their new names, or by the old ones where no rule fits. */
  readonly tensors: ReadonlyMap<string, T>;
  /** What each renamed tensor was called before, by its new name. */
  readonly before: ReadonlyMap<string, string>;
  /** Tensors that a rule dropped, and the rule. */
  readonly dropped: readonly { readonly name: string; readonly tensor: T; readonly rule: number }[];
  /** How many names each rule took. */
  readonly uses: readonly number[];
}

/** @throws ConfigError when two tensors would have one name, or a rule does not come to an end, naming the rule */
export function rename<T>(tensors: ReadonlyMap<string, T>, renames: Renames): Renamed<T> {
  const patterns = renames.map(({ from }) => wholeName(from));
  const ruleOf = firstRules([...tensors.keys()], patterns);
  const renamed = new Map<string, T>();
  const before = new Map<string, string>();
  const sources = new Map<string, string>();
  const dropped: { name: string; tensor: T; rule: number }[] = [];
  const uses = renames.map(() => 0);
  for (const [name, tensor] of tensors) {
    const rule = ruleOf.get(name) ?? -1;
    const to = rule < 0 ? name : renames[rule]!.to;
    if (rule >= 0) uses[rule]!++;
    if (to === null) {
      dropped.push({ name, tensor, rule });
      continue;
    }
    const target = rule < 0 ? name : name.replace(patterns[rule]!, to);
    const other = sources.get(target);
    if (other !== undefined) {
      throw new ConfigError(
        `map.${rule >= 0 ? rule : ruleOf.get(other)}`,
        `${other} and ${name} would both be called ${target}.`,
      );
    }
    sources.set(target, name);
    renamed.set(target, tensor);
    if (rule >= 0) before.set(target, name);
  }
  return { tensors: renamed, before, dropped, uses };
}

/** The first rule that fits each name, of those that any does. @throws ConfigError for a rule that takes too long */
function firstRules(names: readonly string[], patterns: readonly RegExp[]): ReadonlyMap<string, number> {
  const rules = new Map<string, number>();
  for (const [rule, pattern] of patterns.entries()) {
    const left = names.filter((name) => !rules.has(name));
    for (const [i, fits] of testAll(pattern, left, rule).entries()) if (fits) rules.set(left[i]!, rule);
  }
  return rules;
}

const mostMilliseconds = 1000;

/** A regular expression can take ages to find that it does not fit (`(a+)+b`); only another context can be stopped on the way. */
function testAll(pattern: RegExp, names: readonly string[], rule: number): readonly boolean[] {
  try {
    const fits: unknown = vm.runInNewContext(
      'names.map((name) => pattern.test(name))',
      { pattern, names },
      { timeout: mostMilliseconds },
    );
    return fits as boolean[];
  } catch (cause) {
    throw new ConfigError(
      `map.${rule}.from`,
      `takes more than ${mostMilliseconds / 1000} s on the names of the tensors. Does it repeat what repeats already, like (a+)+?`,
      { cause },
    );
  }
}

function wholeName(pattern: string): RegExp {
  return new RegExp(`^(?:${pattern})$`);
}

/** Groups of a regular expression; null when it is none. */
function countGroups(pattern: string): number | null {
  try {
    // By itself first: within brackets, a bracket too many would close them.
    new RegExp(pattern);
    wholeName(pattern);
    // An empty alternative always matches, and shows every group.
    return new RegExp(`(?:${pattern})|`).exec('')!.length - 1;
  } catch {
    return null;
  }
}

function highestReference(text: string): number {
  return Math.max(0, ...[...text.matchAll(/\$(\d{1,2})/g)].map(([, group]) => Number(group)));
}
