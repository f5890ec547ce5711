import fs from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/config/parse.js';
import { runsOf, sweepSchema } from '../../src/jobs/sweep.js';
import { parseScores } from '../../src/pad/scores/index.js';
import { gossamer, scratchFolder } from '../cli/gossamer.js';

const folder = scratchFolder();
const out = path.join(folder, 'out');

const sweep = {
  recipe: 'cdcn-s',
  data: 'prepared',
  set: {
    ...{ epochs: 1, batchSize: 8, 'model.options.mapSize': 4 },
    ...{ 'transforms.train.0.size': 32, 'transforms.evaluate.0.size': 32 },
  },
  folds: { leaveOneSpeciesOut: 'all' },
};

interface End {
  readonly summary: readonly {
    readonly folds: readonly { readonly name: string; readonly means: Readonly<Record<string, number>> }[];
    readonly spreads: Readonly<Record<string, { readonly mean: number; readonly deviation: number | null }>>;
  }[];
}

/** The last line of what `--json` gives. */
const endOf = (text: string) => JSON.parse(text.trim().split('\n').at(-1)!) as End;

beforeAll(() => {
  fs.writeFileSync(path.join(folder, 'sweep.json'), JSON.stringify(sweep));
  for (const words of [
    ['pad', 'synthesize', '--drawn', '10', '--out', 'faces', '--size', '64'],
    ['pad', 'prepare', '--dataset', 'manifest', '--root', 'faces', '--out', 'prepared', '--size', '32'],
    ['sweep', 'sweep.json', '--out', out],
  ]) {
    expect(gossamer(words, { cwd: folder })).toMatchObject({ status: 0 });
  }
});

describe('a sweep over the folds of a protocol', () => {
  it('judges each by the species that it did not learn, as the evaluation of its scores does', () => {
    const [summary] = endOf(
      gossamer(['sweep', 'sweep.json', '--out', out, '--collect', '--json'], { cwd: folder }).stdout,
    ).summary;
    expect(summary!.folds.map(({ name }) => name)).toEqual(['cut-out', 'print', 'replay'].map((kind) => `all:leave-out.${kind}`));

    const results = fs.readFileSync(path.join(out, 'results.csv'), 'utf8').trim().split('\n').slice(1);
    const ids = results.map((line) => line.split(',')[0]!);
    const lines = ids.map((id, i) => {
      const file = path.join(out, 'results', id, 'scores-test.csv');
      const left = summary!.folds[i]!.name.split('.').at(-1);
      const { scores } = parseScores(file, fs.readFileSync(file));
      expect(new Set(scores.map(({ attackType }) => attackType))).toEqual(new Set([null, left]));
      const dev = fs.readFileSync(path.join(out, 'results', id, 'scores-dev.csv'), 'utf8');
      expect(dev).toContain('false,');
      expect(dev).not.toContain(`false,${left}`);
      return `fold ${i},results/${id}/scores-dev.csv,results/${id}/scores-test.csv\n`;
    });
    fs.writeFileSync(path.join(out, 'folds.csv'), `fold,dev,eval\n${lines.join('')}`);
    const { stdout } = gossamer(['pad', 'evaluate', '--folds', path.join(out, 'folds.csv'), '--json']);
    const { eval: rates } = (JSON.parse(stdout) as { summary: { eval: Record<string, { mean: number; deviation: number }> } })
      .summary;
    for (const [measure, rate] of Object.entries({ apcer_test: 'apcer_ap', bpcer_test: 'bpcer', acer_test: 'acer' })) {
      expect(summary!.spreads[measure]).toMatchObject({ mean: rates[rate]!.mean, deviation: rates[rate]!.deviation });
    }
  });

  it('ends with a row a fold, and mean and deviation', () => {
    const { stdout } = gossamer(['sweep', 'sweep.json', '--out', out], { cwd: folder });
    expect(stdout).toMatch(/fold +runs +APCER +BPCER +ACER/);
    expect(stdout).toMatch(/all:leave-out\.print +1 +\d+\.\d\d %/);
    expect(stdout).toMatch(/mean ± deviation +3( +\d+\.\d\d ± \d+\.\d\d %){3,5}/);
    expect(stdout).toContain('3 of 3 runs done');
    const [header, line] = fs.readFileSync(path.join(out, 'summary.csv'), 'utf8').trim().split('\n');
    expect(header).toMatch(/^runs,finished,folds,.*acer_test,acer_test_deviation/);
    expect(line).toMatch(/^3,3,3,/);
  });

  it('is refused where the protocol has no folds, or the faces are not prepared', async () => {
    const runs = (changes: object) => runsOf(parseConfig(sweepSchema, { ...sweep, ...changes }), folder);
    await expect(runs({ folds: { protocol: '3' } })).rejects.toThrow('the protocol 3 of');
    await expect(runs({ data: 'faces' })).rejects.toThrow('it is not prepared data');
    const parse = (folds: object) => () => parseConfig(sweepSchema, { ...sweep, folds });
    expect(parse({ protocl: '3' })).toThrow('folds.protocl: there is no such key. Did you mean "protocol"?');
    expect(parse({})).toThrow('needs either "protocol" or "leaveOneSpeciesOut"');
    expect(parse([{ name: 3 }])).toThrow('folds.0.name: got 3, needs a text');
    expect(parse([{ nam: 'a' }])).toThrow('folds.0.nam: there is no such key. Did you mean "name"?');
  });
});
