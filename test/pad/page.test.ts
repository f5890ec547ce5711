import path from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDetector } from '../../src/pad/detector/index.js';
import { drawFace } from '../../src/pad/synthesize/drawn-face.js';
import { root } from '../package.js';
import { skipsBrowser, startChromium } from '../runtime/chromium.js';
import { openSite, type Site } from '../runtime/site.js';
import { depthModel } from './depth-model.js';

describe.skipIf(skipsBrowser)('gossamer/pad in a page', () => {
  let browser: Browser;
  let site: Site;
  let model: Uint8Array;
  beforeAll(async () => {
    model = await depthModel();
    browser = await startChromium();
    site = await openSite({
      places: {
        '/index.html': new TextEncoder().encode(
          '<!doctype html><link rel="icon" href="data:,"><script type="module" src="page.js"></script>',
        ),
        '/page.js': new TextEncoder().encode("import * as pad from '/package/dist/browser/pad.js'; globalThis.pad = pad;"),
        '/package/': root,
        '/model': model,
      },
      isolated: true,
    });
  });
  afterAll(async () => {
    await browser?.close();
    await site?.close();
  });

  it('assesses what a browser draws, with the bits that Node gives, and asks the network for nothing else', async () => {
    const { canvas, box } = drawFace(80, 7, 1, 0);
    const { data, width, height } = canvas.toRaster();
    const rgba = Array.from({ length: width * height * 4 }, (_, i) => (i % 4 === 3 ? 255 : data[(i >> 2) * 3 + (i % 4)]!));
    const page = await browser.newPage();
    const requests: string[] = [];
    page.on('request', (request) => requests.push(request.url()));
    await page.goto(`${site.origin}/index.html`);
    await page.waitForFunction('globalThis.pad');
    const there = await page.evaluate(
      async ([bytes, size, where]) => {
        const { pad } = globalThis as unknown as { readonly pad: typeof import('../../src/pad/detector/index.js') };
        const detector = await pad.createDetector({ model: '/model', relaxedSimd: 'off', threads: 2 });
        const image = new ImageData(Uint8ClampedArray.from(bytes), size, size);
        const drawn = new OffscreenCanvas(size, size);
        drawn.getContext('2d')!.putImageData(image, 0, 0);
        const bitmap = await createImageBitmap(image);
        const assessed = [];
        for (const shown of [image, drawn, bitmap]) assessed.push(await detector.assess(shown, where));
        const sequence = await detector.assessSequence([{ image: bitmap, box: where }]);
        const lost = await detector.assess(bitmap).catch((error: Error) => [error instanceof pad.ConfigError, error.message]);
        detector.dispose();
        return {
          scores: [...assessed.map(({ score }) => score), sequence.score],
          decisions: assessed.map(({ decision }) => decision),
          map: [...assessed[0]!.depthMap!.data],
          lost,
        };
      },
      [rgba, width, box] as const,
    );
    const detector = await createDetector({ model, relaxedSimd: 'off', threads: 1 });
    const here = await detector.assess({ data: Uint8Array.from(data), width, height }, box);
    detector.dispose();
    expect(there.scores).toEqual(Array(4).fill(here.score));
    expect(there.map).toEqual([...here.depthMap!.data]);
    expect(there.decisions).toEqual(Array(3).fill('uncalibrated'));
    expect(there.lost).toEqual([true, expect.stringMatching(/^faceDetector: where is the face/)]);
    expect(requests.filter((url) => !url.startsWith(site.origin) && !url.startsWith('data:'))).toEqual([]);
    const asked = new Set(site.requests.filter((request) => request.startsWith('/package/dist/browser/')));
    expect([...asked].map((request) => path.basename(request)).sort()).toEqual(
      ['pad.js', 'runtime-worker.js', 'runtime-thread.js', 'gossamer-runtime-threads.wasm'].sort(),
    );
  });
});
