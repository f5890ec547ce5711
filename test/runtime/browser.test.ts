import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { build } from 'vite';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { load, type RuntimeFacts } from '../../src/runtime/index.js';
import { type Installed, installPackage, root } from '../package.js';
import { skipsBrowser, startChromium } from './chromium.js';
import { frozen } from './frozen.js';
import { openSite, type Site, type SiteOptions, STRICT_POLICY } from './site.js';

/** The bits of an answer: what crosses from the page must not be rounded on its way. */
interface Answered {
  readonly shape: readonly number[];
  readonly bits: readonly number[];
  readonly facts: RuntimeFacts;
}

interface Failed {
  readonly name: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly isNamed: boolean;
}

const SIDE = 32;
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'gossamer-page-'));
let browser: Browser;
let installed: Installed;
let models: Readonly<Record<'binary' | 'dynamic', Uint8Array>>;
const open: { readonly close: () => Promise<void> }[] = [];

describe.skipIf(skipsBrowser)('a packed model in a page, of the package as npm would install it', () => {
  beforeAll(async () => {
    browser = await startChromium();
    installed = installPackage(folder);
    models = { binary: await frozen('ftbnn-tiny-cifar10'), dynamic: await frozen('dydensenet-tiny-cifar10') };
  });
  afterEach(async () => {
    for (const opened of open.splice(0).reverse()) await opened.close();
  });
  afterAll(async () => {
    await browser?.close();
    fs.rmSync(folder, { recursive: true, force: true });
  });

  it.each(['binary', 'dynamic'] as const)(
    'gives the bits that Node gives (%s), with one thread and with two, plain and relaxed',
    async (name) => {
      const { page } = await visit({ isolated: true });
      for (const relaxedSimd of ['off', 'on'] as const) {
        const here = await answerInNode(models[name], relaxedSimd);
        for (const threads of [1, 2]) {
          // Chromium has relaxed SIMD, so that there `on` sets no flag.
          const there = await ask(page, `/models/${name}`, { threads, relaxedSimd });
          expect(there.facts.engine.threads).toBe(threads);
          expect(there.facts.engine.build).toBe(here.build.replace('.wasm', threads > 1 ? '-threads.wasm' : '.wasm'));
          expect({ shape: there.shape, bits: there.bits }).toEqual({ shape: here.shape, bits: here.bits });
        }
      }
    },
  );

  it('downloads its code and one build of the kernels, from nowhere else, under a strict policy', async () => {
    const { page, site, requests } = await visit({ isolated: true });
    await ask(page, '/models/binary', { threads: 2 });
    expect([...site.requests].sort()).toEqual(
      [
        '/index.html',
        '/page.js',
        '/models/binary',
        ...['runtime.js', 'runtime-worker.js', 'runtime-thread.js', 'gossamer-runtime-relaxed-threads.wasm'].map(
          (file) => `/package/dist/browser/${file}`,
        ),
      ].sort(),
    );
    expect(requests.filter((url) => !url.startsWith(site.origin) && !url.startsWith('data:'))).toEqual([]);
    expect(await page.evaluate('violations')).toEqual([]);
  });

  it('says why it has no threads in a page that is not isolated', async () => {
    const { page } = await visit({});
    const { facts } = await ask(page, '/models/binary', { threads: 2 });
    expect(facts.engine).toMatchObject({
      threads: 1,
      build: 'gossamer-runtime-relaxed.wasm',
      host: expect.stringMatching(/^Chrome \d/),
    });
    expect(facts.engine.features).toContainEqual({
      name: 'threads',
      on: false,
      why: expect.stringMatching(/cross-origin isolated: COOP same-origin and COEP require-corp/),
    });
  });

  it('answers on once it is loaded, its server gone', async () => {
    const { page, site } = await visit({ isolated: true });
    const bits = await page.evaluate(async () => {
      const { runtime } = globalThis as unknown as PageGlobals;
      const model = await runtime.load('/models/binary', { threads: 2 });
      Object.assign(globalThis, { model });
      return [...new Int32Array((await model.run({ data: new Uint8Array(3072), width: 32, height: 32 })).data.buffer)];
    });
    await site.close();
    const again = await page.evaluate(async () => {
      const { model } = globalThis as unknown as { model: import('../../src/runtime/index.js').RuntimeModel };
      return [...new Int32Array((await model.run({ data: new Uint8Array(3072), width: 32, height: 32 })).data.buffer)];
    });
    expect(again).toEqual(bits);
  });

  it('holds many models at once, answers calls made at once, and fails those that wait when it is disposed of', async () => {
    const { page } = await visit({ isolated: true });
    const result = await page.evaluate(async () => {
      const { runtime } = globalThis as unknown as PageGlobals;
      const image = (value: number) => ({ data: new Uint8Array(3072).fill(value), width: 32, height: 32 });
      const bytes = new Uint8Array(await (await fetch('/models/binary')).arrayBuffer());
      const around = new Uint8Array(bytes.length + 7);
      around.set(bytes, 3);
      const loaded = await Promise.all(
        ['/models/binary', bytes, bytes.buffer, around.subarray(3, 3 + bytes.length)].map((source) => runtime.load(source)),
      );
      const alone = [];
      for (const value of [1, 100, 200]) alone.push(await loaded[0]!.run(image(value)));
      const asked = loaded.flatMap((model) => [1, 100, 200].map((value) => model.run(image(value))));
      const steps = (await loaded[0]!.profile(image(3), 2)).length;
      const answers = await Promise.all(asked);
      const waiting = loaded[0]!.run(image(1)).catch((error: Error) => error.name);
      for (const model of loaded) model.dispose();
      const late = await loaded[0]!.run(image(1)).catch((error: Error) => error.name);
      return {
        alone: alone.map(({ data }) => [...data]),
        answers: answers.map(({ data }) => [...data]),
        steps,
        waiting: await waiting,
        left: bytes.length,
        late,
      };
    });
    expect(result.alone[1]).not.toEqual(result.alone[0]);
    for (let model = 0; model < 4; model++) expect(result.answers.slice(3 * model, 3 * model + 3)).toEqual(result.alone);
    expect(result).toMatchObject({ left: models.binary.length, waiting: 'LifetimeError', late: 'LifetimeError' });
    expect(result.steps).toBeGreaterThan(10);
  });

  it('takes whatever a browser draws, of any size, and names what is on it as Node does', async () => {
    const { page } = await visit({});
    const SIZE = 47;
    const bytes = Uint8Array.from({ length: SIZE * SIZE * 4 }, (_, i) => (i % 4 === 3 ? 255 : (i * i) % 253));
    const inPage = await page.evaluate(
      async ([size, data]) => {
        const { runtime } = globalThis as unknown as PageGlobals;
        const model = await runtime.load('/models/binary', { relaxedSimd: 'off' });
        const image = new ImageData(Uint8ClampedArray.from(data), size, size);
        const offscreen = new OffscreenCanvas(size, size);
        offscreen.getContext('2d')!.putImageData(image, 0, 0);
        const canvas = Object.assign(document.createElement('canvas'), { width: size, height: size });
        canvas.getContext('2d')!.putImageData(image, 0, 0);
        const bitmap = await createImageBitmap(image);
        const frame = new VideoFrame(offscreen, { timestamp: 0 });
        const answers = [];
        for (const drawn of [image, offscreen, canvas, bitmap, frame]) answers.push(await model.classify(drawn, { top: 2 }));
        answers.push(await model.classify(bitmap, { top: 2, transfer: [bitmap] }));
        const list = await model.classify([image, canvas], { top: 2 });
        return { answers, list, emptied: bitmap.width };
      },
      [SIZE, [...bytes]] as const,
    );
    const model = await load(models.binary, { relaxedSimd: 'off' });
    const expected = await model.classify({ data: bytes, width: SIZE, height: SIZE }, { top: 2 });
    model.dispose();
    expect(inPage.answers).toEqual(Array(6).fill(expected));
    expect(inPage.list).toEqual([expected[0], expected[0]]);
    expect(inPage.emptied).toBe(0);
  });

  it('copies images, or takes over what it is handed', async () => {
    const { page } = await visit({});
    const left = await page.evaluate(async () => {
      const { runtime } = globalThis as unknown as PageGlobals;
      const model = await runtime.load('/models/binary');
      const size = { width: 32, height: 32 };
      const whole = new Uint8Array(5000).map((_, i) => i);
      const part = { data: whole.subarray(100, 100 + 3072), ...size };
      const copied = await model.run(part);
      const given = { data: part.data.slice(), ...size };
      const handed = await model.run(given, { transfer: [given.data.buffer] });
      const canvas = new OffscreenCanvas(32, 32).getContext('2d')!.getImageData(0, 0, 32, 32);
      const drawn = await model.run(canvas);
      return {
        whole: whole.length,
        given: given.data.length,
        drawn: drawn.shape,
        copied: [...copied.data],
        handed: [...handed.data],
      };
    });
    expect(left).toMatchObject({ whole: 5000, given: 0, drawn: [1, 10] });
    expect(left.handed).toEqual(left.copied);
  });

  it('throws the errors of the runtime, with their classes and fields', async () => {
    const changed = models.binary.slice();
    changed[changed.length - 1]! ^= 1;
    const { page, site } = await visit({ places: { '/models/changed': changed } });
    expect(await failure(page, '/models/changed')).toMatchObject({
      name: 'FormatError',
      isNamed: true,
      fields: { code: 'FORMAT', file: `${site.origin}/models/changed`, reason: 'wrong-digest' },
    });
    expect(await failure(page, 'absent.safetensors')).toMatchObject({
      name: 'FormatError',
      fields: { file: `${site.origin}/absent.safetensors`, reason: 'not-found' },
    });
    expect(await failure(page, '/models/binary', { threads: 0 })).toMatchObject({
      name: 'ConfigError',
      fields: { key: 'threads' },
    });
    expect(await failure(page, 'http://[')).toMatchObject({ name: 'ConfigError', fields: { key: 'source' } });
    expect(await failure(page, '/models/binary', { files: 'http://[' })).toMatchObject({ fields: { key: 'files' } });
    expect(await failure(page, '/models/binary', { files: '/nowhere' })).toMatchObject({
      name: 'FormatError',
      isNamed: true,
      fields: { reason: 'not-found' },
      message: expect.stringMatching(/one folder of the page's own origin/),
    });
    const refusals = await page.evaluate(async () => {
      const { runtime } = globalThis as unknown as PageGlobals;
      const model = await runtime.load('/models/binary');
      const refused = (images: unknown, transfer?: unknown) =>
        model.run(images as never, { transfer: transfer as never }).catch((error: Error) => error.name);
      const size = { width: 32, height: 32 };
      return [
        await refused({ data: new Uint8Array(3), width: 2, height: 1 }),
        await refused({ data: () => 1, ...size }),
        await refused({ data: new Uint8Array(3072), ...size }, ['no buffer']),
      ];
    });
    expect(refusals).toEqual(['ShapeError', 'ShapeError', 'ShapeError']);
  });

  it('needs no content type of its kernels, but a policy that allows them', async () => {
    const { page } = await visit({ types: { '.wasm': 'application/octet-stream' } });
    expect((await ask(page, '/models/binary')).shape).toEqual([1, 10]);
    const strict = await visit({ policy: "default-src 'self'; img-src data:" });
    expect(await failure(strict.page, '/models/binary')).toMatchObject({
      name: 'UnsupportedError',
      message: expect.stringMatching(/'wasm-unsafe-eval'/),
    });
  });

  it('tells when a compute thread is lost, or cannot be loaded', async () => {
    const files = path.join(installed.place, 'dist', 'browser');
    const thread = fs.readFileSync(path.join(files, 'runtime-thread.js'), 'utf8');
    // It ends in the middle of its first task, without a word to those who wait for it.
    const dying = `
      const exchange = Atomics.compareExchange;
      Atomics.compareExchange = (...place) => {
        const found = exchange(...place);
        if (found !== place[2]) return found;
        Atomics.store = Atomics.notify = () => {};
        self.close();
        throw new Error('out of luck');
      };`;
    const { page } = await visit({
      isolated: true,
      places: {
        '/dying/': files,
        '/dying/runtime-thread.js': new TextEncoder().encode(dying + thread),
        '/lacking/': files,
        '/lacking/runtime-thread.js': new TextEncoder().encode('throw new Error("not here");'),
      },
    });
    const lost = await page.evaluate(async () => {
      const { runtime } = globalThis as unknown as PageGlobals;
      const model = await runtime.load('/models/dynamic', { threads: 2, files: '/dying' });
      const images = Array.from({ length: 16 }, () => ({ data: new Uint8Array(3072), width: 32, height: 32 }));
      for (let run = 0; run < 100; run++) {
        try {
          await model.run(images);
        } catch (error) {
          return { isNamed: error instanceof runtime.EngineError, message: (error as Error).message };
        }
      }
      return null;
    });
    expect(lost).toEqual({ isNamed: true, message: expect.stringMatching(/a compute thread ended before its task was done/) });
    expect(await failure(page, '/models/binary', { threads: 2, files: '/lacking' })).toMatchObject({
      name: 'FormatError',
      fields: { file: 'runtime-thread.js', reason: 'not-found' },
    });
  });

  it('tells when the worker of a model is lost', async () => {
    const files = path.join(installed.place, 'dist', 'browser');
    const worker = fs.readFileSync(path.join(files, 'runtime-worker.js'), 'utf8');
    const ending = `addEventListener('message', (event) => {
      if (event.data.question.kind !== 'run') return;
      event.stopImmediatePropagation();
      close();
    });`;
    const { page } = await visit({
      places: { '/ending/': files, '/ending/runtime-worker.js': new TextEncoder().encode(ending + worker) },
    });
    const errors = await page.evaluate(async () => {
      const { runtime } = globalThis as unknown as PageGlobals;
      const model = await runtime.load('/models/binary', { files: '/ending/' });
      const asked = [1, 2].map(() => model.run({ data: new Uint8Array(3072), width: 32, height: 32 }));
      const failures = (await Promise.allSettled(asked)) as PromiseRejectedResult[];
      const late = await model.profile([]).catch((error: Error) => error);
      return [...failures.map(({ reason }) => reason), late].map((error) =>
        error instanceof runtime.EngineError ? error.where : error,
      );
    });
    expect(errors).toEqual(Array(3).fill("the model's worker"));
  });

  it('is found by a bundler under its name, workers and kernels too', async () => {
    const app = path.join(folder, 'app');
    fs.mkdirSync(app);
    fs.writeFileSync(path.join(app, 'index.html'), '<!doctype html><script type="module" src="main.js"></script>');
    fs.writeFileSync(path.join(app, 'main.js'), "import * as runtime from 'gossamer/runtime'; globalThis.runtime = runtime;");
    await build({ root: app, configFile: false, logLevel: 'error' });
    const { page, site } = await visit({ isolated: true, places: { '/': path.join(app, 'dist') } });
    const there = await ask(page, '/models/binary', { threads: 2, relaxedSimd: 'off' });
    const here = await answerInNode(models.binary, 'off');
    expect(there.bits).toEqual(here.bits);
    expect(site.requests.filter((request) => request.startsWith('/package'))).toEqual([]);
  });
});

interface PageGlobals {
  readonly runtime: typeof import('../../src/runtime/index.js');
}

interface Visit {
  readonly page: Page;
  readonly site: Site;
  /** Addresses of all that the browser asked for. */
  readonly requests: readonly string[];
}

/** A site with the package, the models and the page, and a browser that looks at it. */
async function visit({ places, ...options }: Partial<SiteOptions>): Promise<Visit> {
  const site = await openSite({
    policy: STRICT_POLICY,
    places: {
      '/': path.join(root, 'test/runtime/pages'),
      '/package/': installed.place,
      '/models/binary': models.binary,
      '/models/dynamic': models.dynamic,
      ...places,
    },
    ...options,
  });
  open.push(site);
  const context: BrowserContext = await browser.newContext();
  open.push(context);
  const requests: string[] = [];
  context.on('request', (request) => requests.push(request.url()));
  const page = await context.newPage();
  await page.goto(`${site.origin}/index.html`);
  await page.waitForFunction('globalThis.runtime');
  return { page, site, requests };
}

/** The same picture everywhere. */
function pixels() {
  return { data: Uint8Array.from({ length: SIDE * SIDE * 3 }, (_, i) => (i * i) % 251), width: SIDE, height: SIDE };
}

async function answerInNode(file: Uint8Array, relaxedSimd: 'on' | 'off') {
  const model = await load(file, { threads: 1, relaxedSimd });
  const { shape, data } = await model.run(pixels());
  const build = model.facts.engine.build!;
  model.dispose();
  return { shape, bits: [...new Int32Array(data.buffer)], build };
}

function ask(page: Page, source: string, options: object = {}): Promise<Answered> {
  return page.evaluate(
    async ([address, choice, picture]) => {
      const { runtime } = globalThis as unknown as PageGlobals;
      const model = await runtime.load(address, choice);
      const { shape, data } = await model.run({ ...picture, data: Uint8Array.from(picture.data) });
      const { facts } = model;
      model.dispose();
      return { shape, bits: [...new Int32Array(data.buffer)], facts };
    },
    [source, options, { ...pixels(), data: [...pixels().data] }] as const,
  );
}

function failure(page: Page, source: string, options: object = {}): Promise<Failed | null> {
  return page.evaluate(
    async ([address, choice]) => {
      const { runtime } = globalThis as unknown as PageGlobals;
      try {
        (await runtime.load(address, choice)).dispose();
        return null;
      } catch (error) {
        const { name, message, stack: _, ...fields } = error as Error;
        return { name, message, fields, isNamed: error instanceof runtime.GossamerError && error instanceof Error };
      }
    },
    [source, options] as const,
  );
}
