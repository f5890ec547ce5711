import { expect } from 'vitest';

/** Elements that HTML writes without an end. */
const voidElements = new Set(['meta', 'br', 'hr', 'img', 'link', 'input']);

/** Expects well-formed XML: tags that nest, attributes in quotes, no bare `&` or `<`, nothing that XML cannot hold. */
export function expectXml(text: string, { html = false }: { readonly html?: boolean } = {}): void {
  const open: string[] = [];
  const markup = text.replace(/<!\[CDATA\[.*?\]\]>/gs, '');
  const body = html ? markup.replace(/^<!doctype html>/i, '').replace(/<style>[^<]*<\/style>/g, '') : markup;
  const rest = body.replace(/<(\/?)([A-Za-z][\w-]*)((?:\s+[\w:-]+="[^"<]*")*)\s*(\/?)>/g, (_, end, name, attributes, alone) => {
    if (end) expect(open.pop()).toBe(name);
    else if (!alone && !(html && voidElements.has(name))) open.push(name);
    const names = [...String(attributes).matchAll(/([\w:-]+)="/g)].map(([, attribute]) => attribute);
    expect(new Set(names).size, `attributes of ${name}`).toBe(names.length);
    return String(attributes).replaceAll('"', '');
  });
  expect(open).toEqual([]);
  expect(rest).not.toMatch(/[<>]/);
  expect(rest).not.toMatch(/&(?!(?:amp|lt|gt|quot|nbsp|#\d+);)/);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those that XML cannot hold
  expect(rest).not.toMatch(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/);
}
