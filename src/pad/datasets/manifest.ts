import path from 'node:path';
import { kindOf, readText } from '../../data/files.js';
import { DataError } from '../../errors.js';
import { leftTopWidthHeight } from '../boxes/box-files.js';
import type { Box, Label, Presentation, Split } from '../presentation.js';
import { parseTable, type TableRow } from '../table.js';
import { mediaAt, sortById } from './media.js';
import type { DatasetReader } from './reader.js';

/*
 * A set of one's own: a CSV file, or a folder with a manifest.csv. Columns: file, split, label, species; subject, session, device, box, depth where
 * known; any further ones are kept as attributes (an age group, say, to judge by).
 */

const required = ['file', 'split', 'label', 'species'];
const known = [...required, 'subject', 'session', 'device', 'box', 'depth'];

/** What the columns may say. Numbers are refused: 0 is an attack here, bona fide there. */
const labelNames: Readonly<Record<Label, readonly string[]>> = {
  'bona-fide': ['bona-fide', 'bonafide', 'bona fide', 'live', 'real', 'genuine'],
  attack: ['attack', 'spoof', 'fake'],
};
const splitNames: Readonly<Record<Split, readonly string[]>> = {
  train: ['train', 'training'],
  dev: ['dev', 'devel', 'val', 'validation'],
  test: ['test', 'testing', 'eval'],
};

export const manifest: DatasetReader = {
  name: 'manifest',
  title: 'manifest',
  hasBoxes: true,
  reference: 'docs/pad-data.md; boxes from its column',
  async read(root) {
    const kind = await kindOf(root);
    if (kind === null)
      throw new DataError(root, null, 'not-found', 'there is no such file or folder. --root names a CSV file, or its folder.');
    const file = kind === 'folder' ? path.join(root, 'manifest.csv') : root;
    const { columns, rows } = parseTable(file, await readText(file), required, null);
    if (rows.length === 0) throw new DataError(file, null, 'empty', 'it has a header and no rows.');
    const extra = columns.filter((name) => !known.includes(name));
    const presentations = await Promise.all(rows.map((row) => presentationOf(file, row, extra)));
    const lines = new Map<string, number>();
    for (const [i, { id }] of presentations.entries()) {
      const { line } = rows[i]!;
      if (lines.has(id)) throw new DataError(file, line, 'duplicate-file', `${id} stands in line ${lines.get(id)} already.`);
      lines.set(id, line);
    }
    const protocols = [{ name: 'all', description: 'the splits of the manifest' }];
    return { protocols, presentations: sortById(presentations), doubts: [] };
  },
};

async function presentationOf(file: string, { line, cells }: TableRow, extra: readonly string[]): Promise<Presentation> {
  const label = oneOf(file, line, 'label', cells['label']!, labelNames);
  const split = oneOf(file, line, 'split', cells['split']!, splitNames);
  const fail = (reason: string, detail: string) => new DataError(file, line, reason, detail);
  const name = cells['file']!;
  const species = cells['species']!;
  if (name === '') throw fail('bad-row', 'the column "file" is empty.');
  if (label === 'attack' && species === '') {
    throw fail('no-species', 'an attack needs its species: error rates are counted for each. "unknown" is one, if it must be.');
  }
  if (label === 'bona-fide' && species !== '')
    throw fail('no-species', `a bona fide presentation has no species, got "${species}".`);
  const folder = path.dirname(file);
  const box = cells['box'] ? boxOf(cells['box'], fail) : null;
  return {
    id: name.replaceAll('\\', '/').replace(/^\.\//, ''),
    media: await mediaAt(path.resolve(folder, name)),
    label,
    species: species || null,
    subject: cells['subject'] || null,
    session: cells['session'] || null,
    device: cells['device'] || null,
    splits: { all: split },
    attributes: Object.fromEntries(extra.map((column) => [column, cells[column]!])),
    boxes: box && (async () => ({ get: () => box })),
    depth: cells['depth'] ? path.resolve(folder, cells['depth']) : null,
  };
}

function boxOf(text: string, fail: (reason: string, detail: string) => DataError): Box {
  const values = text.split(/[\s,;]+/).map(Number);
  const box = values.length === 4 && values.every(Number.isFinite) ? leftTopWidthHeight(values) : null;
  if (!box) throw fail('bad-box', `got the box "${text}", needs left, top, width and height in pixels, with spaces between.`);
  return box;
}

function oneOf<T extends string>(
  file: string,
  line: number,
  column: string,
  text: string,
  names: Readonly<Record<T, readonly string[]>>,
): T {
  const found = (Object.keys(names) as T[]).find((name) => names[name].includes(text.toLowerCase()));
  if (found) return found;
  const accepted = Object.values<readonly string[]>(names).flat().join(', ');
  throw new DataError(file, line, `unknown-${column}`, `got the ${column} "${text}", needs one of ${accepted}.`);
}
