/**
 * Tells live faces from pictures of them with a packed depth network: in Node, and in a page by `page.ts`, which has the same values.
 *
 * @module gossamer/pad
 */
import { load } from '../../runtime/load.js';
import { createDetectorBy, type Detector, type DetectorOptions } from './detector.js';

export { DataError } from '../../errors.js';
export type { Decision, DecisionEvidence, MeasuredErrors } from '../../formats/packed/decision.js';
export type { FaceCrop } from '../../images/face-crop.js';
export * from '../../runtime/errors.js';
export type { Image, LoadOptions, ModelSource, Pixels, RuntimeFacts } from '../../runtime/index.js';
export type { DetectedFace, FaceDetector } from '../boxes/surest-face.js';
export type { CropOptions } from '../crop.js';
export type { Box } from '../presentation.js';
export type {
  Assessment,
  BoxedImage,
  DepthMap,
  Detector,
  DetectorFacts,
  DetectorOptions,
  NotScored,
  SequenceOptions,
} from './detector.js';
export type { SequenceAssessment } from './sequence.js';

/**
 * Loads a packed depth network to decide about faces with. The threshold is that of its file (`gossamer pad calibrate`), or there is none.
 * @throws what `load` of `gossamer/runtime` does; UnsupportedError for a model that answers with something else than depth maps of faces
 */
export function createDetector(options: DetectorOptions): Promise<Detector> {
  return createDetectorBy(load, options);
}
