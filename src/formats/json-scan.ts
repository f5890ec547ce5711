export interface JsonFacts {
  /** How many brackets are open at once, at most. */
  readonly depth: number;
  /** The first key that stands twice in one object. */
  readonly duplicateKey: string | null;
}

/**
 * What JSON.parse does not tell: nesting, to be checked before parsing, and keys given twice, of which it keeps the last.
 * `duplicateKey` means something only when the text is valid JSON.
 * @param maxDepth one bracket more ends the scan: what stands open is kept, and a file may be nothing but brackets
 */
export function scanJson(text: string, maxDepth = Number.POSITIVE_INFINITY): JsonFacts {
  const open: (Set<string> | null)[] = [];
  let depth = 0;
  let duplicateKey: string | null = null;
  let isKey = false;
  for (let i = 0; i < text.length; i++) {
    switch (text[i]) {
      case '{':
      case '[':
        isKey = text[i] === '{';
        open.push(isKey ? new Set() : null);
        depth = Math.max(depth, open.length);
        if (depth > maxDepth) return { depth, duplicateKey };
        break;
      case '}':
      case ']':
        open.pop();
        isKey = false;
        break;
      case ',':
        isKey = (open.at(-1) ?? null) !== null;
        break;
      case '"': {
        const end = endOfString(text, i);
        const keys = open.at(-1);
        if (isKey && keys) {
          const key = unescaped(text.slice(i, end + 1));
          if (keys.has(key)) duplicateKey ??= key;
          keys.add(key);
        }
        isKey = false;
        i = end;
      }
    }
  }
  return { depth, duplicateKey };
}

/** Where the string that starts at `start` has its closing quote; the text's end when it has none. */
function endOfString(text: string, start: number): number {
  let i = start + 1;
  while (i < text.length && text[i] !== '"') i += text[i] === '\\' ? 2 : 1;
  return i;
}

function unescaped(literal: string): string {
  if (!literal.includes('\\')) return literal.slice(1, -1);
  try {
    return String(JSON.parse(literal));
  } catch {
    return literal;
  }
}
