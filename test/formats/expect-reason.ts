import { expect } from 'vitest';
import { FormatError } from '../../src/errors.js';

/** Runs `read`, which must throw a FormatError with this reason that names the file `name` in its text. */
export function expectReason(reason: string, read: () => unknown, name = 'x.bin'): FormatError {
  const error = caught(read);
  expect(error).toBeInstanceOf(FormatError);
  const { reason: got, file, message } = error as FormatError;
  expect({ got, file }).toEqual({ got: reason, file: name });
  expect(message.startsWith(`${name}: `)).toBe(true);
  return error as FormatError;
}

/** Whatever the bytes are: a result or a FormatError, never another error. */
export function readsOrRefuses(read: () => unknown): 'read' | string {
  const error = caught(read);
  if (error === null) return 'read';
  if (error instanceof FormatError) return error.reason;
  throw error;
}

function caught(read: () => unknown): unknown {
  try {
    read();
  } catch (error) {
    return error;
  }
  return null;
}
