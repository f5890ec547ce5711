/**
 * What a pickle can hold here. Lists are arrays, dicts are Maps; nothing of it is an object with methods of the file's choosing.
 */
export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | PickleValue[]
  | Map<PickleKey, PickleValue>
  | PickleTuple
  | PickleGlobal
  | PickleMade;

export type PickleKey = null | boolean | number | bigint | string;

/** A tuple: unlike a list, later opcodes cannot append to it. */
export class PickleTuple {
  constructor(readonly items: readonly PickleValue[]) {}
}

/** The name of a Python function or class, `module.name`. A name only: nothing is looked up by it but a table of ours. */
export class PickleGlobal {
  constructor(readonly name: string) {}
}

/** What a rule made of a call or a persistent id. */
export abstract class PickleMade {
  /** For error texts. */
  abstract readonly what: string;
}

export function describe(value: PickleValue): string {
  if (value === null) return 'None';
  if (Array.isArray(value)) return 'a list';
  if (value instanceof Map) return 'a dict';
  if (value instanceof PickleTuple) return 'a tuple';
  if (value instanceof Uint8Array) return 'bytes';
  if (value instanceof PickleGlobal) return `the global ${value.name}`;
  if (value instanceof PickleMade) return value.what;
  return `a ${typeof value}`;
}
