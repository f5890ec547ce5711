import zlib from 'node:zlib';
import { ShapeError } from '../errors.js';
import { crc32 } from './crc32.js';

/** Colours of eight bits: height * width * 3 bytes, rows from the top, red, green, blue. */
export interface ColourImage {
  readonly height: number;
  readonly width: number;
  readonly data: Uint8Array;
}

const signature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/** A PNG file (ISO/IEC 15948): header, one chunk of deflated rows, end. @throws ShapeError when there are not as many bytes as pixels need */
export function encodePng({ height, width, data }: ColourImage): Uint8Array {
  if (data.length !== height * width * 3) {
    throw new ShapeError('encodePng', `${data.length} bytes`, `${height} x ${width} x 3 of them`);
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  // Eight bits a sample, colour; deflate, no interlacing.
  header.set([8, 2, 0, 0, 0], 8);
  const stride = width * 3;
  // Each row begins with its filter: 0, none.
  const rows = Buffer.alloc(height * (stride + 1));
  for (let row = 0; row < height; row++) rows.set(data.subarray(row * stride, (row + 1) * stride), row * (stride + 1) + 1);
  return Buffer.concat([
    Buffer.from(signature),
    chunk('IHDR', header),
    chunk('IDAT', zlib.deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

/** Length, name, data, and the checksum of name and data. */
function chunk(name: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(name, 'latin1'), data]);
  const [length, checksum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  checksum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, checksum]);
}
