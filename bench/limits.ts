import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';
import { local, type Subject } from './measure.js';

/** A micro-kernel alone: what it does a call, as a subject of one thread. */
export interface Limit {
  readonly subject: Subject;
  /** Floating-point operations, or 1-bit multiply-accumulates. */
  readonly work: number;
}

export interface Limits {
  readonly float: Limit;
  readonly popcount: Limit;
  readonly nibbles: Limit;
}

interface Exports {
  floatTiles(left: number, right: number, depth: number, times: number, target: number): void;
  popcountTiles(left: number, right: number, depth: number, times: number, target: number): void;
  nibbleTiles(left: number, right: number, tables: number, depth: number, times: number, target: number): void;
}

/** Where the operands lie: a page each, behind the module's own. */
const LEFT = 65536;
const RIGHT = 2 * 65536;
const TABLES = 3 * 65536;
const TARGET = TABLES + 4096;
const PAGES = 4;

/** Long enough that storing a tile costs nothing, and short enough for the nearest cache. */
const FLOAT_DEPTH = 256;
const WORD_DEPTH = 72;
/** A byte holds the counts of so many nibbles. */
const NIBBLE_DEPTH = 60;
const TIMES = 2000;

/** The micro-kernels of `assembly/`, built with relaxed SIMD or without: as the engine that they are compared with. */
export async function compileLimits(relaxed: boolean): Promise<Limits> {
  const memory = new WebAssembly.Memory({ initial: PAGES });
  const { instance } = await WebAssembly.instantiate(await compile(relaxed), { env: { memory } });
  const { floatTiles, popcountTiles, nibbleTiles } = instance.exports as unknown as Exports;
  const floats = new Float32Array(memory.buffer, LEFT);
  const bytes = new Uint8Array(memory.buffer);
  return {
    float: {
      subject: prepared(
        () => floats.fill(0.5),
        () => floatTiles(LEFT, RIGHT, FLOAT_DEPTH, TIMES, TARGET),
      ),
      work: 2 * 4 * 8 * FLOAT_DEPTH * TIMES,
    },
    popcount: {
      subject: prepared(
        () => bytes.fill(0x5a, LEFT),
        () => popcountTiles(LEFT, RIGHT, WORD_DEPTH, TIMES, TARGET),
      ),
      work: 3 * 2 * 64 * WORD_DEPTH * TIMES,
    },
    nibbles: {
      subject: prepared(
        () => fillNibbles(bytes),
        () => nibbleTiles(LEFT, RIGHT, TABLES, NIBBLE_DEPTH, TIMES, TARGET),
      ),
      work: 2 * 64 * 4 * NIBBLE_DEPTH * TIMES,
    },
  };
}

/** The micro-kernels share one memory: each fills in its operands before its round. */
function prepared(fill: () => void, run: () => void): Subject {
  const subject = local(run);
  return {
    round(seconds) {
      fill();
      return subject.round(seconds);
    },
  };
}

function fillNibbles(bytes: Uint8Array): void {
  for (let i = 0; i < 2 * NIBBLE_DEPTH; i++) bytes[LEFT + i] = (i % 16) * 16;
  for (let i = 0; i < 64 * NIBBLE_DEPTH; i++) bytes[RIGHT + i] = (i * 7) % 16;
  for (let row = 0; row < 16; row++) {
    for (let column = 0; column < 16; column++) bytes[TABLES + row * 16 + column] = ones(row ^ column);
  }
}

function ones(nibble: number): number {
  return nibble === 0 ? 0 : (nibble & 1) + ones(nibble >> 1);
}

async function compile(relaxed: boolean): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  const folder = fileURLToPath(new URL('./assembly/', import.meta.url));
  const features = ['--enable', 'simd', ...(relaxed ? ['--enable', 'relaxed-simd'] : [])];
  const { error, stderr } = await asc.main(
    [
      'index.ts',
      ...['--baseDir', folder, '--outFile', 'limits.wasm', '-O3', '--noAssert', '--runtime', 'stub', '--importMemory'],
      ...['--initialMemory', String(PAGES), ...features, '--use', `RELAXED=${relaxed ? 1 : 0}`, '--use', 'abort='],
    ],
    {
      writeFile(name, contents) {
        if (name === 'limits.wasm') parts.push(contents as Uint8Array);
      },
    },
  );
  if (error) throw new Error(`the micro-kernels do not compile: ${stderr.toString()}`, { cause: error });
  return new Uint8Array(parts[0]!);
}
