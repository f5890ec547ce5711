import type { PickleCursor } from './pickle-cursor.js';
import { describe, PickleGlobal, type PickleKey, PickleTuple, type PickleValue } from './pickle-values.js';

/** What a pickle may name, and what comes of it: the only way out of the machine. */
export interface PickleRules {
  /** Names `module.name` that may appear. */
  readonly globals: ReadonlySet<string>;
  /** The outcome of calling one of them; `cursor.fail` for arguments that do not fit. */
  call(name: string, args: readonly PickleValue[], cursor: PickleCursor): PickleValue;
  /** What a persistent id stands for. */
  persistent(id: PickleValue, cursor: PickleCursor): PickleValue;
}

/** A checkpoint of 100,000 tensors stays below these. */
const maxStack = 1_000_000;
const maxMemo = 1_000_000;

/** The state that opcodes work on: a stack, marks in it, and a memo of values to be used again. */
export class PickleMachine {
  private readonly stack: PickleValue[] = [];
  private readonly marks: number[] = [];
  private readonly memo = new Map<number, PickleValue>();

  constructor(
    readonly cursor: PickleCursor,
    readonly rules: PickleRules,
  ) {}

  push(value: PickleValue): void {
    if (this.stack.length >= maxStack) throw this.cursor.fail('pickle-limit', `more than ${maxStack} values at once.`);
    this.stack.push(value);
  }

  pop(): PickleValue {
    const value = this.top();
    this.stack.pop();
    return value;
  }

  /** The last value, which must lie above the last mark. */
  top(): PickleValue {
    if (this.stack.length <= (this.marks.at(-1) ?? 0)) throw this.bad('an opcode finds no value to work on.');
    return this.stack.at(-1)!;
  }

  /** The last `count` values, in the order in which they were pushed. */
  popMany(count: number): PickleValue[] {
    const values: PickleValue[] = [];
    for (let i = 0; i < count; i++) values.push(this.pop());
    return values.reverse();
  }

  mark(): void {
    if (this.marks.length >= maxStack) throw this.cursor.fail('pickle-limit', `more than ${maxStack} marks at once.`);
    this.marks.push(this.stack.length);
  }

  popToMark(): PickleValue[] {
    const mark = this.marks.pop();
    if (mark === undefined) throw this.bad('an opcode finds no mark.');
    return this.stack.splice(mark);
  }

  /** What the pickle stands for: the one value that is left. */
  result(): PickleValue {
    const value = this.pop();
    if (this.stack.length > 0 || this.marks.length > 0) throw this.bad('the pickle ends with values left over.');
    return value;
  }

  put(index: number): void {
    if (!Number.isSafeInteger(index) || index < 0) throw this.bad('a memo index is no number.');
    if (this.memo.size >= maxMemo) throw this.cursor.fail('pickle-limit', `more than ${maxMemo} values in the memo.`);
    this.memo.set(index, this.top());
  }

  memoize(): void {
    this.put(this.memo.size);
  }

  get(index: number): void {
    const value = this.memo.get(index);
    if (value === undefined) throw this.bad(`memo entry ${index} is used before it is set.`);
    this.push(value);
  }

  append(values: readonly PickleValue[]): void {
    const list = this.top();
    if (!Array.isArray(list)) throw this.bad(`items are appended to ${describe(list)}, which is no list.`);
    for (const value of values) list.push(value);
  }

  setItems(pairs: readonly PickleValue[]): void {
    const dict = this.top();
    if (!(dict instanceof Map)) throw this.bad(`items are set in ${describe(dict)}, which is no dict.`);
    this.fill(dict, pairs);
  }

  /** Keys and values in turn. */
  fill(dict: Map<PickleKey, PickleValue>, pairs: readonly PickleValue[]): void {
    if (pairs.length % 2 !== 0) throw this.bad('a key has no value.');
    for (let i = 0; i < pairs.length; i += 2) dict.set(this.key(pairs[i]!), pairs[i + 1]!);
  }

  pushGlobal(module: PickleValue, name: PickleValue): void {
    if (typeof module !== 'string' || typeof name !== 'string') throw this.bad('a global is not named by two texts.');
    const global = `${module}.${name}`;
    if (!this.rules.globals.has(global)) {
      const advice =
        'Only tensors, numbers, texts, lists and dicts are read: save a state dict, torch.save(model.state_dict(), file).';
      throw this.cursor.fail('forbidden-global', `the file wants to use "${global}" of Python. ${advice}`);
    }
    this.push(new PickleGlobal(global));
  }

  call(): void {
    const args = this.pop();
    const callee = this.pop();
    if (!(callee instanceof PickleGlobal)) throw this.bad(`${describe(callee)} is called.`);
    if (!(args instanceof PickleTuple)) throw this.bad(`${callee.name} is called with ${describe(args)} instead of a tuple.`);
    this.push(this.rules.call(callee.name, args.items, this.cursor));
  }

  /** Attributes of a value. OrderedDicts have some (state dicts: versions of layers); they say nothing about the values. */
  build(): void {
    const state = this.pop();
    const target = this.top();
    if (!(target instanceof Map && state instanceof Map)) {
      throw this.bad(`${describe(target)} gets ${describe(state)} as its attributes; only an OrderedDict takes a dict.`);
    }
  }

  pushPersistent(id: PickleValue): void {
    this.push(this.rules.persistent(id, this.cursor));
  }

  bad(detail: string) {
    return this.cursor.fail('bad-pickle', detail);
  }

  private key(value: PickleValue): PickleKey {
    if (value !== null && typeof value === 'object')
      throw this.bad(`a dict has ${describe(value)} as a key; texts and numbers are read.`);
    return value;
  }
}
