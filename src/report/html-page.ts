/*
 * Parts of a page of HTML that needs no network and no script. Text is escaped here and nowhere else.
 */

/** HTML that is meant as such. */
export class Html {
  constructor(readonly source: string) {}
}

/** A template of HTML: what is put into it is text, unless it is {@link Html} or a list of such. */
export function html(parts: TemplateStringsArray, ...values: readonly (string | number | Html | readonly Html[])[]): Html {
  return new Html(parts.reduce((source, part, i) => source + sourceOf(values[i - 1]!) + part));
}

function sourceOf(value: string | number | Html | readonly Html[]): string {
  if (value instanceof Html) return value.source;
  if (typeof value === 'object') return value.map(({ source }) => source).join('\n');
  return escapeText(String(value));
}

/** Control characters too: names come from files, and from strangers. */
function escapeText(text: string): string {
  return text.replace(/[&<>"'\p{Cc}]/gu, (char) => `&#${/\p{Cc}/u.test(char) ? 0xfffd : char.codePointAt(0)};`);
}

export interface HtmlColumn<Row> {
  readonly header: string;
  readonly cell: (row: Row) => string | Html;
  /** Numbers to the right (default), words to the left. */
  readonly align?: 'left';
}

export function htmlTable<Row>(columns: readonly HtmlColumn<Row>[], rows: readonly Row[]): Html {
  const cell = ({ align }: HtmlColumn<Row>, tag: 'th' | 'td', content: string | Html) =>
    align === 'left'
      ? new Html(`<${tag} class="left">${sourceOf(content)}</${tag}>`)
      : new Html(`<${tag}>${sourceOf(content)}</${tag}>`);
  return html`<div class="wide"><table>
<thead><tr>${columns.map((column) => cell(column, 'th', column.header))}</tr></thead>
<tbody>
${rows.map((row) => html`<tr>${columns.map((column) => cell(column, 'td', column.cell(row)))}</tr>`)}
</tbody></table></div>`;
}

/** A whole page. Its policy forbids what it does not need: to load anything, and to run anything. */
export function htmlPage(title: string, body: readonly Html[]): string {
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<title>${title}</title>
<style>${new Html(style)}</style>
</head>
<body>
${body}
</body>
</html>
`;
  return page.source;
}

const style = `
:root { color-scheme: light dark; --page: #ffffff; --text: #1f2328; --quiet: #59636e; --line: #d8dee4; --soft: #f6f8fa; --warn: #fff4d6; --warn-line: #d4a72c; }
@media (prefers-color-scheme: dark) {
  :root { --page: #0d1117; --text: #e6edf3; --quiet: #9198a1; --line: #30363d; --soft: #151b23; --warn: #2e2410; --warn-line: #9e7a1a; }
}
body { margin: 0 auto; padding: 28px 24px 64px; max-width: 980px; background: var(--page); color: var(--text); font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 26px; line-height: 1.25; margin: 0 0 4px; }
h2 { font-size: 19px; margin: 40px 0 10px; padding-bottom: 6px; border-bottom: 1px solid var(--line); }
h3 { font-size: 15px; margin: 22px 0 8px; }
p { margin: 8px 0; max-width: 78ch; }
.verdict { font-size: 17px; font-weight: 600; margin: 14px 0; }
.quiet, figcaption, small { color: var(--quiet); }
small { font-size: 12px; white-space: nowrap; }
.warning { background: var(--warn); border: 1px solid var(--warn-line); border-radius: 6px; padding: 10px 14px; margin: 12px 0; max-width: none; }
.wide { overflow-x: auto; margin: 10px 0; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: 6px 14px 6px 0; text-align: right; vertical-align: top; border-bottom: 1px solid var(--line); white-space: nowrap; }
th { font-weight: 600; color: var(--quiet); font-size: 13px; }
td.left, th.left { text-align: left; }
td small { display: block; }
.headline { display: flex; flex-wrap: wrap; gap: 12px; margin: 18px 0; }
.headline div { flex: 1 1 150px; background: var(--soft); border: 1px solid var(--line); border-radius: 8px; padding: 12px 16px; }
.headline b { display: block; font-size: 26px; line-height: 1.2; }
code { font: 12.5px ui-monospace, monospace; overflow-wrap: anywhere; }
td code { white-space: normal; }
pre { margin: 8px 0; padding: 10px 14px; overflow-x: auto; background: var(--soft); border: 1px solid var(--line); border-radius: 6px; font: 12.5px/1.45 ui-monospace, monospace; }
summary { cursor: pointer; }
svg { display: block; max-width: 100%; height: auto; margin: 8px 0; }
.gallery { display: flex; flex-wrap: wrap; gap: 12px; margin: 10px 0; }
figure { margin: 0; width: 128px; font-size: 12px; line-height: 1.35; overflow-wrap: anywhere; }
figure img, figure .none { width: 128px; height: 128px; object-fit: contain; background: var(--soft); border: 1px solid var(--line); border-radius: 4px; }
figure .none { display: flex; align-items: center; justify-content: center; color: var(--quiet); box-sizing: border-box; padding: 6px; text-align: center; }
dt { font-weight: 600; margin-top: 12px; }
dd { margin: 2px 0 0; max-width: 78ch; }
@media print { body { max-width: none; padding: 0; } h2 { break-after: avoid; } svg, table, figure { break-inside: avoid; } }
`;
