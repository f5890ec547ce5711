import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const documents = [
  'README.md',
  ...readdirSync(path.join(root, 'docs'))
    .filter((file) => file.endsWith('.md'))
    .map((file) => `docs/${file}`),
];
/** Inside the package, so that `import 'gossamer'` means this build. */
const blocksFolder = path.join(root, 'dist', 'doc-blocks');
const scratch = mkdtempSync(path.join(os.tmpdir(), 'gossamer-docs-'));

mkdirSync(blocksFolder, { recursive: true });
afterAll(() => {
  rmSync(blocksFolder, { recursive: true, force: true });
  rmSync(scratch, { recursive: true, force: true });
});

interface Block {
  readonly document: string;
  readonly line: number;
  readonly text: string;
}

function blocks(language: string): Block[] {
  return documents.flatMap((document) => {
    const text = readFileSync(path.join(root, document), 'utf8');
    return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map((match) => ({
      document,
      line: text.slice(0, match.index).split('\n').length + 1,
      text: match[1]!,
    }));
  });
}

describe('TypeScript blocks of the documentation run', () => {
  it.each(blocks('ts'))('$document:$line', ({ document, line, text }) => {
    const file = path.join(blocksFolder, `${document.replace(/\W/g, '-')}-${line}.mts`);
    writeFileSync(file, text);
    const tsx = path.join(root, 'node_modules', 'tsx', 'dist', 'cli.mjs');
    execFileSync(process.execPath, [tsx, file], { cwd: scratch, stdio: ['ignore', 'pipe', 'pipe'], timeout: 110_000 });
  });
});

/** Commands of the tool itself; what starts with npm is how one gets here. */
describe('commands of the documentation run', () => {
  it.each(blocks('sh'))('$document:$line', ({ text }) => {
    const commands = text.split('\n').filter((line) => line.startsWith('npx gossamer '));
    for (const command of commands) {
      const words = command
        .replace(/\s+#.*$/, '')
        .split(' ')
        .slice(2);
      execFileSync(process.execPath, [path.join(root, 'dist/cli/main.js'), ...words], {
        cwd: scratch,
        stdio: ['ignore', 'pipe', 'pipe'],
        timeout: 110_000,
      });
    }
  });
});

it('links of the documentation lead somewhere', () => {
  for (const document of documents) {
    const text = readFileSync(path.join(root, document), 'utf8');
    for (const [, target] of text.matchAll(/\]\((?!https?:|#)([^)#]+)[^)]*\)/g)) {
      expect(existsSync(path.join(root, path.dirname(document), target!)), `${document} → ${target}`).toBe(true);
    }
  }
});
