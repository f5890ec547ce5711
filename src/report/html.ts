import { escapeText } from './drawing.js';

/** Text that is HTML already. */
export interface Markup {
  readonly text: string;
}

/** @param text that is known to be well-formed */
export function markup(text: string): Markup {
  return { text };
}

type Part = string | number | Markup | readonly Markup[];

/** HTML with values put in: text is escaped, markup and lists of it go in as they are. */
export function html(strings: TemplateStringsArray, ...values: readonly Part[]): Markup {
  return markup(strings.map((string, i) => string + (i < values.length ? partText(values[i]!) : '')).join(''));
}

function partText(part: Part): string {
  if (typeof part === 'string' || typeof part === 'number') return escapeText(String(part));
  return 'text' in part ? part.text : part.map(({ text }) => text).join('');
}
