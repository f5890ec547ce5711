/*
 * What all charts share: SVG documents that are light or dark as their viewer prefers.
 */

/** A colour on white, and what it becomes where the viewer prefers a dark page. */
export type PageColor = readonly [light: string, dark: string];

export const pageColors = {
  page: ['#ffffff', '#0d1117'],
  text: ['#1f2328', '#e6edf3'],
  quiet: ['#59636e', '#9198a1'],
  grid: ['#e4e8ec', '#272d35'],
} as const satisfies Record<string, PageColor>;

/** Colours of what is drawn, so that each is told from the others on both pages. */
export const markColors = {
  blue: ['#0969da', '#4ba3ff'],
  orange: ['#bc4c00', '#ff9950'],
  green: ['#1a7f37', '#3fb950'],
  purple: ['#8250df', '#bc8cff'],
} as const satisfies Record<string, PageColor>;

/** Fills behind text. */
export const tintColors = {
  blue: ['#ddf0ff', '#0f3358'],
  orange: ['#ffe9d6', '#5c2e0a'],
} as const satisfies Record<string, PageColor>;

const { quiet, grid } = pageColors;

/** For every axis of a chart. */
export const axisColors = {
  axisLine: { show: true, lineStyle: { color: quiet[0] } },
  axisTick: { lineStyle: { color: quiet[0] } },
  axisLabel: { color: quiet[0], hideOverlap: true },
  nameTextStyle: { color: quiet[0] },
  splitLine: { lineStyle: { color: grid[0] } },
};

/** A share as the label of a tick. */
export function percentLabel(value: number): string {
  return `${Number((value * 100).toFixed(1))} %`;
}

/**
 * Gives an SVG document that was drawn in light colours a title and its dark form.
 */
export function withDarkForm(svg: string, title: string): string {
  const head = `<title>${escapeText(title)}</title><style>${darkRules()}</style>`;
  return svg.replace(/(<svg[^>]*>)/, (tag) => `${tag}${head}`);
}

/** The dark form of what is drawn in light colours, as style rules: they beat the attributes that colours are written in. */
export function darkRules(): string {
  const rules = [pageColors, markColors, tintColors].flatMap((colors) =>
    Object.values<PageColor>(colors).flatMap(([light, dark]) => [
      `[fill="${light}"]{fill:${dark}}`,
      `[stroke="${light}"]{stroke:${dark}}`,
    ]),
  );
  return `@media (prefers-color-scheme:dark){${rules.join('')}}`;
}

/** As text or an attribute's value in XML and HTML; what XML cannot hold is replaced. */
export function escapeText(value: string): string {
  return value
    .replaceAll(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
