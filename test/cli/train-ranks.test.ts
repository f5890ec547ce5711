import fs from 'node:fs';
import path from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { mpirun, skipsMpi } from '../jobs/mpi/mpirun.js';
import { gossamer, main, scratchFolder, tinyTraining } from './gossamer.js';

function trainOn(ranks: number, words: readonly string[]) {
  return mpirun(ranks, [main, 'train', ...words]);
}

describe.skipIf(skipsMpi)('gossamer train under mpirun', () => {
  it('is one run, which rank 0 alone tells of', () => {
    const out = path.join(scratchFolder(), 'run');
    const { status, stdout, stderr } = trainOn(2, [...tinyTraining, '--batch-norm=local', '--json', `--out=${out}`]);
    expect([status, stderr]).toEqual([0, '']);
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { kind: string; step?: number });
    expect(lines.filter(({ kind }) => kind === 'step').map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(lines.filter(({ kind }) => kind === 'summary')).toHaveLength(1);
    const { recipe } = JSON.parse(fs.readFileSync(path.join(out, 'config.json'), 'utf8')) as { recipe: object };
    expect(recipe).toMatchObject({ batchNorm: 'local' });
  });

  it('ends all ranks when one cannot read a picture, says which rank and picture, and keeps the checkpoint', async () => {
    const data = scratchFolder();
    for (const [name, value] of [
      ['dark', 40],
      ['light', 200],
    ] as const) {
      fs.mkdirSync(path.join(data, 'train', name), { recursive: true });
      const png = await sharp({ create: { width: 28, height: 28, channels: 3, background: { r: value, g: value, b: value } } })
        .png()
        .toBuffer();
      // Whole enough to be opened, not to be read.
      const cut = png.subarray(0, png.length - 30);
      for (let i = 0; i < 4; i++)
        fs.writeFileSync(path.join(data, 'train', name, `${i}.png`), name === 'light' && i === 3 ? cut : png);
    }
    const out = path.join(scratchFolder(), 'run');
    // By this seed the picture is in the second half of the only batch.
    const small = [
      '--seed=7',
      '--epochs=1',
      '--set=validation.count=0',
      '--set=data.trainImages=null',
      '--set=data.testImages=null',
    ];
    const sizes = ['--set=batchSize=8', '--set=data.size=28', '--set=data.channels=1'];
    const words = ['ftbnn-tiny-fashion', '--data', data, '--out', out, ...small, ...sizes];
    const { status, stderr } = trainOn(2, words);
    expect(status).not.toBe(0);
    expect(stderr).toMatch(/^rank 1: gossamer: .*light\/3\.png/m);
    expect(fs.existsSync(path.join(out, 'last.safetensors'))).toBe(true);
  });
});

describe('gossamer train --ranks mpi', () => {
  it.each([
    ['/nowhere/libmpi.so.40', "Open MPI's library was not found"],
    // A library that is there, and no MPI.
    [process.platform === 'darwin' ? 'libSystem.dylib' : 'libc.so.6', 'is not Open MPI 4 or 5'],
  ])('with %s says what is missing, and leaves nothing behind', (library, text) => {
    const out = path.join(scratchFolder(), 'run');
    const words = ['train', ...tinyTraining, '--ranks=mpi', `--out=${out}`];
    const { status, stdout, stderr } = gossamer(words, { env: { GOSSAMER_MPI_LIBRARY: library } });
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toContain(text);
    expect(stderr).toContain('GOSSAMER_MPI_LIBRARY=');
    expect(fs.existsSync(out)).toBe(false);
  });
});
