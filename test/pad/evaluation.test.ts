import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parseCriterion } from '../../src/metrics/attack-detection/index.js';
import {
  evaluateProtocol,
  evaluateScores,
  evaluationDocument,
  leaveOneSpeciesOut,
  protocolDocument,
  readFolds,
  type ThresholdRule,
  worstErrors,
} from '../../src/pad/evaluation/index.js';
import { parseScores, type ScoreFile, writeScores } from '../../src/pad/scores/index.js';
import { madeUpScores } from './made-up.js';

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'gossamer-evaluation-'));
afterAll(() => fs.rmSync(scratch, { recursive: true, force: true }));

const by = (text: string): ThresholdRule => ({ kind: 'development-set', criterion: parseCriterion(text), text });
const given = (threshold: number): ThresholdRule => ({ kind: 'given', threshold });

/** Lines of `subject species score`, with `live` for bona fide. */
function file(name: string, ...lines: string[]): ScoreFile {
  const rows = lines.map((line, i) => {
    const [subject, species, score, device] = line.split(' ');
    return [subject, `${name}-${i}`, species === 'live', species === 'live' ? '' : species, score, device ?? ''].join(',');
  });
  const text = ['claimed_id,test_label,is_bonafide,attack_type,score,device', ...rows].join('\n');
  return parseScores(name, Buffer.from(text));
}

const dev = file('dev.csv', 'a live 0.8', 'b live 0.6', 'a print 0.4', 'b print 0.1', 'a replay 0.2');
const test = file(
  'test.csv',
  'c live 0.9 x',
  'd live 0.45 y',
  'c print 0.55 x',
  'd print 0.2 y',
  'c replay 0.1 x',
  'd replay nan y',
);

describe('evaluateScores', () => {
  it('takes the threshold from the development set alone', () => {
    const { threshold, dev: onDev, evals } = evaluateScores({ dev, evals: [test] }, by('eer'));
    // All of dev is told apart: half way from 0.4 to 0.6.
    expect(threshold).toBeCloseTo(0.5, 12);
    expect(onDev!.rates).toMatchObject({ apcerAp: 0, bpcer: 0, eer: 0, auc: 1 });
    // Of test, 0.45 is rejected, 0.55 accepted, one replay of two was not answered.
    expect(evals[0]!.rates).toMatchObject({ apcer: { print: 1 / 2, replay: 0 }, apcerPooled: 1 / 3, bpcer: 1 / 2, fta: 1 / 6 });
    expect(evals[0]!.counts).toEqual({
      presentations: 6,
      bonafide: 2,
      attacks: 4,
      species: { print: 2, replay: 2 },
      unanswered: { bonafide: 0, attacks: 1 },
      subjects: 2,
    });
  });

  it('takes one that is given, with or without a development set', () => {
    expect(evaluateScores({ dev: null, evals: [test] }, given(0.3)).evals[0]!.rates.bpcer).toBe(0);
    expect(evaluateScores({ dev, evals: [test] }, given(0.3)).dev!.rates.apcer).toEqual({ print: 1 / 2, replay: 0 });
  });

  it('judges several sets by the same threshold', () => {
    const { evals } = evaluateScores({ dev, evals: [test, file('other.csv', 'e live 0.1', 'e mask 0.9')] }, by('eer'));
    expect(evals.map(({ rates }) => rates.acer)).toEqual([1 / 2, 1]);
  });

  it('refuses to choose the threshold on what it is judged by, unless it is told to; and then says so', () => {
    expect(() => evaluateScores({ dev: test, evals: [test] }, by('eer'))).toThrow(/--optimistic-threshold-from-test-data/);
    const rule = { ...by('eer'), kind: 'test-data' } as ThresholdRule;
    const { warnings, evals } = evaluateScores({ dev: null, evals: [test] }, rule);
    expect(warnings[0]).toMatchObject({
      code: 'threshold-from-test-data',
      message: expect.stringContaining('optimistic') as unknown,
    });
    // At 0.55 (half of the prints, half of the bona fide) or above 0.55 (none, half): pooled 1/3 is nearer to 1/2.
    expect(evals[0]!.rates.apcerPooled).toBe(1 / 3);
    expect(() => evaluateScores({ dev, evals: [test] }, rule)).toThrow(/chosen on one file/);
    expect(() => evaluateScores({ dev: null, evals: [test] }, by('eer'))).toThrow(/development set/);
  });

  it('warns of what makes rates say less than they seem to', () => {
    const codes = (...sets: [ScoreFile | null, ScoreFile]) =>
      evaluateScores({ dev: sets[0], evals: [sets[1]] }, given(0.5)).warnings.map(({ code }) => code);
    const people = (name: string, ...lines: string[]) => file(name, ...lines, ...lines);
    expect(codes(dev, test)).toEqual(['few-subjects', 'few-subjects']);
    expect(codes(dev, people('t.csv', 'a live 1', 'z print 0'))).toContain('shared-subjects');
    expect(codes(dev, { ...dev, sha256: 'other' })).toContain('shared-presentations');
    expect(codes(null, people('t.csv', 'a live 1'))).toContain('no-attacks');
    expect(codes(null, people('t.csv', 'a print 1'))).toContain('no-bona-fide');
    expect(codes(null, people('t.csv', 'a live 1', 'a print 1', 'a mask nan'))).toContain('unanswered-species');
    expect(codes(null, parseScores('t.csv', Buffer.from('is_bonafide,attack_type,score\n1,,1\n0,print,0\n')))).toEqual([
      'subjects-unknown',
    ]);
    expect(evaluateScores({ dev: null, evals: [test] }, given(Number.POSITIVE_INFINITY)).warnings[0]!.code).toBe(
      'infinite-threshold',
    );
  });

  it('judges groups by a column', () => {
    const { evals } = evaluateScores({ dev: null, evals: [test] }, given(0.5), { by: 'device' });
    const { x, y } = evals[0]!.groups!.values;
    expect(x!.rates).toMatchObject({ apcer: { print: 1, replay: 0 }, bpcer: 0, fta: 0 });
    expect(y!.rates).toMatchObject({ apcer: { print: 0, replay: null }, bpcer: 1, fta: 1 / 3 });
    expect(() => evaluateScores({ dev: null, evals: [test] }, given(0.5), { by: 'devise' })).toThrow(/Did you mean "device"/);
  });

  it('takes subjects from a column of that name before claimed_id', () => {
    const scores = test.scores.map((score, i) => ({ ...score, extra: { subject: `s${i % 3}` } }));
    expect(evaluateScores({ dev: null, evals: [{ ...test, scores }] }, given(0)).evals[0]!.counts.subjects).toBe(3);
  });
});

describe('evaluationDocument', () => {
  it('has the keys that are promised, whatever the number of sets', () => {
    const document = evaluationDocument(evaluateScores({ dev, evals: [test] }, by('bpcer20')));
    expect(document).toMatchObject({ threshold: 0.5, threshold_from: { kind: 'development-set', criterion: 'bpcer20' } });
    for (const set of [document.dev, document.eval]) {
      expect(set).toMatchObject({
        apcer: { print: expect.any(Number) as unknown, replay: 0 },
        apcer_ap: expect.any(Number) as unknown,
        apcer_pooled: expect.any(Number) as unknown,
        bpcer: expect.any(Number) as unknown,
        acer: expect.any(Number) as unknown,
        hter: expect.any(Number) as unknown,
        eer: expect.any(Number) as unknown,
        auc: expect.any(Number) as unknown,
        fta: expect.any(Number) as unknown,
        bpcer_at_apcer: { '10%': expect.any(Number) as unknown, '0.1%': expect.any(Number) as unknown },
        counts: { bona_fide: 2, species: { print: 2 } },
        confidence: { level: 0.95, intervals: { apcer_ap: [expect.any(Number), expect.any(Number)] as unknown } },
      });
    }
    const several = evaluationDocument(evaluateScores({ dev: null, evals: [test, dev] }, given(0.5)));
    expect(several).toMatchObject({ dev: null, eval: [{ file: 'test.csv' }, { file: 'dev.csv' }] });
  });

  it('writes an infinite threshold as a word', () => {
    const alike = file('alike.csv', 'a live 1', 'b live 1', 'c print 1');
    const { threshold } = evaluationDocument(evaluateScores({ dev: alike, evals: [test] }, by('eer')));
    expect(JSON.parse(JSON.stringify({ threshold }))).toEqual({ threshold: 'inf' });
  });

  it('names the files by their digests, and by nothing that changes from run to run', async () => {
    const place = path.join(scratch, 'digest.csv');
    await writeScores(place, madeUpScores([1, 5], 1));
    const folds = path.join(scratch, 'one.csv');
    fs.writeFileSync(folds, 'fold,eval\nonly,digest.csv\n');
    const run = async () => JSON.stringify(protocolDocument(evaluateProtocol('one', await readFolds(folds), given(0.5))));
    const sha256 = createHash('sha256').update(fs.readFileSync(place)).digest('hex');
    expect(await run()).toContain(sha256);
    expect(await run()).toBe(await run());
  });
});

describe('protocols', () => {
  it('give mean and deviation over folds', () => {
    const fold = (name: string, live: string) => ({
      name,
      dev,
      evals: [file(`${name}.csv`, `p live ${live}`, 'p live 0.9', 'q print 0')],
    });
    const { summary, folds } = evaluateProtocol('two', [fold('one', '0.1'), fold('two', '0.9')], by('eer'));
    expect(folds.map(({ evals }) => evals[0]!.rates.bpcer)).toEqual([0.5, 0]);
    // (0.5 + 0) / 2, and sqrt((0.25^2 + 0.25^2) / 1).
    expect(summary.eval.bpcer).toEqual({ mean: 0.25, deviation: Math.sqrt(0.125), folds: 2 });
    expect(summary.dev!.bpcer).toEqual({ mean: 0, deviation: 0, folds: 2 });
    const { summary: single } = evaluateProtocol('one', [fold('one', '0.1')], by('eer'));
    expect(single.eval.bpcer).toEqual({ mean: 0.5, deviation: null, folds: 1 });
    expect(protocolDocument(evaluateProtocol('one', [fold('one', '0.1')], by('eer')))).toMatchObject({
      protocol: 'one',
      summary: { eval: { apcer_ap: { mean: 0 } } },
      folds: [{ fold: 'one', threshold: 0.5 }],
    });
  });

  it('leave one species out of the choice of the threshold, and judge it alone', () => {
    const folds = leaveOneSpeciesOut({ dev, evals: [test] });
    expect(folds.map(({ name }) => name)).toEqual(['print', 'replay']);
    const [print, replay] = evaluateProtocol('leave-one-species-out', folds, by('eer')).folds;
    // Without the prints the highest attack of dev is at 0.2: half way to 0.6.
    expect(print!.threshold).toBeCloseTo(0.4, 12);
    expect(print!.evals[0]!.rates).toMatchObject({ apcer: { print: 1 / 2 }, bpcer: 0 });
    expect(replay!.threshold).toBeCloseTo(0.5, 12);
    expect(replay!.evals[0]!.rates).toMatchObject({ apcer: { replay: 0 }, bpcer: 1 / 2 });
    expect(() => leaveOneSpeciesOut({ dev, evals: [file('one.csv', 'a live 1', 'a print 0')] })).toThrow(
      /two attack species or more/,
    );
    expect(() => leaveOneSpeciesOut({ dev, evals: [test, test] })).toThrow(/judges one set/);
  });

  it.each([
    ['no-column', 'name,dev,eval\na,b,c\n'],
    ['no-column', ''],
    ['empty', 'fold,dev,eval\n'],
    ['bad-row', 'fold,dev,eval\none,dev.csv\n'],
    ['bad-row', 'fold,dev,eval\none,digest.csv,\n'],
    ['duplicate', 'fold,eval\none,digest.csv\none,digest.csv\n'],
    ['not-found', 'fold,dev,eval\none,nowhere.csv,nowhere.csv\n'],
  ])('are refused as %s: %j', async (reason, text) => {
    const folds = path.join(scratch, 'folds.csv');
    fs.writeFileSync(folds, text);
    await expect(readFolds(folds)).rejects.toMatchObject({ code: 'DATA', reason });
  });
});

describe('worstErrors', () => {
  it('are those on the wrong side, the furthest first', () => {
    const set = file(
      's.csv',
      'a live 0.1',
      'b live 0.3',
      'c live 0.9',
      'd print 0.6',
      'e print inf',
      'f print 0.2',
      'g live -inf',
      'h live nan',
    );
    const { attacks, bonafide } = worstErrors(set, 0.5);
    expect(attacks.map(({ claimedId }) => claimedId)).toEqual(['e', 'd']);
    expect(bonafide.map(({ claimedId }) => claimedId)).toEqual(['g', 'a', 'b']);
  });
});
