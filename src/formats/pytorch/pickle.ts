import type { PickleCursor } from './pickle-cursor.js';
import { PickleMachine, type PickleRules } from './pickle-machine.js';
import { type PickleKey, PickleTuple, type PickleValue } from './pickle-values.js';

const maxOperations = 10_000_000;
const maxProtocol = 4;
/** Bytes of one whole number; Python writes those beyond 32 bits by length. */
const maxLongBytes = 256;

/**
 * Reads one pickle, from the cursor to its STOP: an interpreter for protocols 0 to 4 that can build numbers, texts, tuples, lists and
 * dicts, and whatever `rules` make of the few names that they let pass. No name is ever looked up in JavaScript, no code runs.
 * Opcodes as in CPython's Lib/pickletools.py.
 * @throws FormatError with reason `truncated`, `bad-opcode`, `bad-pickle`, `pickle-limit`, `forbidden-global`, or the rules' own
 */
export function readPickle(cursor: PickleCursor, rules: PickleRules): PickleValue {
  const machine = new PickleMachine(cursor, rules);
  for (let count = 0; count < maxOperations; count++) {
    const opcode = cursor.u8();
    if (opcode === stop) return machine.result();
    const run = opcodes.get(opcode);
    if (!run) throw cursor.fail('bad-opcode', `0x${opcode.toString(16)} is no opcode of a checkpoint's pickle.`);
    run(machine, cursor);
  }
  throw cursor.fail('pickle-limit', `more than ${maxOperations} operations.`);
}

const stop = 0x2e;

type Opcode = (machine: PickleMachine, cursor: PickleCursor) => void;

/** By code; the names are pickletools'. */
const opcodes: ReadonlyMap<number, Opcode> = new Map<number, Opcode>([
  // Constants and numbers
  [0x4e, (m) => m.push(null)], // NONE
  [0x88, (m) => m.push(true)], // NEWTRUE
  [0x89, (m) => m.push(false)], // NEWFALSE
  [0x4a, (m, c) => m.push(c.i32())], // BININT
  [0x4b, (m, c) => m.push(c.u8())], // BININT1
  [0x4d, (m, c) => m.push(c.u16())], // BININT2
  [0x8a, (m, c) => m.push(long(m, c.u8()))], // LONG1
  [0x8b, (m, c) => m.push(long(m, c.i32()))], // LONG4
  [0x47, (m, c) => m.push(c.f64BigEndian())], // BINFLOAT
  [0x49, (m, c) => m.push(integerLine(m, c.line()))], // INT
  [0x4c, (m, c) => m.push(longLine(m, c.line()))], // LONG
  [0x46, (m, c) => m.push(floatLine(m, c.line()))], // FLOAT

  // Texts and bytes
  [0x58, (m, c) => m.push(c.utf8(c.u32()))], // BINUNICODE
  [0x8c, (m, c) => m.push(c.utf8(c.u8()))], // SHORT_BINUNICODE
  [0x8d, (m, c) => m.push(c.utf8(c.u64()))], // BINUNICODE8
  [0x55, (m, c) => m.push(c.utf8(c.u8()))], // SHORT_BINSTRING: Python 2's str, which PyTorch takes for UTF-8
  [0x54, (m, c) => m.push(c.utf8(c.u32()))], // BINSTRING
  [0x56, (m, c) => m.push(unicodeLine(m, c.line()))], // UNICODE
  [0x53, (m, c) => m.push(stringLine(m, c.line()))], // STRING
  [0x43, (m, c) => m.push(c.blob(c.u8()))], // SHORT_BINBYTES
  [0x42, (m, c) => m.push(c.blob(c.u32()))], // BINBYTES
  [0x8e, (m, c) => m.push(c.blob(c.u64()))], // BINBYTES8

  // Tuples, lists, dicts
  [0x28, (m) => m.mark()], // MARK
  [0x29, (m) => m.push(new PickleTuple([]))], // EMPTY_TUPLE
  [0x85, (m) => m.push(new PickleTuple(m.popMany(1)))], // TUPLE1
  [0x86, (m) => m.push(new PickleTuple(m.popMany(2)))], // TUPLE2
  [0x87, (m) => m.push(new PickleTuple(m.popMany(3)))], // TUPLE3
  [0x74, (m) => m.push(new PickleTuple(m.popToMark()))], // TUPLE
  [0x5d, (m) => m.push([])], // EMPTY_LIST
  [0x6c, (m) => m.push(m.popToMark())], // LIST
  [0x61, (m) => m.append(m.popMany(1))], // APPEND
  [0x65, (m) => m.append(m.popToMark())], // APPENDS
  [0x7d, (m) => m.push(new Map())], // EMPTY_DICT
  [0x64, dict], // DICT
  [0x73, (m) => m.setItems(m.popMany(2))], // SETITEM
  [0x75, (m) => m.setItems(m.popToMark())], // SETITEMS

  // Stack and memo
  [0x30, (m) => void m.pop()], // POP
  [0x31, (m) => void m.popToMark()], // POP_MARK
  [0x32, (m) => m.push(m.top())], // DUP
  [0x70, (m, c) => m.put(index(m, c.line()))], // PUT
  [0x71, (m, c) => m.put(c.u8())], // BINPUT
  [0x72, (m, c) => m.put(c.u32())], // LONG_BINPUT
  [0x94, (m) => m.memoize()], // MEMOIZE
  [0x67, (m, c) => m.get(index(m, c.line()))], // GET
  [0x68, (m, c) => m.get(c.u8())], // BINGET
  [0x6a, (m, c) => m.get(c.u32())], // LONG_BINGET

  // Names, calls, references
  [0x63, (m, c) => m.pushGlobal(c.line(), c.line())], // GLOBAL
  [0x93, (m) => m.pushGlobal(...(m.popMany(2) as [PickleValue, PickleValue]))], // STACK_GLOBAL
  [0x52, (m) => m.call()], // REDUCE
  [0x81, (m) => m.call()], // NEWOBJ
  [0x62, (m) => m.build()], // BUILD
  [0x50, (m, c) => m.pushPersistent(c.line())], // PERSID
  [0x51, (m) => m.pushPersistent(m.pop())], // BINPERSID

  // Framing
  [0x80, protocol], // PROTO
  [0x95, frame], // FRAME
]);

function protocol(machine: PickleMachine, cursor: PickleCursor): void {
  const version = cursor.u8();
  if (version > maxProtocol) throw machine.bad(`pickle protocol ${version}; up to ${maxProtocol} can be read.`);
}

/** Announces how many bytes belong together; all are in memory already. */
function frame(machine: PickleMachine, cursor: PickleCursor): void {
  const bytes = cursor.u64();
  if (bytes > cursor.remaining)
    throw machine.cursor.fail('truncated', `a frame of ${bytes} bytes goes past the end of the file.`);
}

function dict(machine: PickleMachine): void {
  const map = new Map<PickleKey, PickleValue>();
  machine.fill(map, machine.popToMark());
  machine.push(map);
}

/** Two's complement, least significant byte first. A bigint only where a number would round. */
function long(machine: PickleMachine, count: number): number | bigint {
  if (count < 0) throw machine.bad('a number has a negative length.');
  if (count > maxLongBytes) throw machine.cursor.fail('pickle-limit', `a number of ${count} bytes.`);
  const bytes = machine.cursor.raw(count);
  if (count === 0) return 0;
  let value = 0n;
  for (let i = count - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]!);
  return narrowed(BigInt.asIntN(8 * count, value));
}

function narrowed(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

function integerLine(machine: PickleMachine, line: string): PickleValue {
  if (line === '00') return false;
  if (line === '01') return true;
  return longLine(machine, line);
}

function longLine(machine: PickleMachine, line: string): number | bigint {
  const digits = line.replace(/L$/, '');
  // Checked before BigInt, whose time grows with the square of the length.
  if (!/^-?\d+$/.test(digits) || digits.length > 2.5 * maxLongBytes) throw machine.bad('a whole number is not one.');
  return narrowed(BigInt(digits));
}

const specialFloats = new Map([
  ['nan', Number.NaN],
  ['inf', Number.POSITIVE_INFINITY],
  ['-inf', Number.NEGATIVE_INFINITY],
]);

function floatLine(machine: PickleMachine, line: string): number {
  const special = specialFloats.get(line);
  if (special !== undefined) return special;
  const value = Number(line);
  if (!/^[-+]?[\d.]+(?:[eE][-+]?\d+)?$/.test(line) || Number.isNaN(value)) throw machine.bad('a number is not one.');
  return value;
}

function index(machine: PickleMachine, line: string): number {
  if (!/^\d{1,10}$/.test(line)) throw machine.bad('a memo index is no number.');
  return Number(line);
}

/** Python's raw-unicode-escape: Latin-1, and the rest as \uXXXX or \UXXXXXXXX. */
function unicodeLine(machine: PickleMachine, line: string): string {
  return line.replace(/\\u([0-9a-fA-F]{4})|\\U([0-9a-fA-F]{8})/g, (_, short?: string, long?: string) =>
    character(machine, Number.parseInt((short ?? long)!, 16)),
  );
}

const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '\\': '\\', "'": "'", '"': '"' };

/** A text as Python's repr writes it. */
function stringLine(machine: PickleMachine, line: string): string {
  const quote = line[0];
  if (line.length < 2 || (quote !== "'" && quote !== '"') || line.at(-1) !== quote)
    throw machine.bad('a text has no quotes around it.');
  return line.slice(1, -1).replace(/\\(?:x([0-9a-fA-F]{2})|(.?))/gs, (_, hex?: string, letter?: string) => {
    const text = hex === undefined ? escapes[letter!] : String.fromCharCode(Number.parseInt(hex, 16));
    if (text === undefined) throw machine.bad('a text has an escape that Python does not write.');
    return text;
  });
}

function character(machine: PickleMachine, code: number): string {
  if (code > 0x10ffff) throw machine.bad('a text holds a code that is no character.');
  return String.fromCodePoint(code);
}
