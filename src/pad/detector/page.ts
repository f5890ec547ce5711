/** `gossamer/pad` as a page gets it: the values of `index.ts`, whose types it shares; the model lives in a worker. */
import { load } from '../../runtime/browser/page.js';
import { createDetectorBy, type Detector, type DetectorOptions } from './detector.js';

export { DataError } from '../../errors.js';
export * from '../../runtime/errors.js';

export function createDetector(options: DetectorOptions): Promise<Detector> {
  return createDetectorBy(load, options);
}
