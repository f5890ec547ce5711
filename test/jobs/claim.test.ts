import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Claim, claimWork } from '../../src/jobs/claim.js';
import { scratchFolder } from '../cli/gossamer.js';

const never = new AbortController().signal;
const notDone = async () => false;
const timing = { look: 5, beat: 5, patience: 1000 };

/** What a worker on another machine leaves, whether it lives or not. */
function lockOfElsewhere(folder: string): void {
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(path.join(folder, 'task.lock'), JSON.stringify({ pid: 1, host: 'another-machine' }));
}

describe('the claim of a task', () => {
  it('waits while another worker shows life, and is given when that one lets go', async () => {
    const folder = path.join(scratchFolder(), 'work');
    const first = (await claimWork(folder, notDone, never, timing)) as Claim;
    let hasSecond = false;
    const second = claimWork(folder, notDone, never, timing).then((claim) => {
      hasSecond = true;
      return claim as Claim;
    });
    await new Promise((resolve) => setTimeout(resolve, 2 * timing.patience));
    expect(hasSecond).toBe(false);
    first.release();
    (await second).release();
    expect(fs.readdirSync(folder)).toEqual([]);
  });

  it('is taken over, with all that was begun, from a worker elsewhere that shows no life', async () => {
    const folder = path.join(scratchFolder(), 'work');
    lockOfElsewhere(folder);
    fs.mkdirSync(path.join(folder, 'run'));
    for (const name of ['last.safetensors', 'lock']) fs.writeFileSync(path.join(folder, 'run', name), name);
    const claim = (await claimWork(folder, notDone, never, timing)) as Claim;
    expect(fs.readdirSync(path.join(folder, 'run'))).toEqual(['last.safetensors']);
    claim.release();
    expect(fs.readdirSync(path.dirname(folder))).toEqual(['work']);
  });

  it('ends when the task was done meanwhile, or nobody wants it any more', async () => {
    const folder = path.join(scratchFolder(), 'work');
    lockOfElsewhere(folder);
    expect(await claimWork(folder, async () => true, never, timing)).toBe('done');
    expect(await claimWork(folder, notDone, AbortSignal.timeout(20), timing)).toBe('aborted');
  });
});
