import { Command, InvalidArgumentError, Option } from 'commander';
import { ConfigError } from '../../errors.js';
import { criterionForms, parseCriterion } from '../../metrics/attack-detection/index.js';
import {
  evaluateProtocol,
  evaluateScores,
  evaluationDocument,
  leaveOneSpeciesOut,
  protocolDocument,
  readFolds,
  type ThresholdRule,
} from '../../pad/evaluation/index.js';
import { readScores } from '../../pad/scores/index.js';
import { formatEvaluation, formatProtocol } from '../../report/attack-detection/text.js';
import type { TerminalStyle } from '../../report/terminal.js';
import { answer, type Console } from '../console.js';
import { formatNext, type NextStep, nextStep } from '../next.js';
import { jsonOption, repeated } from '../options.js';
import { type Reported, writeReport } from './report-files.js';

interface EvaluateChoice {
  readonly dev?: string;
  readonly eval?: readonly string[];
  readonly criterion?: string;
  readonly threshold?: number;
  readonly optimisticThresholdFromTestData?: boolean;
  readonly by?: string;
  readonly protocol?: 'leave-one-species-out';
  readonly folds?: string;
  readonly images?: string;
  readonly out?: string;
  readonly json?: boolean;
}

export function evaluateCommand(console: Console): Command {
  return new Command('evaluate')
    .description('error rates of score files, of any detector: the threshold from the development set, the rates on the others')
    .option('--dev <file>', 'scores of the development set: the threshold is chosen on them')
    .option('--eval <file>', 'scores to judge (again for more sets)', repeated)
    .option('--criterion <rule>', `how the threshold is chosen: ${criterionForms} (default: eer)`)
    .addOption(
      new Option('--threshold <number>', 'this threshold; scores from it up are accepted')
        .argParser(finite)
        .conflicts('criterion'),
    )
    .addOption(
      new Option(
        '--optimistic-threshold-from-test-data',
        'choose the threshold on the set that is judged by it, as some papers do: the rates then flatter the detector, and say so',
      ).conflicts(['dev', 'threshold']),
    )
    .option('--by <column>', 'rates of each group, too: device, session, skin tone, any column of the files')
    .addOption(
      new Option(
        '--protocol <name>',
        'a fold for each species: the threshold without it, the rates on it alone; mean and deviation',
      )
        .choices(['leave-one-species-out'])
        .conflicts('folds'),
    )
    .addOption(
      new Option(
        '--folds <file>',
        'CSV file fold,dev,eval: score files of each fold of a protocol; mean and deviation',
      ).conflicts(['dev', 'eval']),
    )
    .option('--images <folder>', 'pictures of the worst errors go into the report: the column "file" says which')
    .option('--out <folder>', 'write a report there: one page of HTML, and its figures as JSON')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nExample:\n  $ gossamer pad evaluate --dev scores-dev.csv --eval scores-test.csv --criterion bpcer20 --out report\n',
    )
    .action((choice: EvaluateChoice) => evaluate(choice, console));
}

async function evaluate(choice: EvaluateChoice, console: Console): Promise<void> {
  if (choice.images !== undefined && choice.out === undefined) {
    throw new ConfigError('images', 'pictures are for the report: say where it is written (--out).');
  }
  const { document, text, reported } = await judge(choice, { width: console.output.columns(), color: console.output.color });
  const files = choice.out === undefined ? [] : await writeReport(choice.out, document, reported);
  answer(console, choice.json, document, () => [text(), '', ending(files, choice, console)].join('\n'));
}

interface Judged {
  readonly document: object;
  readonly text: () => string;
  readonly reported: Reported;
}

async function judge(choice: EvaluateChoice, style: TerminalStyle): Promise<Judged> {
  const { folds: foldsFile, protocol, by, images } = choice;
  const rule = ruleOf(choice);
  if (foldsFile === undefined && protocol === undefined) {
    const evaluation = evaluateScores(await readInput(choice), rule, { by });
    const reported = { evaluation, images };
    return { document: evaluationDocument(evaluation), text: () => formatEvaluation(evaluation, style), reported };
  }
  if (images !== undefined) {
    throw new ConfigError('images', 'the report of a protocol shows no pictures: judge one fold by itself.');
  }
  const folds = foldsFile === undefined ? leaveOneSpeciesOut(await readInput(choice)) : await readFolds(foldsFile);
  const evaluated = evaluateProtocol(foldsFile ?? 'leave-one-species-out', folds, rule, { by });
  return {
    document: protocolDocument(evaluated),
    text: () => formatProtocol(evaluated, style),
    reported: { protocol: evaluated },
  };
}

async function readInput({ dev, eval: judged = [] }: EvaluateChoice) {
  if (judged.length === 0) {
    throw new ConfigError('eval', 'there is nothing to judge: give a file of scores (--eval), or of folds (--folds).');
  }
  return { dev: dev === undefined ? null : await readScores(dev), evals: await Promise.all(judged.map(readScores)) };
}

function ruleOf(choice: EvaluateChoice): ThresholdRule {
  if (choice.threshold !== undefined) return { kind: 'given', threshold: choice.threshold };
  const text = choice.criterion ?? 'eer';
  const kind = choice.optimisticThresholdFromTestData ? 'test-data' : 'development-set';
  return { kind, criterion: parseCriterion(text), text };
}

function finite(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('Needs a number.');
  return value;
}

function ending(files: readonly string[], choice: EvaluateChoice, console: Console): string {
  if (files.length > 0) return `Written:\n${files.map((file) => `  ${file}`).join('\n')}`;
  const words = [
    ...(choice.folds === undefined ? [] : ['--folds', choice.folds]),
    ...(choice.dev === undefined ? [] : ['--dev', choice.dev]),
    ...(choice.eval ?? []).flatMap((file) => ['--eval', file]),
    ...(choice.criterion === undefined ? [] : ['--criterion', choice.criterion]),
    ...(choice.threshold === undefined ? [] : ['--threshold', String(choice.threshold)]),
    ...(choice.protocol === undefined ? [] : ['--protocol', choice.protocol]),
    ...(choice.by === undefined ? [] : ['--by', choice.by]),
    ...(choice.optimisticThresholdFromTestData ? ['--optimistic-threshold-from-test-data'] : []),
  ];
  const next: NextStep[] = [
    nextStep('curves, intervals and definitions on one page', 'pad', 'evaluate', ...words, '--out', 'report'),
  ];
  return formatNext(next, console);
}
