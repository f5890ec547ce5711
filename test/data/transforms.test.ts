import { describe, expect, it } from 'vitest';
import { parseTransforms } from '../../src/data/transforms.js';
import { ConfigError } from '../../src/errors.js';

describe('parseTransforms', () => {
  it('fills in defaults', () => {
    expect(parseTransforms([{ name: 'crop', padding: 4 }, { name: 'flip' }, { name: 'erasing' }])).toEqual([
      { name: 'crop', padding: 4, fill: 0 },
      { name: 'flip', probability: 0.5 },
      { name: 'erasing', probability: 0.5, patches: [1, 1], area: [0.02, 0.33], ratio: [0.3, 3.3] },
    ]);
  });

  it.each<[unknown, string]>([
    [[{ name: 'crop', pading: 4 }], 'transforms.0'],
    [[{ name: 'flip' }, { name: 'spin' }], 'transforms.1.name'],
    [[{ name: 'flip', probability: 2 }], 'transforms.0.probability'],
    [[{ name: 'crop', padding: -1 }], 'transforms.0.padding'],
    [[{ name: 'random-resized-crop', size: 32, scale: [0.5, 0.1] }], 'transforms.0.scale'],
    [[{ name: 'normalize', mean: [0.5], std: [0] }], 'transforms.0.std.0'],
    [[{ name: 'resize', size: 'big' }], 'transforms.0.size'],
    [[{ name: 'face-scale', stored: 1.3, scales: [1.2, 1.4], size: 8 }], 'transforms.0.scales'],
    [[{ name: 'cutout', size: 3, least: 4 }], 'transforms.0.least'],
    [[{ name: 'erasing', patches: [2, 1] }], 'transforms.0.patches'],
    [[{ name: 'channel-shift', range: [0.5, 2] }], 'transforms.0.range.0'],
    ['flip', 'transforms'],
  ])('refuses %j', (list, key) => {
    try {
      parseTransforms(list);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(ConfigError);
      expect((error as ConfigError).key).toBe(key);
    }
  });

  it('survives the way to another thread, or to a file', () => {
    const list = parseTransforms([
      { name: 'random-resized-crop', size: [8, 9] },
      { name: 'color-jitter', contrast: 0.4 },
    ]);
    expect(JSON.parse(JSON.stringify(list))).toEqual(list);
  });
});
