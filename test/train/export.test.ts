import fs from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { createEngine } from '../../src/engine/index.js';
import { ConfigError } from '../../src/errors.js';
import { decodeSafetensors } from '../../src/formats/safetensors.js';
import { type Checkpoint, readCheckpoint, writeCheckpoint } from '../../src/train/checkpoint.js';
import { evaluate } from '../../src/train/evaluate.js';
import { exportWeights } from '../../src/train/export.js';
import { loadModel } from '../../src/train/model.js';
import { train } from '../../src/train/train.js';
import { runPath, stripes, stripesRecipe } from './helpers.js';

const recipe = stripesRecipe({ averageWeights: 0.5, data: { source: '/somewhere/on/this/machine' } });
let checkpoint: Checkpoint;

beforeAll(async () => {
  const folder = runPath();
  const { model, engine } = await train({ recipe, data: { train: stripes(240) }, run: folder, threads: 1 });
  model.dispose();
  engine.dispose();
  checkpoint = await readCheckpoint(path.join(folder, 'last.safetensors'));
});

async function judge(file: string): Promise<{ top1: number; loss: number }> {
  const engine = await createEngine({ threads: 1 });
  const { model } = await loadModel(file, engine);
  const { top1, loss } = await evaluate({ model, source: stripes(60, 7), transforms: recipe.transforms.evaluate });
  engine.dispose();
  return { top1, loss };
}

describe('exportWeights', () => {
  it('keeps what judges and drops what trains', async () => {
    const out = runPath();
    const { bytes, elements, largestRounding } = await exportWeights(checkpoint, out, { precision: 'full' });
    expect([checkpoint.optimizer.size > 0, checkpoint.average.size > 0]).toEqual([true, true]);
    expect(bytes).toBe(fs.statSync(out).size);
    expect(largestRounding).toBe(0);
    expect(Object.keys(elements)).toEqual(['F32']);

    const exported = await readCheckpoint(out);
    expect(exported).toMatchObject({ holds: 'weights', optimizer: new Map(), average: new Map(), model: checkpoint.model });
    expect(exported.weights).toEqual(new Map([...checkpoint.weights, ...checkpoint.average]));
    expect(await judge(out)).toEqual(await judge(checkpoint.path));
  });

  it('does not say where the data lay', async () => {
    const out = runPath();
    await exportWeights(checkpoint, out);
    expect(checkpoint.recipe.data.source).toBe('/somewhere/on/this/machine');
    expect(fs.readFileSync(out, 'latin1')).not.toContain('/somewhere');
  });

  it('stores 1-bit weights by their signs and other kernels as halves, which judge as the float ones do', async () => {
    const out = runPath();
    const { bytes, largestRounding } = await exportWeights(checkpoint, out);
    const { tensors } = decodeSafetensors(fs.readFileSync(out), out);
    const binary = [...tensors.values()].find(({ dtype }) => dtype === 'I8')!;
    expect(new Set(binary.data as Int8Array)).toEqual(new Set([-1, 1]));
    expect(new Set([...tensors.values()].map(({ dtype }) => dtype))).toEqual(new Set(['F16', 'F32', 'I8']));
    for (const { dtype, shape } of tensors.values()) if (shape.length < 2) expect(dtype).toBe('F32');
    expect(largestRounding).toBeGreaterThan(0);
    expect(largestRounding).toBeLessThanOrEqual(2 ** -11);
    expect(bytes).toBeLessThan(fs.statSync(checkpoint.path).size / 4);
    const [half, full] = [await judge(out), await judge(checkpoint.path)];
    expect(half.loss).toBeCloseTo(full.loss, 2);
    expect(half.top1).toBeCloseTo(full.top1, 1);
  });

  it('keeps sizes of 1-bit weights where they act', async () => {
    const scaled = runPath();
    const spec = { name: checkpoint.model!.name, options: { ...checkpoint.model!.options, scale: true } };
    await writeCheckpoint(scaled, { ...checkpoint, model: spec });
    const { elements } = await exportWeights(scaled, runPath());
    expect(elements['I8']).toBeUndefined();
  });

  it('refuses to write over a file, values that no half holds, and networks that it does not know', async () => {
    const out = runPath();
    fs.writeFileSync(out, 'mine');
    await expect(exportWeights(checkpoint, out)).rejects.toThrow(ConfigError);
    expect(fs.readFileSync(out, 'utf8')).toBe('mine');

    const [name, entry] = [...checkpoint.weights].find(([path]) => path.startsWith('stem') && path.endsWith('weight'))!;
    const huge = {
      ...checkpoint,
      weights: new Map([...checkpoint.weights, [name, { ...entry, data: entry.data.map(() => 7e4) }]]),
      average: new Map(),
    };
    const nowhere = runPath();
    await expect(exportWeights(huge, nowhere)).rejects.toThrow(`${name} holds 70000`);
    await expect(exportWeights({ ...checkpoint, model: null }, nowhere)).rejects.toThrow('network of your own');
    expect(fs.existsSync(nowhere)).toBe(false);
  });
});
