import { type Command, Option } from 'commander';
import { type PreparedScores, padSplits, scorePrepared, writeScores } from '../../pad/index.js';
import { formatCount } from '../../report/format.js';
import { wrap } from '../../report/terminal.js';
import { checkpointPath } from '../checkpoint-path.js';
import { answer, type Console } from '../console.js';
import { type EngineChoice, EngineCommand, engineChoice } from '../engine-command.js';
import { JudgingLine } from '../judging-line.js';
import { formatNext, type NextStep, nextStep } from '../next.js';
import { jsonOption } from '../options.js';

interface ScoreChoice extends EngineChoice {
  readonly prepared: string;
  readonly split: (typeof padSplits)[number];
  readonly protocol?: string;
  readonly by: 'frame' | 'video';
  readonly out: string;
  readonly json?: boolean;
}

export function scoreCommand(console: Console): Command {
  return new EngineCommand('score')
    .description('what a depth network says of prepared faces: a score for each frame or video, and none where there is no face')
    .argument('<model>', 'a packed model (gossamer freeze), or best.safetensors of a run, or the folder of the run')
    .requiredOption('--prepared <folder>', 'prepared data (gossamer pad prepare)')
    .addOption(new Option('--split <name>', 'which part of it').choices([...padSplits]).makeOptionMandatory())
    .option('--protocol <name>', 'of the data set; may be left out where there is one only')
    .addOption(
      new Option('--by <unit>', 'a score for each frame, or for each video: the mean of its frames')
        .choices(['frame', 'video'])
        .default('frame'),
    )
    .requiredOption('--out <file>', 'CSV file to write')
    .engineOptions()
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nExample:\n  $ gossamer pad score cdcn-s.safetensors --prepared prepared/oulu --protocol 1 --split dev --out scores-dev.csv\n',
    )
    .action((place: string, choice: ScoreChoice) => score(checkpointPath(place), choice, console));
}

async function score(model: string, choice: ScoreChoice, console: Console): Promise<void> {
  const { prepared, split, protocol, by, out, json } = choice;
  const live = new JudgingLine('scoring', console);
  try {
    const onProgress = json ? undefined : live.onProgress;
    const scored = await scorePrepared({ ...engineChoice(choice), model, prepared, split, protocol, by, onProgress });
    await writeScores(out, scored.scores);
    live.clear();
    const { scores, ...facts } = scored;
    answer(console, json, { ...facts, out, lines: scores.length }, () => text(model, scored, choice, console));
  } finally {
    live.clear();
  }
}

function text(model: string, scored: PreparedScores, choice: ScoreChoice, console: Console): string {
  const { scores, by, frames, failures } = scored;
  const what = by === 'frame' ? 'frames' : 'videos, each the mean of its frames';
  const failed =
    failures === 0 ? '' : ` ${formatCount(failures)} of ${formatCount(frames)} frames have no face: failures to acquire, nan.`;
  const told = `${choice.out}: scores of ${formatCount(scores.length)} ${what}; higher is more bona fide.${failed}`;
  return [wrap(told, console.output.columns()), '', formatNext(next(model, scored, choice), console)].join('\n');
}

function next(model: string, { split, model: { kind } }: PreparedScores, { out }: ScoreChoice): NextStep[] {
  if (split !== 'dev')
    return [
      nextStep('error rates, at a threshold from the dev split', 'pad', 'evaluate', '--dev', 'SCORES-DEV.CSV', '--eval', out),
    ];
  const judge = nextStep(
    'error rates, when the test split is scored too',
    'pad',
    'evaluate',
    '--dev',
    out,
    '--eval',
    'SCORES-TEST.CSV',
  );
  if (kind === 'checkpoint') return [judge];
  return [
    judge,
    nextStep('a threshold in the model file', 'pad', 'calibrate', model, '--dev', out, '--out', 'calibrated.safetensors'),
  ];
}
