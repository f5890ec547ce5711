import { ImageSource } from './images.js';
import { PixelSource } from './pixels.js';
import { RecordSource } from './records.js';
import type { Source, SourceSpec } from './source.js';

/** The source that a `spec` describes; it may have come from another thread. */
export function reopenSource(spec: SourceSpec): Source {
  switch (spec.kind) {
    case 'pixels':
      return new PixelSource(spec);
    case 'images':
      return new ImageSource(spec);
    case 'records':
      return new RecordSource(spec);
  }
}
