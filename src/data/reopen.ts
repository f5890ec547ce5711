import { ImageSource } from './images.js';
import { PixelSource } from './pixels.js';
import type { Source, SourceSpec } from './source.js';

/** The source that a `spec` describes; it may have come from another thread. */
export function reopenSource(spec: SourceSpec): Source {
  return spec.kind === 'pixels' ? new PixelSource(spec) : new ImageSource(spec);
}
