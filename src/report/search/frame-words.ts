import type { Genotype } from '../../models/index.js';

/** What stands around the cells of a genotype, in words. */
export interface FrameWords {
  /** From the image to the low cell, between the cells, and behind the high one: each a list of steps. */
  readonly before: readonly [readonly string[], readonly string[], readonly string[]];
  readonly after: readonly string[];
}

const pool = 'max pool 3x3, stride 2';

export function frameWords({ task, stem, widths, head, attention }: Genotype): FrameWords {
  const entry = (level: 0 | 1 | 2): string[] => {
    const from = level === 0 ? stem.at(-1)! : widths[level - 1]!;
    return from === widths[level] ? [] : [`entry: a 3x3 convolution to ${widths[level]} channels`];
  };
  // In a depth network every level is pooled, and what comes of it goes to the head as well.
  const toHead = (level: 0 | 1 | 2) => (task === 'depth-map' ? [`and to the head${attended(attention[level])}`] : []);
  const between = (level: 0 | 1 | 2) => [[pool, ...toHead(level)].join(', ')];
  const total = widths.reduce((sum, width) => sum + width, 0);
  return {
    before: [
      [`stem: ${convolutions(stem)}`, ...entry(0)],
      [...between(0), ...entry(1)],
      [...between(1), ...entry(2)],
    ],
    after:
      task === 'depth-map'
        ? [
            `${pool}, to the head${attended(attention[2])}`,
            `head: the three levels at the size of the map, side by side (${total} channels)`,
            ...(head.length > 0 ? [convolutions(head)] : []),
            'a 3x3 convolution to the depth map',
          ]
        : ['head: mean over the image, linear layer to the classes'],
  };
}

function attended(kernel: number | undefined): string {
  return kernel === undefined ? '' : ` through ${kernel}x${kernel} spatial attention`;
}

function convolutions(widths: readonly number[]): string {
  return widths.length === 1 ? `a 3x3 convolution to ${widths[0]} channels` : `3x3 convolutions to ${widths.join(', ')} channels`;
}
