import zlib from 'node:zlib';
import sharp from 'sharp';
import { expect, it } from 'vitest';
import { ShapeError } from '../../src/errors.js';
import { encodePng } from '../../src/formats/png.js';

it('a picture comes back from another reader to the byte', async () => {
  const [height, width] = [5, 7];
  const data = Uint8Array.from({ length: height * width * 3 }, (_, i) => (37 * i) % 256);
  const { data: pixels, info } = await sharp(encodePng({ height, width, data })).raw().toBuffer({ resolveWithObject: true });
  expect([info.height, info.width, info.channels]).toEqual([height, width, 3]);
  expect([...pixels]).toEqual([...data]);
});

it('rows are deflated, each behind a filter of 0', () => {
  const png = Buffer.from(encodePng({ height: 2, width: 1, data: Uint8Array.of(1, 2, 3, 4, 5, 6) }));
  const length = png.readUInt32BE(33);
  expect([...zlib.inflateSync(png.subarray(41, 41 + length))]).toEqual([0, 1, 2, 3, 0, 4, 5, 6]);
});

it('refuses a size that is not that of the pixels', () => {
  expect(() => encodePng({ height: 2, width: 2, data: new Uint8Array(11) })).toThrow(ShapeError);
});
