import { describe, expect, it } from 'vitest';
import { parseCriterion } from '../../../src/metrics/attack-detection/index.js';
import { evaluateProtocol, evaluateScores, leaveOneSpeciesOut, type ThresholdRule } from '../../../src/pad/evaluation/index.js';
import { parseScores, type ScoreFile } from '../../../src/pad/scores/index.js';
import { evaluationPage, type Picture } from '../../../src/report/attack-detection/page.js';
import { probit } from '../../../src/report/attack-detection/probit.js';
import { protocolPage } from '../../../src/report/attack-detection/protocol-page.js';
import { formatEvaluation, formatProtocol } from '../../../src/report/attack-detection/text.js';
import { visibleWidth } from '../../../src/report/terminal.js';
import { madeUpScores } from '../../pad/made-up.js';

const rule: ThresholdRule = { kind: 'development-set', criterion: parseCriterion('eer'), text: 'eer' };

function made(file: string, people: readonly [number, number], seed: number): ScoreFile {
  return { file, sha256: `digest-of-${file}`, extraColumns: ['device', 'file'], scores: madeUpScores(people, seed) };
}

const dev = made('dev.csv', [1, 12], 1);
const test = made('test.csv', [13, 24], 2);
const evaluation = evaluateScores({ dev, evals: [test] }, rule, { by: 'device' });

/** A page that loads nothing, runs nothing, and has no number that is none. */
function expectStandsAlone(page: string): void {
  expect(page).toMatch(/^<!doctype html>/);
  expect(page).toContain(`content="default-src 'none'; style-src 'unsafe-inline'; img-src data:"`);
  expect(page).not.toMatch(/<script|<link|<iframe|@import|url\((?!#)|\son\w+=/i);
  const addresses = [...page.matchAll(/(?:src|href)="([^"]*)"/g)].map((match) => match[1]!);
  for (const address of addresses) expect(address).toMatch(/^(data:image\/|#)/);
  expect(page).not.toMatch(/NaN|undefined|null/);
}

describe('evaluationPage', () => {
  it('says what was judged and how, with every rate, group and definition', () => {
    const page = evaluationPage(evaluation, null);
    expectStandsAlone(page);
    for (const text of [
      'digest-of-dev.csv',
      'digest-of-test.csv',
      'chosen by eer on the development set dev.csv',
      'by bootstrap over subjects',
    ]) {
      expect(page).toContain(text);
    }
    for (const heading of [
      'Error rates',
      'By attack species',
      'eval by device',
      'Curves',
      'Scores',
      'Worst errors',
      'Definitions',
    ]) {
      expect(page).toContain(`<h2>${heading}</h2>`);
    }
    const { rates } = evaluation.evals[0]!;
    for (const rate of [rates.apcerAp, rates.bpcer, rates.acer, rates.hter, rates.eer, rates.bpcerAtApcer['1%']]) {
      expect(page).toContain(`>${(100 * rate!).toFixed(2)} %<`);
    }
    // Worst species and pooled of both sets, where the threshold is on each, and the axes.
    for (const label of ['dev, worst species', 'eval, pooled', 'threshold', 'bona fide', '0.1 %', 'BPCER']) {
      expect(page).toMatch(new RegExp(`<text[^>]*>${label}</text>`));
    }
  });

  it('takes names for what they are: text', () => {
    const hostile = '</style><script>alert(1)</script>\u001b[31m"&';
    const scores = test.scores.map((score) => ({
      ...score,
      attackType: score.attackType && hostile,
      testLabel: score.testLabel + hostile,
      extra: { device: hostile },
    }));
    const file = { ...test, file: hostile, scores, extraColumns: ['device'] };
    const judged = evaluateScores({ dev: null, evals: [file] }, { kind: 'given', threshold: 0.4 }, { by: 'device' });
    const page = evaluationPage(judged, null);
    expectStandsAlone(page);
    expect(page).toContain('&#60;script&#62;');
    expect(formatEvaluation(judged, { width: 80, color: false })).not.toContain('\u001b');
  });

  it('shows pictures where there are some, and says where one is missing', () => {
    const pictures = new Map(
      test.scores.map((score, i): [typeof score, Picture] => [
        score,
        i % 2 === 0 ? { kind: 'shown', url: 'data:image/jpeg;base64,AAAA' } : { kind: 'missing', why: 'it was lost' },
      ]),
    );
    const page = evaluationPage(evaluateScores({ dev: null, evals: [test] }, { kind: 'given', threshold: 0.4 }), pictures);
    expectStandsAlone(page);
    expect(page).toContain('<img alt="" src="data:image/jpeg;base64,AAAA">');
    expect(page).toContain('it was lost');
  });

  it('takes a species that is called as a method of objects for any other', () => {
    const [one, other] = ['constructor', 'print'].map((species) =>
      parseScores(`${species}.csv`, Buffer.from(`is_bonafide,attack_type,score\ntrue,,1\nfalse,${species},0\n`)),
    );
    const judged = evaluateScores({ dev: one!, evals: [other!] }, rule);
    expectStandsAlone(evaluationPage(judged, null));
    expect(formatEvaluation(judged, { width: 80, color: false })).toMatch(/^constructor +1 +0\.00 % .* +0 +–$/m);
  });

  it.each([
    ['no attack', 'true,,0.5\ntrue,,0.25'],
    ['no bona fide presentation', 'false,print,0.5'],
    ['nothing but failures', 'true,,nan\nfalse,print,nan'],
    ['infinite scores only', 'true,,inf\nfalse,print,-inf'],
    ['one score', 'true,,0.5\nfalse,print,0.5'],
    ['scores as far apart as numbers go', 'true,,1.7e308\nfalse,print,-1.7e308'],
  ])('copes with %s', (_, lines) => {
    const file = parseScores('small.csv', Buffer.from(`is_bonafide,attack_type,score\n${lines}\n`));
    for (const threshold of [0.3, Number.POSITIVE_INFINITY]) {
      const judged = evaluateScores({ dev: null, evals: [file] }, { kind: 'given', threshold });
      expectStandsAlone(evaluationPage(judged, null));
      expect(formatEvaluation(judged, { width: 80, color: false })).not.toMatch(/NaN|undefined|null/);
    }
  });
});

describe('protocolPage', () => {
  it('has mean, deviation, and every fold with its files', () => {
    const evaluated = evaluateProtocol('leave-one-species-out', leaveOneSpeciesOut({ dev, evals: [test] }), rule);
    const page = protocolPage(evaluated);
    expectStandsAlone(page);
    const { mean, deviation } = evaluated.summary.eval.acer!;
    expect(page).toContain(`${(100 * mean).toFixed(2)} ± ${(100 * deviation!).toFixed(2)} %`);
    for (const { name, threshold } of evaluated.folds) {
      expect(page).toContain(`<h3>${name}</h3>`);
      expect(page).toContain(`The threshold ${threshold} was chosen`);
    }
  });
});

describe('text for a terminal', () => {
  it.each([80, 100, 160])('fits %d columns', (width) => {
    const style = { width, color: true };
    const several = evaluateScores({ dev, evals: [test, made('other.csv', [30, 40], 3), made('far.csv', [50, 60], 4)] }, rule);
    const protocol = evaluateProtocol('leave-one-species-out', leaveOneSpeciesOut({ dev, evals: [test] }), rule);
    for (const text of [formatEvaluation(evaluation, style), formatEvaluation(several, style), formatProtocol(protocol, style)]) {
      for (const line of text.split('\n')) expect(visibleWidth(line), line).toBeLessThanOrEqual(width);
      expect(text).not.toContain('…');
    }
  });
});

describe('probit', () => {
  // Quantiles of the normal distribution, as tables have them.
  it.each([
    [0.5, 0],
    [0.975, 1.959963985],
    [0.001, -3.090232306],
    [0.9, 1.281551566],
    [0.02, -2.053748911],
  ])('of %d is %d', (share, quantile) => {
    expect(probit(share)).toBeCloseTo(quantile, 7);
  });
});
