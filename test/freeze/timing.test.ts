import fs from 'node:fs';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { freezeCheckpoint, reportedLayers } from '../../src/freeze/index.js';
import { tempFolder } from '../data/helpers.js';

const folder = tempFolder();
afterAll(() => fs.rmSync(folder, { recursive: true }));

describe('times beside the float twin', () => {
  it('stand at the layer that does the same work, whatever a layer is made of', async () => {
    const out = path.join(folder, 'x.safetensors');
    const frozen = await freezeCheckpoint('assets/models/dydensenet-tiny-cifar10.safetensors', out, { time: true, threads: 1 });
    const { timing } = frozen;
    expect(timing!.twin!.name).toBe('dydensenet-dense');
    expect(timing!.steps).toHaveLength(frozen.graph.steps.length);
    const layers = reportedLayers(frozen);
    // The dense convolution that the twin has within the module.
    const dynamic = layers.filter(({ operator }) => operator === 'dynamicConvolution');
    expect(dynamic.length).toBeGreaterThan(5);
    for (const { twinMilliseconds } of dynamic) expect(twinMilliseconds).toBeGreaterThan(0);
    // Selectors are the dynamic network's alone, and so is the shuffle behind the heads.
    const selectors = layers.filter(({ operator, layer }) => operator === 'convolution' && layer.endsWith('.dynamic'));
    expect(selectors).toHaveLength(2 * dynamic.length);
    const shuffles = layers.filter(({ operator }) => operator === 'shuffleChannels');
    for (const { twinMilliseconds } of [...selectors, ...shuffles]) expect(twinMilliseconds).toBeNull();
    const told = layers.reduce((sum, { twinMilliseconds }) => sum + (twinMilliseconds ?? 0), 0);
    expect(told).toBeLessThanOrEqual(timing!.twin!.total * (1 + 1e-9));
  });
});
