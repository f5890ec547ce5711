import { ConfigError, DataError, type GossamerError, UnsupportedError } from '../errors.js';

/** An error as plain data: its class and fields survive the way from a worker. */
export interface PackedError {
  type: string;
  message: string;
  stack: string | undefined;
  fields: Record<string, unknown>;
}

const classes: Record<string, { prototype: GossamerError }> = { DataError, ConfigError, UnsupportedError };

export function packError(error: unknown): PackedError {
  if (!(error instanceof Error)) return { type: 'Error', message: String(error), stack: undefined, fields: {} };
  // What cannot be cloned (functions, handles) must not replace the error by a complaint about cloning.
  const fields = Object.entries(error).filter(
    ([, value]) => value === null || ['string', 'number', 'boolean'].includes(typeof value),
  );
  return { type: error.constructor.name, message: error.message, stack: error.stack, fields: Object.fromEntries(fields) };
}

export function unpackError({ type, message, stack, fields }: PackedError): Error {
  const error = new Error(message);
  const original = classes[type];
  if (original) Object.setPrototypeOf(error, original.prototype);
  else error.name = type;
  if (stack !== undefined) error.stack = stack;
  return Object.assign(error, fields);
}
