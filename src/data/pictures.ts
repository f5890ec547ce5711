import { DataError } from '../errors.js';
import { type ImageOptions, type ImageSource, openImages } from './images.js';
import { Problems } from './source.js';

/**
 * Pictures without labels, in the order in which they are named, as a source (every label is 0).
 * @throws DataError with the picture's file and the reasons of `openImages`; UnsupportedError when sharp is not installed
 */
export async function openPictures(files: readonly string[], options: Omit<ImageOptions, 'skipBad'> = {}): Promise<ImageSource> {
  const images = files.map((file, record) => ({ file, label: 0, record }));
  try {
    return await openImages('pictures', ['unlabelled'], images, options, new Problems(false));
  } catch (error) {
    if (!(error instanceof DataError) || error.record === null) throw error;
    // The file says which picture it is; its place among the others says nothing.
    const detail = error.message.slice(`${error.file}, record ${error.record}: `.length);
    throw new DataError(error.file, null, error.reason, detail, { cause: error });
  }
}
