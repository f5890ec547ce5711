import {
  curveOf,
  type EvaluationWarning,
  type Judgement,
  type ScoreEvaluation,
  type SetEvaluation,
  worstErrors,
} from '../../pad/evaluation/index.js';
import type { DetectorScore } from '../../pad/scores/index.js';
import { formatCount } from '../format.js';
import { Html, type HtmlColumn, html, htmlPage, htmlTable } from '../html-page.js';
import { renderBars } from './bars-chart.js';
import { renderCurves } from './curves-chart.js';
import { definitions } from './definitions.js';
import { renderHistograms } from './histogram-chart.js';
import {
  countsSentence,
  formatInterval,
  formatRate,
  intervalsSentence,
  type NamedSet,
  namedSets,
  type RateLine,
  rateLines,
  speciesOf,
  thresholdSentence,
  worstSpecies,
} from './labels.js';

/** What is shown of a presentation: a picture as a data URL, or why there is none. */
export type Picture = { readonly kind: 'shown'; readonly url: string } | { readonly kind: 'missing'; readonly why: string };

/** Errors of each kind that are listed. */
export const mostErrors = 12;

/**
 * The report of an evaluation: one page of HTML that loads and runs nothing.
 * @param pictures of presentations, where the report shows pictures
 */
export function evaluationPage(evaluation: ScoreEvaluation, pictures: ReadonlyMap<DetectorScore, Picture> | null): string {
  const sets = namedSets(evaluation);
  const judged = sets.filter(({ set }) => set !== evaluation.dev);
  return htmlPage('Attack detection: evaluation', [
    html`<h1>Presentation attack detection: evaluation</h1>
<p class="quiet">By the terms of ISO/IEC 30107-3. ${judged.map(({ set }) => html`<code>${set.file}</code>`)}</p>`,
    ...warningBoxes(evaluation.warnings),
    ...judged.map((named) => headline(named, judged.length > 1)),
    html`<h2>What was evaluated, and how</h2>
<p>${thresholdSentence(evaluation)}</p>`,
    filesTable(sets),
    html`<p>In small print: ${intervalsSentence(sets)}. They take the threshold as given.</p>
<h2>Error rates</h2>`,
    ratesTable(sets),
    html`<h2>By attack species</h2>`,
    new Html(
      renderBars({ title: 'APCER by species', axis: 'APCER', sets: sets.map(({ name }) => name), rows: speciesBars(sets) }),
    ),
    speciesTable(sets),
    ...sets.flatMap((named) => groupsSection(named)),
    ...curvesSection(evaluation, sets),
    html`<h2>Scores</h2>
<p>The share of each class in each of 60 steps of the score; infinite scores and failures to acquire are left out.</p>`,
    new Html(renderHistograms(sets.map(scoresOf), evaluation.threshold)),
    html`<h2>Worst errors</h2>`,
    ...judged.flatMap(({ name, set }) => errorsSection(name, set, evaluation.threshold, pictures)),
    definitionsSection(),
  ]);
}

export function warningBoxes(warnings: readonly EvaluationWarning[]): Html[] {
  return warnings.map(({ message }) => html`<p class="warning"><b>Mind:</b> ${message}</p>`);
}

function headline({ name, set }: NamedSet, isNamed: boolean): Html {
  const { rates, confidence } = set;
  const box = (what: string, rate: number | null, interval: Parameters<typeof formatInterval>[0], note: string) =>
    html`<div>${what}<b>${formatRate(rate)}</b><small>${[formatInterval(interval), note].filter(Boolean).join(', ')}</small></div>`;
  return html`${isNamed ? html`<h3>${name}: ${set.file}</h3>` : ''}
<div class="headline">
${box('APCER, worst species', rates.apcerAp, confidence.intervals.apcerAp, worstSpecies(rates))}
${box('BPCER', rates.bpcer, confidence.intervals.bpcer, '')}
${box('ACER', rates.acer, confidence.intervals.acer, '')}
${box('Failure to acquire', rates.fta, confidence.intervals.fta, '')}
</div>`;
}

export function filesTable(sets: readonly NamedSet[]): Html {
  return htmlTable(
    [
      { header: 'set', cell: ({ name }) => name, align: 'left' },
      {
        header: 'file and SHA-256',
        cell: ({ set }) => html`<code>${set.file}</code><br><code class="quiet">${set.sha256}</code>`,
        align: 'left',
      },
      { header: 'presentations', cell: ({ set }) => formatCount(set.counts.presentations) },
      {
        header: '',
        cell: ({ set }) =>
          html`${countsSentence(set)
            .split(', ')
            .map((part) => html`<small>${part}</small>`)}`,
        align: 'left',
      },
    ],
    sets,
  );
}

/** A rate, and below it its interval and what stands behind it. */
function rateCell(line: RateLine, judgement: Judgement): Html {
  const small = details(line, judgement).map((part) => html`<small>${part}</small>`);
  return html`${formatRate(line.rate(judgement), line.form)}${small}`;
}

function details({ interval, note, form }: RateLine, judgement: Judgement): string[] {
  return [formatInterval(interval(judgement), form), note?.(judgement) ?? ''].filter(Boolean);
}

function ratesTable(sets: readonly NamedSet[]): Html {
  return htmlTable(
    [
      { header: 'rate', cell: (line: RateLine) => line.name, align: 'left' },
      ...sets.flatMap(({ name, set }): HtmlColumn<RateLine>[] => [
        { header: name, cell: ({ rate, form }) => formatRate(rate(set), form) },
        { header: '', cell: (line) => html`<small>${details(line, set).join(', ')}</small>`, align: 'left' },
      ]),
    ],
    rateLines,
  );
}

function speciesBars(sets: readonly NamedSet[]) {
  return speciesOf(sets).map((species) => ({
    label: species,
    values: sets.map(({ set: { rates, confidence } }) => ({
      rate: rates.apcer[species] ?? null,
      interval: confidence.intervals.apcer[species] ?? null,
    })),
  }));
}

function speciesTable(sets: readonly NamedSet[]): Html {
  return htmlTable(
    [
      { header: 'species', cell: (species: string) => species, align: 'left' },
      ...sets.flatMap(({ name, set: { counts, rates, confidence } }): HtmlColumn<string>[] => [
        { header: `${name}: attacks`, cell: (species) => formatCount(counts.species[species] ?? 0) },
        {
          header: 'APCER',
          cell: (species) =>
            html`${formatRate(rates.apcer[species] ?? null)} <small>${formatInterval(confidence.intervals.apcer[species] ?? null)}</small>`,
        },
        { header: 'no answer', cell: (species) => formatRate(rates.apnrr[species] ?? null) },
      ]),
    ],
    speciesOf(sets),
  );
}

function groupsSection({ name, set }: NamedSet): Html[] {
  if (!set.groups) return [];
  const [worst, bpcer, acer] = rateLines as [RateLine, RateLine, RateLine, ...RateLine[]];
  const groups = Object.entries(set.groups.values);
  return [
    html`<h2>${name} by ${set.groups.column}</h2>
<p>Every group at the same threshold. Where groups are small, look at the intervals before the rates.</p>`,
    new Html(
      renderBars({
        title: `Error rates by ${set.groups.column}`,
        axis: 'error rate',
        sets: ['APCER, worst species', 'BPCER'],
        rows: groups.map(([group, judgement]) => ({
          label: groupName(group),
          values: [worst, bpcer].map(({ rate, interval }) => ({ rate: rate(judgement), interval: interval(judgement) })),
        })),
      }),
    ),
    htmlTable<(typeof groups)[number]>(
      [
        { header: set.groups.column, cell: ([group]) => groupName(group), align: 'left' },
        { header: 'bona fide', cell: ([, { counts }]) => formatCount(counts.bonafide) },
        { header: 'attacks', cell: ([, { counts }]) => formatCount(counts.attacks) },
        ...[bpcer, worst, acer].map(
          (line): HtmlColumn<(typeof groups)[number]> => ({
            header: line.name,
            cell: ([, judgement]) => rateCell(line, judgement),
          }),
        ),
        { header: 'no answer', cell: ([, { rates }]) => formatRate(rates.fta) },
      ],
      groups,
    ),
  ];
}

function groupName(group: string): string {
  return group || '(empty)';
}

function curvesSection({ threshold }: ScoreEvaluation, sets: readonly NamedSet[]): Html[] {
  const curves = sets.map(({ name, set }) => {
    const { apcerAp, apcerPooled, bpcer } = set.rates;
    const hasChosen = apcerAp !== null && apcerPooled !== null && bpcer !== null;
    return { name, points: curveOf(set), chosen: hasChosen ? { apcerWorst: apcerAp, apcerPooled, bpcer } : null };
  });
  const drawn = curves.filter(({ points }) => points.length > 0);
  if (drawn.length === 0) return [];
  return [
    html`<h2>Curves</h2>
<p>All thresholds. The points are at the threshold of this evaluation, ${threshold}. The axes of the DET curve are stretched at the small rates (normal deviates); rates below 0.1 % are drawn at its edge.</p>`,
    new Html(renderCurves(drawn)),
  ];
}

function scoresOf({ name, set }: NamedSet) {
  const of = (isBonafide: boolean) =>
    set.scores.filter(({ attackType }) => (attackType === null) === isBonafide).map(({ score }) => score);
  return { name, bonafide: of(true), attacks: of(false) };
}

function errorsSection(
  name: string,
  set: SetEvaluation,
  threshold: number,
  pictures: ReadonlyMap<DetectorScore, Picture> | null,
): Html[] {
  const { attacks, bonafide } = worstErrors(set, threshold);
  return [
    html`<h3>${name}: attacks taken for bona fide${ofAll(attacks)}, highest scores first</h3>`,
    listed(attacks.slice(0, mostErrors), pictures),
    html`<h3>${name}: bona fide presentations taken for attacks${ofAll(bonafide)}, lowest scores first</h3>`,
    listed(bonafide.slice(0, mostErrors), pictures),
  ];
}

function ofAll({ length }: readonly DetectorScore[]): string {
  return length > mostErrors ? `, ${mostErrors} of ${formatCount(length)}` : '';
}

function listed(scores: readonly DetectorScore[], pictures: ReadonlyMap<DetectorScore, Picture> | null): Html {
  if (scores.length === 0) return html`<p class="quiet">None.</p>`;
  if (pictures) {
    return html`<div class="gallery">${scores.map((score) => figure(score, pictures.get(score)))}</div>`;
  }
  return htmlTable<DetectorScore>(
    [
      { header: 'score', cell: ({ score }) => String(score) },
      { header: 'species', cell: ({ attackType }) => attackType ?? 'bona fide', align: 'left' },
      { header: 'subject', cell: ({ claimedId }) => claimedId, align: 'left' },
      { header: 'sample', cell: ({ testLabel, sampleN }) => [testLabel, sampleN].filter(Boolean).join(', '), align: 'left' },
    ],
    scores,
  );
}

function figure({ score, attackType, testLabel }: DetectorScore, picture: Picture | undefined): Html {
  const shown =
    picture?.kind === 'shown'
      ? html`<img alt="" src="${picture.url}">`
      : html`<div class="none">${picture?.why ?? 'no picture'}</div>`;
  return html`<figure>${shown}<figcaption>${Number(score.toPrecision(4))} ${attackType ?? 'bona fide'}<br>${testLabel}</figcaption></figure>`;
}

export function definitionsSection(): Html {
  return html`<h2>Definitions</h2>
<p>A presentation is accepted as bona fide when its score is at least the threshold.</p>
<dl>
${definitions.map(([term, meaning]) => html`<dt>${term}</dt><dd>${meaning}</dd>`)}
</dl>`;
}
