import type { Window } from '../images/resample.js';
import type { Box } from './presentation.js';

/*
 * What the depth map of a bona fide face is to be like; that of an attack is zero all over. Bytes: 255 is nearest to the camera.
 */

export const depthKinds = ['dome', 'ones', 'files'] as const;
export type DepthKind = (typeof depthKinds)[number];

/** The depth map's side for a crop of `size`: CDCN halves it three times. */
export function depthSize(size: number): number {
  return size / 8;
}

/** How much the dome narrows from the middle of the face down to the chin. */
const chin = 0.25;

/**
 * A face-shaped dome where the box lies in the crop: an ellipsoid, narrower towards the chin,
 *   depth = sqrt(1 - (x / w(y))² - y²),  w(y) = 1 for y < 0, 1 - chin y for y >= 0,
 * with x and y from -1 to 1 across the box; 0 outside of it. Sampled in the middles of the map's pixels.
 */
export function dome(box: Box, window: Window, side: number): Uint8Array<ArrayBuffer> {
  const map = new Uint8Array(side * side);
  for (let row = 0; row < side; row++) {
    const y = (2 * (window.top + ((row + 0.5) * window.height) / side - box.top)) / box.height - 1;
    const across = y < 0 ? 1 : 1 - chin * y;
    for (let column = 0; column < side; column++) {
      const x = (2 * (window.left + ((column + 0.5) * window.width) / side - box.left)) / box.width - 1;
      map[row * side + column] = Math.round(255 * Math.sqrt(Math.max(0, 1 - (x / across) ** 2 - y ** 2)));
    }
  }
  return map;
}
