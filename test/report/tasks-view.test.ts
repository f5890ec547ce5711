import { describe, expect, it } from 'vitest';
import type { Run } from '../../src/jobs/index.js';
import { TasksView } from '../../src/report/tasks-view.js';
import { Screen } from './screen.js';

const runs = Array.from({ length: 9 }, (_, i) => ({ id: `id-${i}`, name: `run ${i}, a long name of a long sweep` }) as Run);

/** A view whose clock the test moves. */
function begin(width = 80) {
  const screen = new Screen(width);
  const clock = { seconds: 0 };
  return { screen, clock, view: new TasksView(screen, runs, () => clock.seconds * 1000) };
}

describe('a view of tasks', () => {
  it('shows what is under way, with the newest of each, and all of it', () => {
    const { screen, clock, view } = begin();
    view.progress('id-0', { share: 0.5, epoch: 2, epochs: 4, measures: { top1_validation: 0.8123 } });
    clock.seconds = 10;
    view.progress('id-1', { share: 0.25, epoch: 1, epochs: 4, measures: { eer_validation: 0.05 } });
    expect(screen.lines).toEqual([
      'run 0, a long name of a long sweep  ━━━━───  50 %  epoch 2/4  validation 81.2 %',
      'run 1, a long name of a long sweep  ━━━━───────────  25 %  epoch 1/4  EER 5.0 %',
      '0 of 9 done  ━━──────────────────────────   8 %  2 running  1:50 left',
    ]);
  });

  it('keeps the lines of what ended above, and cleans up behind itself', () => {
    const { screen, clock, view } = begin();
    for (const [i, { id }] of runs.entries()) {
      view.progress(id, { share: 0 });
      clock.seconds = i + 1;
    }
    expect(screen.lines).toHaveLength(7);
    expect(screen.lines.at(-1)).toContain('9 running');
    for (const [i, { id }] of runs.entries()) {
      view.ended(id, i === 3 ? 'failed' : 'done', `ended ${i}`);
      clock.seconds += 1;
    }
    expect(screen.lines).toEqual([...runs.map((_, i) => `ended ${i}`), '']);
  });

  it('counts failures, and no time for what was done before', () => {
    const { screen, clock, view } = begin();
    for (const i of [0, 1, 2]) view.ended(`id-${i}`, 'known', `known ${i}`);
    view.progress('id-3', { share: 0 });
    clock.seconds = 60;
    view.ended('id-3', 'failed', 'failed 3');
    expect(screen.lines.at(-1)).toMatch(/^4 of 9 done .* 44 % +0 running +1 failed +5:00 left$/);
    view.progress('id-4', { share: 0.5 });
    clock.seconds = 90;
    view.progress('id-4', null);
    expect(screen.lines.at(-1)).toContain('0 running');
  });

  it('fits a narrow terminal, and gives way to other text', () => {
    const { screen, view } = begin(30);
    view.progress('id-0', { share: 0.5, epoch: 2, epochs: 4, measures: { top1_validation: 0.8123 } });
    view.clear();
    screen.write('\nother text\n');
    view.draw();
    expect(screen.lines.slice(0, 2)).toEqual(['', 'other text']);
    expect(screen.lines).toHaveLength(4);
  });

  it('is plain lines where there is no terminal', () => {
    const texts: string[] = [];
    const output = { isTTY: false, color: false, columns: () => 80, write: (text: string) => void texts.push(text) };
    const view = new TasksView(output, runs);
    view.progress('id-0', { share: 0.5 });
    view.ended('id-0', 'done', 'run 0 done');
    view.clear();
    expect(texts).toEqual(['run 0 done\n']);
  });
});
