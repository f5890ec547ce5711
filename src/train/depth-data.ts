import { Pipeline } from '../data/pipeline.js';
import type { Source } from '../data/source.js';
import { parseTransforms, type TransformInput } from '../data/transforms.js';
import type { MapSize } from '../data/view.js';
import { ConfigError, DataError, ShapeError } from '../errors.js';
import { summarize } from '../metrics/summary.js';
import type { Module } from '../nn/module.js';
import { formatShape } from '../tensor/shape.js';

/** The classes of images with target maps, in the order of their labels. */
const depthClasses: readonly string[] = ['attack', 'bona-fide'];

/** @throws ConfigError for a source that a depth network cannot learn from or be judged by */
export function expectDepthSource({ name, maps, classes }: Source): void {
  if (!maps)
    throw new ConfigError(
      'data',
      `${name} has no target maps, which the depth loss needs. Prepare faces for it (gossamer pad prepare).`,
    );
  if (classes.join() !== depthClasses.join()) {
    throw new ConfigError(
      'data',
      `${name} has the classes ${classes.join(', ')}; the depth loss needs ${depthClasses.join(', ')}.`,
    );
  }
}

/** @throws DataError unless there are both, without which no error rate is equal to another */
export function expectBothClasses(source: Source, indices: Int32Array, what: string): void {
  const bonafide = indices.reduce((count, record) => count + (source.label(record) === 1 ? 1 : 0), 0);
  if (bonafide > 0 && bonafide < indices.length) return;
  const detail = `${what} has ${bonafide} bona fide images and ${indices.length - bonafide} attacks; error rates need both.`;
  throw new DataError(source.name, null, 'one-class', detail);
}

/** What is known of an image as a presentation to a detector: its attack species, null for bona fide, and its subject. */
export function presentationOf(
  source: Source,
  record: number,
): { readonly species: string | null; readonly subject: string | null } {
  if (source.label(record) === 1) return { species: null, subject: source.frames?.subject(record) ?? null };
  return { species: source.frames?.species(record) ?? 'attack', subject: source.frames?.subject(record) ?? null };
}

/** Height, width and channels of the source's images after `transforms`. */
export function transformedShape(source: Source, transforms: readonly TransformInput[]): readonly [number, number, number] {
  return new Pipeline(parseTransforms(transforms), [source.height, source.width, source.channels]).shape;
}

/** Size of the maps with which a model answers for images of `input` (height, width, channels). @throws ShapeError when it answers with something else */
export function mapSizeOf(model: Module, input: readonly number[]): MapSize {
  const { output } = summarize(model, input, { progress: null });
  if (output.length !== 2)
    throw new ShapeError('the depth loss', `answers ${formatShape(output)} of the model`, '[height, width], a map');
  const [height, width] = output as [number, number];
  return { height, width };
}
