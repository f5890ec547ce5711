import { ConfigError } from '../errors.js';

/** `key=value` as people type it, both without spaces about them. @throws ConfigError without a key or "=" */
export function splitAssignment(assignment: string, sample: string): readonly [key: string, value: string] {
  const equals = assignment.indexOf('=');
  if (equals < 1) throw new ConfigError('', `got the setting "${assignment}", needs key=value, such as ${sample}.`);
  return [assignment.slice(0, equals).trim(), assignment.slice(equals + 1).trim()];
}

/** JSON where it is JSON, else text: the schema says whether text is right there. @throws ConfigError for no text at all */
export function readValue(key: string, text: string): unknown {
  if (text === '') throw new ConfigError(key, 'got nothing, needs a value behind the "=".');
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
