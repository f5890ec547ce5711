import { pageColors } from './drawing.js';
import { type Box, placeLabels } from './label-places.js';

/** A point of a chart in pixels, and what its mark covers. */
export interface DrawnPoint {
  readonly label: string;
  readonly x: number;
  readonly y: number;
  readonly mark: Box;
}

const fontSize = 12;

/**
 * Every point's label as graphic elements of ECharts, with a line to the point where it could not stand beside it.
 * @param taken what labels must not cover besides the points' own marks
 */
export function pointLabels(points: readonly DrawnPoint[], bounds: Box, taken: readonly Box[] = []) {
  const labelled = points.map(({ label, x, y }) => ({
    ...{ x, y },
    // System fonts differ: wide enough for the widest of them.
    width: 0.6 * fontSize * label.length,
    height: fontSize + 2,
  }));
  const places = placeLabels(labelled, bounds, [...points.map(({ mark }) => mark), ...taken]);
  return places.flatMap(({ left, middle, isAway }, i) => {
    const [{ label, x, y }, { width }] = [points[i]!, labelled[i]!];
    const isRight = left >= x;
    const edge = isRight ? left - 3 : left + width + 3;
    const leader = {
      type: 'line',
      silent: true,
      z: 10,
      shape: { x1: x + (isRight ? 6 : -6), y1: y, x2: edge, y2: middle },
      style: { stroke: pageColors.quiet[0], lineWidth: 0.8 },
    };
    const words = {
      type: 'text',
      silent: true,
      z: 10,
      x: isRight ? left : left + width,
      y: middle,
      style: {
        text: label,
        fill: pageColors.text[0],
        // A rim, so that no line of the grid runs through the words.
        stroke: pageColors.page[0],
        lineWidth: 4,
        font: `${fontSize}px system-ui, sans-serif`,
        align: isRight ? 'left' : 'right',
        verticalAlign: 'middle',
      },
    };
    return isAway ? [leader, words] : [words];
  });
}
