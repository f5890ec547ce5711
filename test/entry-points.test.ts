import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Runs a program that imports the package by its name, as a user's would. */
function run(program: string, cwd = root): unknown {
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
    cwd,
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  return JSON.parse(stdout);
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

  it('gossamer/runtime has what a page needs', () => {
    expect(run(`console.log(JSON.stringify(Object.keys(await import('gossamer/runtime'))))`)).toEqual(['load']);
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
  const installed = path.join(folder, 'node_modules', 'gossamer');
  afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

  /** As `npm install` of the tarball would leave it, with what the package declares beside it and nothing else. */
  function install(): string[] {
    const pack = ['pack', '--ignore-scripts', '--json', '--pack-destination', folder];
    const [packed] = JSON.parse(execFileSync('npm', pack, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
    fs.mkdirSync(installed, { recursive: true });
    execFileSync('tar', ['-xzf', path.join(folder, packed.filename), '-C', installed, '--strip-components', '1']);
    const { dependencies } = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8'));
    for (const name of Object.keys(dependencies)) {
      const place = path.join(folder, 'node_modules', name);
      fs.mkdirSync(path.dirname(place), { recursive: true });
      fs.symlinkSync(path.join(root, 'node_modules', name), place);
    }
    return packed.files.map((file: { path: string }) => file.path);
  }

  it('holds what it needs and nothing that only the build needs, and runs in silence', () => {
    const files = install();
    for (const build of ['gossamer', 'gossamer-threads', 'gossamer-relaxed', 'gossamer-relaxed-threads']) {
      expect(files).toContain(`dist/kernels/${build}.wasm`);
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
    const version = execFileSync(process.execPath, [path.join(installed, 'dist/cli/main.js'), '--version'], { encoding: 'utf8' });
    expect(version.trim()).toMatch(/^\d+\.\d+\.\d+$/);
  });
});
