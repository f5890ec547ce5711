import { openIdx, readIdx } from '#dist/data/idx.js';
import { Problems } from '#dist/data/source.js';
import { DataError } from '#dist/errors.js';
import { gzip, idx } from '../../data/makers.js';
import { agree, type Reader } from '../reader.js';
import { place } from '../scratch.js';

const counting = Array.from({ length: 4 * 5 * 6 }, (_, i) => i);
const labels = place('idx', 'labels', idx([4], [0, 2, 1, 2]));
/** Large enough for a header that lies by a factor to be worth more than a reader may ask for. */
const large = idx(
  [4, 64, 64],
  Uint8Array.from({ length: 4 * 64 * 64 }, (_, i) => i * i),
);
const images = [idx([4, 5, 6], counting), idx([4, 2, 5, 3], counting), idx([120], counting), large];

export const idxFiles: Reader = {
  name: 'idx',
  samples: [
    ...images.map((bytes, i) => ({ name: `plain ${i}`, bytes, seams: [4, 8, 4 + 4 * bytes[3]!] })),
    ...images.map((bytes, i) => ({ name: `compressed ${i}`, bytes: gzip(bytes), seams: [10, 18] })),
  ],
  refusesWith: DataError,
  async read(bytes) {
    const file = place('idx', 'images', bytes);
    await unlessRefused(async () => {
      const source = await openIdx(file, labels, { skipBad: true });
      const recordBytes = source.height * source.width * source.channels;
      agree(source.length > 0 && source.length <= 4, `${source.length} records have labels`);
      agree(source.spec.kind === 'pixels' && source.spec.pixels.byteLength >= source.length * recordBytes, 'pixels are missing');
    });
    await unlessRefused(async () => checkFile(await readIdx(file, new Problems(true)), bytes));
    checkFile(await readIdx(file), bytes);
  },
  seal: (bytes) => (bytes[0] === 0x1f ? bytes : gzip(bytes)),
};

/** What leaves bad records out may refuse as the strict way does, which is the one that counts. */
async function unlessRefused(read: () => Promise<void>): Promise<void> {
  await read().catch((error: unknown) => {
    if (!(error instanceof DataError)) throw error;
  });
}

function checkFile({ dims, data, complete }: Awaited<ReturnType<typeof readIdx>>, bytes: Uint8Array): void {
  const itemBytes = dims.slice(1).reduce((a, b) => a * b, 1);
  agree(
    complete <= dims[0]! && data.length >= complete * itemBytes,
    `${complete} of [${dims.join(', ')}] are in ${data.length} bytes`,
  );
  if (bytes[0] === 0x1f) return;
  const header = 4 + 4 * dims.length;
  const inFile = bytes.subarray(header, header + complete * itemBytes);
  agree(Buffer.from(inFile).equals(Buffer.from(data.subarray(0, complete * itemBytes))), 'other bytes than those of the file');
}
