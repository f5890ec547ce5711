import fs from 'node:fs';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeScores } from '../../src/pad/scores/index.js';
import { madeUpScores } from '../pad/made-up.js';
import { gossamer, scratchFolder } from './gossamer.js';

const scratch = scratchFolder();
const evaluate = (...words: string[]) => gossamer(['pad', 'evaluate', ...words], { cwd: scratch });

interface SetDocument {
  readonly apcer: Record<string, number>;
  readonly bpcer: number;
  readonly acer: number;
  readonly apcer_ap: number;
}

beforeAll(async () => {
  await writeScores(path.join(scratch, 'dev.csv'), madeUpScores([1, 15], 1));
  await writeScores(path.join(scratch, 'test.csv'), madeUpScores([16, 35], 2));
  await writeScores(path.join(scratch, 'other.csv'), madeUpScores([36, 47], 3));
  fs.writeFileSync(path.join(scratch, 'folds.csv'), 'fold,dev,eval\none,dev.csv,test.csv\ntwo,dev.csv,other.csv\n');
});
afterAll(() => fs.rmSync(scratch, { recursive: true, force: true }));

describe('gossamer pad evaluate', () => {
  it('prints rates that fit the terminal, and what to do next', () => {
    const { status, stdout, stderr } = evaluate('--dev', 'dev.csv', '--eval', 'test.csv', '--by', 'device');
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^The threshold 0\.\d+ was chosen by eer on the development set dev\.csv\./);
    expect(stdout).toMatch(/^APCER, worst species +\d+\.\d\d % \(\d+\.\d to \d+\.\d\) +\d+\.\d\d % \(.*\n +mask +mask$/m);
    expect(stdout).toMatch(/^eval: device +\/ attacks {2}BPCER/m);
    expect(stdout).toContain('pad evaluate --dev dev.csv --eval test.csv --by device --out report');
    for (const line of stdout.split('\n').slice(0, -3)) expect(line.length, line).toBeLessThanOrEqual(100);
  });

  it('gives JSON whose rates the score file bears out', () => {
    const { status, stdout, stderr } = evaluate('--dev', 'dev.csv', '--eval', 'test.csv', '--criterion', 'bpcer20', '--json');
    expect([status, stderr]).toEqual([0, '']);
    const { threshold, dev, eval: judged } = JSON.parse(stdout) as { threshold: number; dev: SetDocument; eval: SetDocument };
    expect(dev.apcer_ap).toBeLessThanOrEqual(0.05);
    const scores = madeUpScores([16, 35], 2).filter(({ score }) => !Number.isNaN(score));
    const shareOf = (type: string | null, isError: (score: number) => boolean) => {
      const those = scores.filter(({ attackType }) => attackType === type);
      return those.filter(({ score }) => isError(score)).length / those.length;
    };
    expect(judged.bpcer).toBe(shareOf(null, (score) => score < threshold));
    for (const species of ['mask', 'print', 'replay']) {
      expect(judged.apcer[species]).toBe(shareOf(species, (score) => score >= threshold));
    }
    expect(judged.acer).toBe((Math.max(...Object.values(judged.apcer)) + judged.bpcer) / 2);
  });

  it('judges several sets, and folds, by one line each', () => {
    const several = evaluate('--threshold', '0.5', '--eval', 'test.csv', '--eval', 'other.csv', '--eval', 'dev.csv');
    expect(several.stdout).toMatch(/^eval 3 +\d/m);
    const folds = evaluate('--folds', 'folds.csv');
    expect(folds.stdout).toMatch(/^BPCER +\d+\.\d\d ± \d+\.\d\d % +\d+\.\d\d ± \d+\.\d\d %$/m);
    expect(folds.stdout).toMatch(/^two +0\.\d+ /m);
    const left = evaluate('--dev', 'dev.csv', '--eval', 'test.csv', '--protocol', 'leave-one-species-out', '--json');
    const document = JSON.parse(left.stdout) as { folds: { fold: string }[] };
    expect(document.folds.map(({ fold }) => fold)).toEqual(['mask', 'print', 'replay']);
  });

  it('says with every answer that a threshold comes from test data', () => {
    const words = ['--eval', 'test.csv', '--optimistic-threshold-from-test-data', '--out', 'optimistic'];
    expect(evaluate(...words).stdout).toMatch(/^Warning: The threshold was chosen \(eer\) on the test data/m);
    const { warnings } = JSON.parse(evaluate(...words, '--json').stdout) as { warnings: { code: string }[] };
    expect(warnings.map(({ code }) => code)).toContain('threshold-from-test-data');
    expect(fs.readFileSync(path.join(scratch, 'optimistic/index.html'), 'utf8')).toContain('The rates at it are optimistic');
  });

  it('writes a report that stands alone, with pictures of the worst errors', async () => {
    const pictures = path.join(scratch, 'pictures');
    fs.mkdirSync(pictures);
    for (const [name, background] of Object.entries({ mask: '#a33', live: '#3a3' })) {
      const picture = sharp({ create: { width: 30, height: 40, channels: 3, background } });
      await picture.png().toFile(path.join(pictures, `${name}.png`));
    }
    const words = ['--dev', 'dev.csv', '--eval', 'test.csv', '--out', 'report', '--images', 'pictures'];
    const { status, stdout, stderr } = evaluate(...words);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toContain(path.join('report', 'index.html'));
    const page = fs.readFileSync(path.join(scratch, 'report/index.html'), 'utf8');
    expect(page).toContain('<img alt="" src="data:image/jpeg;base64,');
    const document: unknown = JSON.parse(fs.readFileSync(path.join(scratch, 'report/evaluation.json'), 'utf8'));
    expect(document).toEqual(JSON.parse(evaluate(...words.slice(0, 4), '--json').stdout));
    const again = evaluate(...words);
    expect(again.status).toBe(0);
    expect(fs.readFileSync(path.join(scratch, 'report/index.html'), 'utf8')).toBe(page);
  });

  it.each([
    [['--dev', 'dev.csv', '--eval', 'dev.csv'], 'say --optimistic-threshold-from-test-data'],
    [['--eval', 'test.csv'], 'development set'],
    [['--dev', 'dev.csv'], 'nothing to judge'],
    [['--dev', 'dev.csv', '--eval', 'test.csv', '--criterion', 'acer'], 'not a way to choose a threshold'],
    [['--dev', 'dev.csv', '--eval', 'test.csv', '--by', 'devices'], 'Did you mean "device"?'],
    [['--dev', 'dev.csv', '--eval', 'nowhere.csv'], 'nowhere.csv: there is no such file'],
    [['--dev', 'dev.csv', '--eval', 'test.csv', '--images', 'pictures'], '--out'],
    [['--dev', 'dev.csv', '--eval', 'test.csv', '--out', 'dev.csv'], 'dev.csv: cannot be written'],
  ])('%j fails with %s', (words, text) => {
    const { status, stdout, stderr } = evaluate(...words);
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toContain(text);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  });
});
