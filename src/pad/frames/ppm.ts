import type { Raster } from '../../images/raster.js';

/**
 * Pictures from a stream of binary PPM files (P6, 8 bits) one behind the other: each says its size, so that a video whose size changes is no
 * special case. A last one that is cut short is left out.
 */
export async function* readPpms(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Raster> {
  let rest: Uint8Array<ArrayBufferLike> = new Uint8Array(0);
  let size: { width: number; height: number } | null = null;
  let pixels: Uint8Array | null = null;
  let filled = 0;
  for await (const chunk of chunks) {
    let bytes: Uint8Array = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    while (bytes.length > 0) {
      if (!size) {
        const header = readHeader(bytes);
        if (!header) break;
        size = header;
        pixels = new Uint8Array(3 * header.width * header.height);
        filled = 0;
        bytes = bytes.subarray(header.length);
      }
      const taken = bytes.subarray(0, pixels!.length - filled);
      pixels!.set(taken, filled);
      filled += taken.length;
      bytes = bytes.subarray(taken.length);
      if (filled < pixels!.length) break;
      yield { data: pixels!, ...size, values: 3 };
      size = null;
    }
    rest = bytes;
  }
}

/** Longest header: P6, two numbers of up to 7 digits, 255, and the blanks between. */
const longestHeader = 32;

/** Null while there is too little of it. */
function readHeader(bytes: Uint8Array): { width: number; height: number; length: number } | null {
  const text = Buffer.from(bytes.subarray(0, longestHeader)).toString('latin1');
  const match = /^P6\s(\d+)\s(\d+)\s255\s/.exec(text);
  if (match) return { width: Number(match[1]), height: Number(match[2]), length: match[0].length };
  if (bytes.length >= longestHeader)
    throw new Error(`ffmpeg answered with something else than pictures: ${JSON.stringify(text)}`);
  return null;
}
