/*
 * How many bytes of buffers a piece of code asks for: the constructors of JavaScript's buffers are watched while it runs. That sees a
 * request before it is granted, and what is garbage again by the end, which `process.memoryUsage` does not.
 */

type Constructor = new (...args: unknown[]) => object;

const elementBytes: Readonly<Record<string, number>> = {
  ArrayBuffer: 1,
  SharedArrayBuffer: 1,
  Uint8Array: 1,
  Int8Array: 1,
  Uint8ClampedArray: 1,
  Uint16Array: 2,
  Int16Array: 2,
  Uint32Array: 4,
  Int32Array: 4,
  Float32Array: 4,
  Float64Array: 8,
  BigInt64Array: 8,
  BigUint64Array: 8,
};

/** Bytes that `work` asks for in all, or those that Node's own buffers grew by if they are more. */
export async function bytesAskedFor(work: () => void | Promise<void>): Promise<number> {
  const globals = globalThis as unknown as Record<string, Constructor>;
  const originals = new Map(Object.keys(elementBytes).map((name) => [name, globals[name]!]));
  const { alloc } = Buffer;
  const before = process.memoryUsage().external;
  let bytes = 0;
  for (const [name, original] of originals) {
    globals[name] = new Proxy(original, {
      construct(target, args, newTarget) {
        bytes += elementBytes[name]! * elementsIn(args[0]);
        return Reflect.construct(target, args, newTarget === globals[name] ? target : newTarget);
      },
    });
  }
  Buffer.alloc = (size: number, ...rest: []) => {
    bytes += size;
    return alloc(size, ...rest);
  };
  try {
    await work();
  } finally {
    for (const [name, original] of originals) globals[name] = original;
    Buffer.alloc = alloc;
  }
  return Math.max(bytes, process.memoryUsage().external - before);
}

/** Of a typed array made of `source`: of a number, or of what is copied; a view on a buffer takes nothing. */
function elementsIn(source: unknown): number {
  if (typeof source === 'number') return source;
  if (Array.isArray(source) || (ArrayBuffer.isView(source) && 'length' in source)) return Number(source.length);
  return 0;
}
