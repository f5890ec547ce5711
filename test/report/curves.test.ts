import { describe, expect, it } from 'vitest';
import { renderCurves } from '../../src/report/curves.js';
import type { EpochEvent } from '../../src/train/events.js';

function history(count: number, change: Partial<EpochEvent> = {}): EpochEvent[] {
  return Array.from({ length: count }, (_, i) => ({
    kind: 'epoch',
    step: i,
    epoch: i + 1,
    trainLoss: 2 / (i + 1),
    trainAccuracy: 1 - 0.6 / (i + 1),
    validationLoss: 2.1 / (i + 1),
    validationAccuracy: 1 - 0.7 / (i + 1),
    learningRate: 0.01,
    seconds: 1,
    imagesPerSecond: 1,
    best: i < 3,
    ...change,
  }));
}

const texts = (svg: string) => [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map((match) => match[1]);

describe('renderCurves', () => {
  it('labels panels, axes and lines, and names the best epoch', () => {
    const svg = renderCurves(history(5), { title: 'my run', epochs: 8 });
    expect(texts(svg)).toEqual(
      expect.arrayContaining([
        'my run',
        'Loss',
        'Accuracy (best 76.7 %, epoch 3)',
        'Learning rate',
        'training',
        'validation',
        '8',
      ]),
    );
    expect(texts(svg).filter((text) => text === 'epoch')).toHaveLength(3);
  });

  it('shows the equal error rate of a depth network, which has no accuracy', () => {
    const depth = history(5, { trainAccuracy: null, validationAccuracy: null }).map((event) => ({
      ...event,
      detection: { eer: 0.3 / event.epoch, acer: 0.2, auc: 0.9, threshold: 0.1 },
    }));
    expect(texts(renderCurves(depth, { title: 't', epochs: 5 }))).toContain('Equal error rate (best 10.0 %, epoch 3)');
  });

  it('draws no validation where nothing is held out', () => {
    const svg = renderCurves(history(5, { validationLoss: null, validationAccuracy: null }), { title: 't', epochs: 5 });
    expect(texts(svg)).toContain('Accuracy');
  });

  it('draws a point for a single epoch, and copes with none', () => {
    expect(renderCurves(history(1), { title: 't', epochs: 1 })).toContain('<path');
    expect(renderCurves([], { title: 't', epochs: 1 })).toContain('</svg>');
  });

  it('leaves a gap for what is not finite', () => {
    expect(renderCurves(history(4, { trainLoss: Number.NaN }), { title: 't', epochs: 4 })).not.toMatch(/NaN|Infinity/);
  });

  it('has a form for dark pages that repaints every colour of the light one', () => {
    const svg = renderCurves(history(5), { title: 't', epochs: 5 });
    const style = svg.slice(svg.indexOf('<style>@media'), svg.indexOf('</style>'));
    // Without outlines of no width, and what ECharts fills a line with that encloses nothing.
    const drawn = svg
      .slice(svg.indexOf('</style>'))
      .replaceAll(/stroke="#\w+" stroke-width="0"/g, '')
      .replaceAll('fill="#000"', '');
    const used = new Set([...drawn.matchAll(/(?:fill|stroke)="(#[0-9a-f]{3,6})"/gi)].map((match) => match[1]!));
    expect(used.size).toBeGreaterThan(4);
    for (const color of used) expect(style, color).toContain(color);
  });

  it('escapes its title', () => {
    const svg = renderCurves([], { title: '<script>&', epochs: 1 });
    expect(svg).not.toContain('<script>');
  });
});
