import { parseSpace, type SearchSpace } from '../../../src/search/space.js';

/** All kinds of operations in tiny frames, one for each task. */
const operations = ['none', 'skip', 'conv', 'cdc', 'cdc_2_1.6', 'conv_2_0.5', 'binary', 'binary@0.7', 'dynamic'];

export const classifying: SearchSpace = parseSpace({
  frame: { task: 'classification', stem: [6, 8], widths: [8, 8, 16] },
  nodes: 3,
  operations,
});

export const mapping: SearchSpace = parseSpace({
  frame: { task: 'depth-map', stem: [4], widths: [8, 12, 12], head: [6], attention: [7, 5, 3] },
  nodes: 3,
  operations,
});
