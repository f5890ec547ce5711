import { type ImageOptions, type ImageSource, openImages } from './images.js';
import { Problems } from './source.js';

/**
 * Pictures without labels, in the order in which they are named, as a source (every label is 0).
 * @throws DataError with the picture's file and the reasons of `openImages`; UnsupportedError when sharp is not installed
 */
export function openPictures(files: readonly string[], options: Omit<ImageOptions, 'skipBad'> = {}): Promise<ImageSource> {
  const images = files.map((file) => ({ file, label: 0, record: null }));
  return openImages('pictures', ['unlabelled'], images, options, new Problems(false));
}
