import * as classes from '../errors.js';

/** An error on its way between threads, which carry neither classes nor fields of errors. */
export interface SentError {
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
  /** What its class gives it beside these. */
  readonly fields: Readonly<Record<string, unknown>>;
  readonly cause?: SentError;
}

export function sendError(error: unknown): SentError {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error), fields: {} };
  const { name, message, stack, cause } = error;
  const fields = Object.fromEntries(Object.entries(error).filter(([key]) => key !== 'name'));
  return { name, message, stack, fields, ...(cause !== undefined && { cause: sendError(cause) }) };
}

/** The same error, of the same class where that is one of `gossamer/runtime`'s. */
export function receiveError({ name, message, stack, fields, cause }: SentError): Error {
  const error = new Error(message, cause && { cause: receiveError(cause) });
  const known: Readonly<Record<string, { readonly prototype: Error }>> = classes;
  if (Object.hasOwn(known, name)) Object.setPrototypeOf(error, known[name]!.prototype);
  return Object.assign(error, { ...fields, name, stack });
}
