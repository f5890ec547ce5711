import { describe, expect, it } from 'vitest';
import { gossamer } from './gossamer.js';

function json<T>(...words: string[]): T {
  const { status, stdout, stderr } = gossamer([...words, '--json']);
  expect([status, stderr]).toEqual([0, '']);
  return JSON.parse(stdout) as T;
}

describe('gossamer models', () => {
  it('lists the networks', () => {
    const models = json<{ name: string; parameters: number; pretrained: string[] }[]>('models');
    expect(models).toContainEqual(expect.objectContaining({ name: 'resnet20', parameters: 269_722 }));
    const { stdout } = gossamer(['models']);
    expect(stdout).toMatch(/resnet20 +32x32x3 +269,722/);
    const shipped = models.flatMap(({ pretrained }) => pretrained);
    expect(shipped).toContain('ftbnn-tiny-cifar10');
    for (const name of shipped) expect(stdout.replaceAll(/\s+/g, ' ')).toContain(name);
  });
});

describe('gossamer recipes', () => {
  it('lists what train knows', () => {
    const recipes = json<{ name: string; model: { name: string } }[]>('recipes');
    expect(recipes.map(({ name }) => name)).toContain('ftbnn-tiny-fashion');
    const { stdout } = gossamer(['recipes']);
    const [small, papers] = [stdout.indexOf('For one machine'), stdout.indexOf("The papers' own")];
    expect(stdout.indexOf('resnet20-cifar10')).toBeGreaterThan(small);
    expect(stdout.indexOf('resnet20-cifar10')).toBeLessThan(papers);
    expect(stdout.indexOf('dydensenet-imagenet')).toBeGreaterThan(papers);
  });
});

describe('gossamer summary', () => {
  it('gives layers and totals, at the asked size', () => {
    const summary = json<{ rows: unknown[]; totals: { macs: number; binaryMacs: number } }>(
      'summary',
      'bireal18',
      '--input=224x224x3',
    );
    expect(summary.rows.length).toBeGreaterThan(20);
    expect(summary.totals.binaryMacs / 1e6).toBeCloseTo(1676.3, 0);
    const small = json<{ totals: { macs: number } }>('summary', 'bireal18', '--input', '112x112x3');
    expect(small.totals.macs).toBeLessThan(summary.totals.macs / 3);
  });

  it('prints a table that fits, and what to compare with', () => {
    const { status, stdout } = gossamer(['summary', 'ftbnn-tiny']);
    expect(status).toBe(0);
    for (const line of stdout.split('\n')) expect(line.length, line).toBeLessThanOrEqual(100);
    expect(stdout).toContain('summary ftbnn-tiny-float --input 28x28x1');
  });
});

describe('gossamer doctor', () => {
  it('says what is on, what is off and why, and measures', () => {
    const facts = json<{
      threads: number;
      features: { name: string; on: boolean; why: string }[];
      sharp: { present: boolean };
      convolution: { gigaflops: number };
    }>('doctor', '--threads', '1', '--relaxed-simd', 'off');
    expect(facts.threads).toBe(1);
    expect(facts.features.find(({ name }) => name === 'threads')).toMatchObject({ on: false });
    expect(facts.features.find(({ name }) => name === 'relaxed-simd')).toMatchObject({ on: false });
    for (const { why } of facts.features) expect(why).not.toBe('');
    expect(facts.sharp.present).toBe(true);
    expect(facts.convolution.gigaflops).toBeGreaterThan(0);
  });

  it('reads well', () => {
    const { stdout } = gossamer(['doctor', '--threads', '2']);
    expect(stdout).toMatch(/^simd +on {3}/m);
    expect(stdout).toMatch(/^speed +[\d.]+ GFLOP\/s/m);
    expect(stdout).not.toContain('\u001b');
  });
});
