import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Installed, installPackage, linkDependencies, root } from './package.js';
import { frozen } from './runtime/frozen.js';

/** Runs a program that imports the package by its name, as a user's would. */
function run(program: string, cwd = root): unknown {
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
    cwd,
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  return JSON.parse(stdout);
}

/** Names that a file for pages exports. */
function exportsOf(file: string): string[] {
  const page = fs.readFileSync(path.join(root, 'dist/browser', file), 'utf8');
  const [, exported] = /export\{([^}]*)\};?\s*$/.exec(page)!;
  return exported!.split(',').map((name) => name.replace(/^.* as /, ''));
}

describe('entry points of the package', () => {
  it('gossamer has what runs anywhere', () => {
    const names = run(`console.log(JSON.stringify(Object.keys(await import('gossamer'))))`);
    expect(names).toEqual(
      expect.arrayContaining([
        'createEngine',
        'createModel',
        'Conv2d',
        'Tensor',
        'ops',
        'summarize',
        'decodeSafetensors',
        'GossamerError',
      ]),
    );
    expect(names).not.toContain('train');
  });

  it.each([
    ['gossamer', 'dist/index.js', ['fflate', 'zod']],
    ['gossamer/runtime', 'dist/runtime/index.js', []],
    ['gossamer/pad', 'dist/pad/detector/index.js', []],
  ])('%s imports nothing of Node before an engine is made, and only packages that run anywhere', (_name, entry, packages) => {
    const outside = new Set<string>();
    const seen = new Set<string>();
    const visit = (file: string) => {
      if (seen.has(file)) return;
      seen.add(file);
      for (const [, specifier] of fs.readFileSync(file, 'utf8').matchAll(/^(?:import|export) [\w\s{},*]*from '([^']+)';$/gm)) {
        if (specifier!.startsWith('.')) visit(path.resolve(path.dirname(file), specifier!));
        else outside.add(specifier!);
      }
    };
    visit(path.join(root, entry));
    expect(seen.size).toBeGreaterThan(20);
    expect([...outside].sort()).toEqual(packages);
  });

  it('gossamer/pad has what a page needs', () => {
    const names = run(`console.log(JSON.stringify(Object.keys(await import('gossamer/pad'))))`) as string[];
    expect(names.filter((name) => !name.endsWith('Error'))).toEqual(['createDetector']);
    expect(exportsOf('pad.js')).toEqual(names);
  });

  it('gossamer/runtime has what a page needs', () => {
    const names = run(`console.log(JSON.stringify(Object.keys(await import('gossamer/runtime'))))`) as string[];
    expect(names.filter((name) => !name.endsWith('Error'))).toEqual(['load']);
    expect(exportsOf('runtime.js')).toEqual(names);
  });

  it('gossamer/node has all of it: a network learns, judges itself and answers', () => {
    const result = run(`
      import { createEngine, createModel, evaluate, fashionMnistSample, openSource, recipes, train } from 'gossamer/node';
      const engine = await createEngine({ threads: 1 });
      const model = createModel('ftbnn-tiny', { engine, seed: 1 });
      const recipe = { ...recipes['ftbnn-tiny-fashion'], epochs: 2, batchSize: 20 };
      recipe.data = { ...recipe.data, trainImages: 300 };
      const { epochs } = await train({ model, recipe });
      const source = await openSource(fashionMnistSample(), { split: 'test' });
      const indices = Array.from({ length: 100 }, (_, i) => i);
      const { top1, count } = await evaluate({ model, source, indices, transforms: recipe.transforms.evaluate });
      console.log(JSON.stringify({ losses: epochs.map(({ trainLoss }) => trainLoss), top1, count }));
      engine.dispose();
    `) as { losses: number[]; top1: number; count: number };
    expect(result.count).toBe(100);
    expect(result.losses[1]).toBeLessThan(0.9 * result.losses[0]!);
    // Ten classes: guessing gives 0.1.
    expect(result.top1).toBeGreaterThan(0.25);
  });
});

describe('the packed package', () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'gossamer-packed-'));
  afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));
  let installed: Installed;
  beforeAll(() => {
    installed = installPackage(folder);
  });

  it('answers for a packed model with no dependency beside it, in silence', async () => {
    fs.writeFileSync(path.join(folder, 'model.safetensors'), await frozen('ftbnn-tiny-cifar10'));
    const result = run(
      `
      import { load } from 'gossamer/runtime';
      const model = await load(new URL('file://${folder}/model.safetensors'), { threads: 2 });
      const { shape } = await model.run({ data: new Uint8Array(32 * 32 * 3), width: 32, height: 32 });
      console.log(JSON.stringify({ shape, build: model.facts.engine.build }));
      model.dispose();
    `,
      folder,
    );
    expect(result).toEqual({ shape: [1, 10], build: expect.stringMatching(/^gossamer-runtime(-relaxed)?-threads\.wasm$/) });
  });

  it('holds what it needs and nothing that only the build needs, and runs in silence', () => {
    const { place, files } = installed;
    linkDependencies(folder);
    for (const build of ['gossamer', 'gossamer-threads', 'gossamer-relaxed', 'gossamer-relaxed-threads']) {
      expect(files).toContain(`dist/kernels/${build}.wasm`);
      expect(files).toContain(`dist/browser/${build.replace('gossamer', 'gossamer-runtime')}.wasm`);
    }
    const strange = files.filter(
      (file) => !/^(dist\/.+\.(js|js\.map|d\.ts|wasm)|assets\/.+|LICENSE|README\.md|package\.json)$/.test(file),
    );
    expect(strange).toEqual([]);
    const result = run(
      `
      import { createEngine, ops, Tensor } from 'gossamer';
      import { fashionMnistSample, openSource } from 'gossamer/node';
      const engine = await createEngine({ threads: 2 });
      const sum = ops.sum(Tensor.full(engine, [1000, 1000], 1)).item();
      engine.dispose();
      const { length } = await openSource(fashionMnistSample(), { split: 'test' });
      console.log(JSON.stringify({ sum, length }));
    `,
      folder,
    );
    expect(result).toEqual({ sum: 1e6, length: 2000 });
    const version = execFileSync(process.execPath, [path.join(place, 'dist/cli/main.js'), '--version'], { encoding: 'utf8' });
    expect(version.trim()).toMatch(/^\d+\.\d+\.\d+$/);
  });
});
