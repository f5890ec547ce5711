/** Smallest modules that use a feature: valid exactly where the feature is on. */
const HEADER = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
/** One type () -> (v128) and one function of it. */
const VECTOR_FUNCTION = [0x01, 0x05, 0x01, 0x60, 0x00, 0x01, 0x7b, 0x03, 0x02, 0x01, 0x00];
/** i32.const 0; i8x16.splat */
const ZERO_VECTOR = [0x41, 0x00, 0xfd, 0x0f];

function moduleOf(...instructions: number[]): BufferSource {
  const body = [0x00, ...instructions, 0x0b];
  return new Uint8Array([...HEADER, ...VECTOR_FUNCTION, 0x0a, body.length + 2, 0x01, body.length, ...body]);
}

export function hasSimd(): boolean {
  return WebAssembly.validate(moduleOf(...ZERO_VECTOR));
}

/** f32x4.relaxed_madd */
export function hasRelaxedSimd(): boolean {
  return WebAssembly.validate(moduleOf(...ZERO_VECTOR, ...ZERO_VECTOR, ...ZERO_VECTOR, 0xfd, 0x85, 0x02));
}

/** Shared memory, which threads need; browsers give it to cross-origin isolated pages only. */
export function hasSharedMemory(): boolean {
  if (typeof SharedArrayBuffer === 'undefined') return false;
  try {
    return new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }).buffer instanceof SharedArrayBuffer;
  } catch {
    return false;
  }
}
