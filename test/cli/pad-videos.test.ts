import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { gossamer, scratchFolder } from './gossamer.js';

const scratch = scratchFolder();
afterAll(() => fs.rmSync(scratch, { recursive: true, force: true }));
const hasFfmpeg = spawnSync('ffmpeg', ['-version']).status === 0;

describe.skipIf(!hasFfmpeg)('gossamer pad prepare on videos', () => {
  const root = path.join(scratch, 'OULU');
  const video = (name: string, person: number) => {
    const faces = path.join(scratch, `drawn-${person}`);
    gossamer(['pad', 'synthesize', '--drawn', '3', '--takes', '4', '--size', '96', '--seed', String(person), '--out', faces]);
    const folder = ['train', 'dev', 'test']
      .map((split) => path.join(faces, split, 'bona-fide'))
      .find((place) => fs.existsSync(place))!;
    const stem = path.join(root, name);
    fs.mkdirSync(path.dirname(stem), { recursive: true });
    const words = [
      '-v',
      'error',
      '-y',
      '-pattern_type',
      'glob',
      '-i',
      path.join(folder, '*.png'),
      '-c:v',
      'mjpeg',
      '-q:v',
      '2',
      `${stem}.avi`,
    ];
    execFileSync('ffmpeg', words);
    fs.writeFileSync(`${stem}.txt`, [0, 1, 2, 3].map((frame) => `${frame},36,42,60,42\n`).join(''));
  };

  it('reads them, and tells of one that is damaged or cut short', () => {
    video('Train_files/1_1_01_1', 1);
    video('Dev_files/1_1_21_1', 2);
    video('Test_files/1_3_36_1', 3);
    const words = ['pad', 'prepare', '--dataset', 'oulu-npu', '--root', root, '--size', '64', '--frames', 'every:2'];
    const { status, stdout } = gossamer([...words, '--out', path.join(scratch, 'prepared')]);
    expect(stdout).toContain('6 faces of 64 x 64');
    expect(status).toBe(0);
    const manifest = JSON.parse(fs.readFileSync(path.join(scratch, 'prepared/manifest.json'), 'utf8')) as {
      origin: { ffmpeg: string };
    };
    expect(manifest.origin.ffmpeg).toMatch(/^\S+$/);

    // Half of a picture is decoded, with a complaint.
    const damaged = path.join(root, 'Test_files/1_3_36_1.avi');
    const whole = fs.readFileSync(damaged);
    const bytes = Buffer.from(whole);
    const second = bytes.indexOf(Buffer.from([0xff, 0xd8]), bytes.indexOf(Buffer.from([0xff, 0xd8])) + 2);
    bytes.fill(0, second, second + 200);
    fs.writeFileSync(damaged, bytes);
    const refused = gossamer([...words, '--frames', 'all', '--out', path.join(scratch, 'fourth')]);
    expect([refused.status, refused.stderr]).toEqual([1, expect.stringContaining(`${damaged}: it is damaged`)]);
    const kept = gossamer([...words, '--frames', 'all', '--out', path.join(scratch, 'fifth'), '--keep-damaged']);
    expect(kept.status).toBe(0);
    expect(kept.stdout).toContain('Doubts: 1 damaged warning.');
    fs.writeFileSync(damaged, whole);

    const cut = path.join(root, 'Dev_files/1_1_21_1.avi');
    fs.truncateSync(cut, 100);
    const failed = gossamer([...words, '--out', path.join(scratch, 'second')]);
    expect(failed.status).toBe(1);
    expect(failed.stderr).toContain(`${cut}: it does not decode as a video`);
    const skipped = gossamer([...words, '--out', path.join(scratch, 'third'), '--skip-bad', '--json']);
    const { crops, doubts } = JSON.parse(skipped.stdout) as { crops: number; doubts: { reason: string; about: string }[] };
    expect(crops).toBe(4);
    expect(doubts).toEqual([expect.objectContaining({ reason: 'unreadable', about: 'Dev_files/1_1_21_1' })]);
  });
});
