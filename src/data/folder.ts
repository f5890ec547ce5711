import path from 'node:path';
import { DataError } from '../errors.js';
import { kindOf, listFolder } from './files.js';
import { type ImageOptions, type ImageSource, imageExtensions, isPicture, type ListedImage, openImages } from './images.js';
import { Problems } from './source.js';

export interface FolderOptions extends ImageOptions {
  /** For messages and reports; the path by default. */
  name?: string;
  /** Class names in the order of the labels; by default the folder's subfolders in the order of their names. */
  classes?: readonly string[];
}

/**
 * A source from a folder with a subfolder for each class, pictures anywhere below it, in the order of their paths.
 * @throws DataError with reason `not-found`, `unknown-class`, `empty-class` or `empty`; and as `openImages` does
 */
export async function openFolder(folder: string, options: FolderOptions = {}): Promise<ImageSource> {
  const problems = new Problems(options.skipBad ?? false);
  const present = await classesIn(folder);
  const classes = options.classes ?? present;
  if (present.length === 0) throw new DataError(folder, null, 'empty', 'it has no subfolder; one for each class is needed.');
  for (const name of present.filter((name) => !classes.includes(name))) {
    const detail = `it is not one of the ${classes.length} classes (${classes.join(', ')}).`;
    problems.report(new DataError(path.join(folder, name), null, 'unknown-class', detail), 0);
  }
  const images: ListedImage[] = [];
  for (const [label, name] of classes.entries()) {
    const below = path.join(folder, name);
    const files = (await kindOf(below)) === 'folder' ? await filesBelow(below) : [];
    const pictures = files.filter(isPicture);
    if (pictures.length === 0) {
      const others = files.length > 0 ? ` among its ${files.length} files` : '';
      const detail = `the class "${name}" has no picture${others} (${imageExtensions.join(' ')}).`;
      problems.report(new DataError(below, null, 'empty-class', detail), 0);
    }
    for (const file of pictures) images.push({ file, label, record: images.length });
  }
  return openImages(options.name ?? folder, classes, images, options, problems);
}

/** The subfolders' names: what `openFolder` takes for classes. */
export async function classesIn(folder: string): Promise<string[]> {
  return (await listFolder(folder)).filter((entry) => entry.isFolder).map((entry) => entry.name);
}

/** Paths of all files below a folder, in the order of their names. */
export async function filesBelow(folder: string): Promise<string[]> {
  const entries = await listFolder(folder);
  const nested = await Promise.all(
    entries.map(async ({ name, isFolder }) => {
      const below = path.join(folder, name);
      return isFolder ? filesBelow(below) : [below];
    }),
  );
  return nested.flat();
}
