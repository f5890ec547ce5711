import { describe, expect, it } from 'vitest';
import { type Column, renderTable, Table } from '../../src/report/table.js';
import { visibleWidth, wrap } from '../../src/report/terminal.js';

interface Row {
  name: string;
  count: number;
  note: string;
}

const columns: Column<Row>[] = [
  { header: 'class', cell: ({ name }) => name, align: 'left' },
  { header: 'images', cell: ({ count }) => String(count) },
  { header: 'mistaken for', cell: ({ note }) => note, align: 'left', rank: 1 },
];
const rows = [
  { name: 'cat', count: 5, note: 'dog' },
  { name: 'a long name of a class', count: 1200, note: 'cat' },
];

describe('renderTable', () => {
  it('aligns words to the left, numbers to the right', () => {
    expect(renderTable(columns, rows, { width: 80, color: false }).split('\n')).toEqual([
      'class                   images  mistaken for',
      'cat                          5  dog',
      'a long name of a class    1200  cat',
    ]);
  });

  it('drops what can be dropped, then shortens the first column, never more', () => {
    expect(renderTable(columns, rows, { width: 32, color: false })).not.toContain('mistaken');
    for (let width = 12; width < 60; width++) {
      for (const line of renderTable(columns, rows, { width, color: false }).split('\n')) {
        expect(visibleWidth(line)).toBeLessThanOrEqual(width);
      }
    }
    expect(renderTable(columns, rows, { width: 16, color: false })).toContain('a long …');
  });

  it('shows what would steer the terminal as a mark', () => {
    const text = renderTable(columns, [{ name: 'x\u001b[2Jy\n', count: 1, note: '' }], { width: 80, color: false });
    expect(text).not.toContain('\u001b');
    expect(text.split('\n')).toHaveLength(2);
  });

  it('keeps columns in place when cells come later', () => {
    const table = new Table(columns, { width: 80, color: true });
    expect(table.header()).toContain('\u001b[1m');
    expect(visibleWidth(table.row({ name: 'abcdefgh', count: 1, note: '' }))).toBe(visibleWidth('class  images'));
  });
});

describe('wrap', () => {
  it('breaks between words only', () => {
    expect(wrap('aa bb cc', 5)).toBe('aa bb\ncc');
    expect(wrap('/a/very/long/path x', 5)).toBe('/a/very/long/path\nx');
    expect(wrap('aa bb', 5, '  ')).toBe('  aa\n  bb');
  });
});
