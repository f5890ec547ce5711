import fs from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { decodePackedModel } from '../../src/formats/packed/model.js';
import { encodePng } from '../../src/formats/png.js';
import { bulkRuns } from '../../src/jobs/bulk.js';
import { scoreKind } from '../../src/jobs/kinds/score.js';
import { load } from '../../src/runtime/index.js';
import { gossamer, scratchFolder } from '../cli/gossamer.js';
import { frozen } from '../runtime/frozen.js';
import { digestsOf } from './helpers.js';

const SIDE = 40;
const PICTURES = 7;
const folder = scratchFolder();
const model = path.join(scratchFolder(), 'model.safetensors');

const picture = (seed: number) => ({
  width: SIDE,
  height: SIDE,
  data: Uint8Array.from({ length: SIDE * SIDE * 3 }, (_, i) => (seed * 31 + i * (seed + 3)) % 256),
});

beforeAll(async () => {
  fs.writeFileSync(model, await frozen('ftbnn-tiny-cifar10'));
  fs.mkdirSync(path.join(folder, 'inner, more'));
  for (let i = 0; i < PICTURES; i++) fs.writeFileSync(path.join(folder, 'inner, more', `${i}.png`), encodePng(picture(i)));
  fs.writeFileSync(path.join(folder, 'broken.jpg'), 'no picture');
});

describe('gossamer score-all', () => {
  it('answers for every picture as the runtime does, and tells of those that cannot be read', async () => {
    const out = scratchFolder();
    const { status, stdout } = gossamer(['score-all', model, '--folder', folder, '--chunk', '3', '--out', out, '--json']);
    expect(status).toBe(0);
    const events = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { kind: string });
    expect(events.filter(({ kind }) => kind === 'run')).toHaveLength(3);
    expect(events.at(-1)).toMatchObject({ kind: 'end', tasks: 3, missing: 0, scored: PICTURES, unreadable: 1 });

    const lines = fs.readFileSync(path.join(out, 'scores.csv'), 'utf8').trim().split('\n');
    expect(lines[0]).toBe('file,label,name,score,problem');
    expect(lines[1]).toMatch(/^broken\.jpg,,,,.*it does not decode as a picture/);
    const runtime = await load(fs.readFileSync(model));
    for (let i = 0; i < PICTURES; i++) {
      const [[best]] = (await runtime.classify(picture(i))) as [[{ label: number; name: string; score: number }]];
      expect(lines[2 + i]).toBe(`"inner, more/${i}.png",${best.label},${best.name},${best.score.toFixed(6)},`);
    }
    runtime.dispose();
  });

  it('gives the same files in shards, from a list', () => {
    const list = path.join(folder, 'list.txt');
    fs.writeFileSync(list, Array.from({ length: PICTURES }, (_, i) => `inner, more/${i}.png\n`).join(''));
    const words = ['score-all', model, '--list', list, '--chunk', '2', '--out'];
    const [whole, parts] = [scratchFolder(), scratchFolder()];
    expect(gossamer([...words, whole]).status).toBe(0);
    expect(gossamer([...words, parts, '--on', 'shard', '--shard', '1/2']).stdout).toContain('2 of 4 tasks missing');
    expect(gossamer([...words, parts, '--on', 'shard', '--shard', '2/2']).status).toBe(0);
    expect(digestsOf(path.join(parts, 'results'))).toEqual(digestsOf(path.join(whole, 'results')));
    expect(fs.readFileSync(path.join(parts, 'scores.csv'))).toEqual(fs.readFileSync(path.join(whole, 'scores.csv')));
  });

  it('lets a picture take what it is told, and no more', async () => {
    const { digest } = await decodePackedModel(fs.readFileSync(model), model);
    const files = ['inner, more/0.png'];
    const scored = async (memoryPerImage: number) => {
      const [run] = await bulkRuns({ model: { file: model, digest }, folder, files, chunk: 1, memoryPerImage });
      const places = { work: scratchFolder(), out: scratchFolder() };
      const signal = new AbortController().signal;
      return scoreKind({
        model,
        threads: 1,
        memoryPerImage,
        signal,
        log: () => {},
        onProgress: () => {},
        ...run!.order,
        ...places,
      });
    };
    expect(await scored(2 ** 20)).toEqual({ pictures: 1, unreadable: 0 });
    await expect(scored(1000)).rejects.toMatchObject({ reason: 'too-much-memory' });
    const words = ['score-all', model, '--folder', folder, '--memory-per-image'];
    const { stdout } = gossamer([...words, '1', '--out', scratchFolder()]);
    expect(stdout).toContain(`${PICTURES} pictures scored`);
    expect(gossamer([...words, '0']).status).toBe(2);
  });

  it('refuses what it cannot score', () => {
    expect(gossamer(['score-all', model]).stderr).toContain('say which pictures');
    expect(gossamer(['score-all', model, '--folder', scratchFolder()]).stderr).toContain('has no pictures');
    expect(gossamer(['score-all', path.join(folder, 'broken.jpg'), '--folder', folder]).status).toBe(1);
    const twice = path.join(folder, 'twice.txt');
    fs.writeFileSync(twice, 'a.png\na.png\n');
    expect(gossamer(['score-all', model, '--list', twice]).stderr).toContain('names a.png twice');
  });
});
