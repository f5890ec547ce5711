import { Command } from 'commander';
import type { MeasuredErrors } from '../../formats/packed/decision.js';
import { criterionForms } from '../../metrics/attack-detection/index.js';
import { type CalibratedModel, calibrateModel } from '../../pad/index.js';
import { formatCount, formatShare } from '../../report/format.js';
import { renderTable } from '../../report/table.js';
import { wrap } from '../../report/terminal.js';
import { answer, type Console } from '../console.js';
import { formatNext, nextStep } from '../next.js';
import { jsonOption, replaceOption } from '../options.js';

interface CalibrateChoice {
  readonly dev: string;
  readonly criterion: string;
  readonly out: string;
  readonly replace?: boolean;
  readonly json?: boolean;
}

export function calibrateCommand(console: Console): Command {
  return new Command('calibrate')
    .description("choose a threshold on a packed model's scores of the dev split, and write it into the model with its evidence")
    .argument('<model>', 'the packed model, .safetensors (gossamer freeze)')
    .requiredOption('--dev <file>', 'its scores of the dev split (gossamer pad score)')
    .option('--criterion <rule>', `how the threshold is chosen: ${criterionForms}`, 'eer')
    .requiredOption('--out <file>', 'the model to write, .safetensors')
    .addOption(replaceOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nExample:\n  $ gossamer pad calibrate cdcn-s.safetensors --dev scores-dev.csv --criterion bpcer20 --out calibrated.safetensors\n',
    )
    .action(async (model: string, { json, ...choice }: CalibrateChoice) => {
      const calibrated = await calibrateModel({ ...choice, model });
      answer(console, json, calibrated, () => text(calibrated, choice.dev, console));
    });
}

function text({ path, decision }: CalibratedModel, dev: string, console: Console): string {
  const { threshold, criterion, by, smallestFace, evidence } = decision;
  const style = { width: console.output.columns(), color: console.output.color };
  const told = [
    `${path}: a face is live from a score of ${threshold} up, chosen by ${criterion} on ${dev}, where a score is that of a ${by}.`,
    `Faces below ${smallestFace} pixels were not among them: of these nothing is decided.`,
  ].join(' ');
  return [
    wrap(told, style.width),
    '',
    errorsTable(evidence, style),
    '',
    wrap(
      'These are errors on the scores that the threshold was chosen on. What it does elsewhere, other data tell.',
      style.width,
    ),
    '',
    formatNext(
      [
        nextStep(
          'what was not chosen on',
          'pad',
          'score',
          path,
          '--prepared',
          'FOLDER',
          '--split',
          'test',
          '--out',
          'scores-test.csv',
        ),
        nextStep('its error rates', 'pad', 'evaluate', '--dev', dev, '--criterion', criterion, '--eval', 'scores-test.csv'),
      ],
      console,
    ),
  ].join('\n');
}

function errorsTable(
  { bonafide, attacks }: CalibratedModel['decision']['evidence'],
  style: { readonly width: number; readonly color: boolean },
) {
  const rows = [
    { name: 'bona fide, rejected', ...bonafide },
    ...attacks.map((attack) => ({ name: `${attack.species}, accepted`, ...attack })),
  ];
  return renderTable(
    [
      { header: 'on the dev split', cell: ({ name }) => name, align: 'left' },
      { header: 'errors', cell: ({ errors }) => formatCount(errors) },
      { header: 'of', cell: ({ answered }) => formatCount(answered) },
      { header: 'rate', cell: ({ errors, answered }) => formatShare(answered === 0 ? null : errors / answered) },
      { header: '95 % interval', cell: intervalText },
      { header: 'no answer', cell: ({ unanswered }) => formatCount(unanswered), rank: 1 },
    ],
    rows,
    style,
  );
}

function intervalText({ interval }: MeasuredErrors): string {
  return interval ? `${formatShare(interval[0])} to ${formatShare(interval[1])}` : '';
}
