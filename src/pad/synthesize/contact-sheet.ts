import type { Raster } from '../../images/raster.js';

const gap = 4;
const paper = 245;

/** Pictures of one size side by side, `columns` in a row, in their order. */
export function contactSheet(pictures: readonly Raster[], columns: number): Raster {
  const { height: tall, width: wide } = pictures[0]!;
  const rows = Math.ceil(pictures.length / columns);
  const height = rows * (tall + gap) + gap;
  const width = columns * (wide + gap) + gap;
  const data = new Uint8Array(height * width * 3).fill(paper);
  for (const [i, picture] of pictures.entries()) {
    const top = gap + Math.floor(i / columns) * (tall + gap);
    const left = gap + (i % columns) * (wide + gap);
    for (let row = 0; row < tall; row++) {
      data.set(picture.data.subarray(row * wide * 3, (row + 1) * wide * 3), ((top + row) * width + left) * 3);
    }
  }
  return { data, height, width, values: 3 };
}
