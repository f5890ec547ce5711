import type { z } from 'zod';
import { ConfigError } from '../errors.js';

/**
 * Checks plain data against a schema.
 * @throws ConfigError that names the first wrong place below `key`, as a dotted path
 */
export function parseOptions<S extends z.ZodType>(schema: S, value: unknown, key: string): z.output<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  throw new ConfigError([key, ...issue.path.map(String)].filter((part) => part !== '').join('.'), `${issue.message}.`, {
    cause: result.error,
  });
}
