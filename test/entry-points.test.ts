import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Runs a program that imports the package by its name, as a user's would. */
function run(program: string): unknown {
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
    cwd: root,
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

  it('gossamer imports nothing of Node before an engine is made, and only packages that run anywhere', () => {
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
    visit(path.join(root, 'dist/index.js'));
    expect(seen.size).toBeGreaterThan(50);
    expect([...outside].sort()).toEqual(['fflate', 'zod']);
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
