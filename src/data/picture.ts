import { writeFileAtomic } from '../formats/file.js';
import type { Raster } from '../images/raster.js';
import { loadSharp } from './images.js';

/**
 * Writes an image of red, green and blue as a PNG file, whose bytes depend on the pixels alone (for one release of sharp).
 * @throws FormatError with reason `not-writable`; UnsupportedError when sharp is not installed
 */
export async function writePicture(file: string, { data, height, width }: Raster): Promise<void> {
  const sharp = await loadSharp();
  await writeFileAtomic(
    file,
    await sharp(data, { raw: { width, height, channels: 3 } })
      .png()
      .toBuffer(),
  );
}
