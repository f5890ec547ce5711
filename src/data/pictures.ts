import { DataError } from '../errors.js';
import { kindOf } from './files.js';
import { filesBelow } from './folder.js';
import { type ImageOptions, type ImageSource, imageExtensions, isPicture, openImages } from './images.js';
import { Problems } from './source.js';

/**
 * Pictures without labels, in the order in which they are named, as a source (every label is 0).
 * @throws DataError with the picture's file and the reasons of `openImages`; UnsupportedError when sharp is not installed
 */
export function openPictures(files: readonly string[], options: Omit<ImageOptions, 'skipBad'> = {}): Promise<ImageSource> {
  const images = files.map((file) => ({ file, label: 0, record: null }));
  return openImages('pictures', ['unlabelled'], images, options, new Problems(false));
}

/**
 * Paths of pictures: of a place that is a folder all that lie below it, in the order of their names; any other is taken for a picture.
 * @throws DataError with reason `empty` for a folder without pictures, `unreadable` for one that cannot be listed
 */
export async function listPictures(places: readonly string[]): Promise<readonly string[]> {
  const lists = await Promise.all(
    places.map(async (place) => {
      if ((await kindOf(place)) !== 'folder') return [place];
      const pictures = (await filesBelow(place)).filter(isPicture);
      if (pictures.length > 0) return pictures;
      throw new DataError(place, null, 'empty', `no picture lies in it or below it (${imageExtensions.join(' ')}).`);
    }),
  );
  return lists.flat();
}
