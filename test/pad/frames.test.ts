import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/errors.js';
import { chosenFrames, formatFrameChoice, parseFrameChoice } from '../../src/pad/frames/choice.js';
import { ffmpegVersion } from '../../src/pad/frames/ffmpeg.js';
import { readPpms } from '../../src/pad/frames/ppm.js';
import { type Frame, framesInFolder, readFrames } from '../../src/pad/frames/read.js';
import type { Media } from '../../src/pad/presentation.js';
import { drawnPng, drawVideos, expectDataError, tempFolder, touch, write } from './helpers.js';

const hasFfmpeg = spawnSync('ffmpeg', ['-version']).status === 0;

async function collect(media: Media, choice = 'all', complaints: string[] = []): Promise<Frame[]> {
  const frames: Frame[] = [];
  for await (const frame of readFrames(media, parseFrameChoice(choice), (complaint) => complaints.push(complaint)))
    frames.push(frame);
  return frames;
}

describe('the choice of frames', () => {
  it.each([
    ['all', 5, [0, 1, 2, 3, 4]],
    ['every:2', 5, [0, 2, 4]],
    ['every:9', 5, [0]],
    ['evenly:2', 5, [1, 3]],
    ['evenly:8', 5, [0, 1, 2, 3, 4]],
    ['evenly:4', 100, [12, 37, 62, 87]],
    ['evenly:8', 0, []],
  ])('%s of %i', (text, total, expected) => {
    expect(chosenFrames(parseFrameChoice(text), total)).toEqual(expected);
    expect(formatFrameChoice(parseFrameChoice(text))).toBe(text);
  });

  it.each(['', 'every', 'every:0', 'evenly:-1', 'evenly:1.5', 'some'])('%j is none', (text) => {
    expect(() => parseFrameChoice(text)).toThrow(ConfigError);
  });
});

describe('a stream of PPM pictures', () => {
  const bytes = Buffer.concat([
    Buffer.from('P6\n2 1\n255\nabcdef'),
    Buffer.from('P6\n1 1\n255\nxyz'),
    Buffer.from('P6\n9 9\n255\ncut'),
  ]);

  it.each([1, 3, 7, 1000])('is read in pieces of %i bytes, what is cut short left out', async (size) => {
    async function* pieces() {
      for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
    }
    const pictures = [];
    for await (const { data, width, height } of readPpms(pieces())) pictures.push([Buffer.from(data).toString(), width, height]);
    expect(pictures).toEqual([
      ['abcdef', 2, 1],
      ['xyz', 1, 1],
    ]);
  });
});

describe('a folder of frames', () => {
  const numbers = async (...names: string[]) => (await framesInFolder(touch(tempFolder(), names))).map(({ number }) => number);

  it('is numbered by its names, from 0 or from 1, or by place', async () => {
    expect(await numbers('f_0.png', 'f_5.png', 'f_10.png')).toEqual([0, 5, 10]);
    expect(await numbers('f1.png', 'f2.png', 'f10.png')).toEqual([0, 1, 9]);
    expect(await numbers('1_1_01_1_000_scene.jpg', '1_1_01_1_007_scene.jpg')).toEqual([0, 7]);
    expect(await numbers('a.png', 'b.png', 'list.txt')).toEqual([0, 1]);
    expect(await numbers('take1_5.png', 'take2_5.png')).toEqual([0, 1]);
    await expectDataError(numbers('list.txt'), { reason: 'empty' });
  });

  it('is read in the order of the numbers, with the boxes beside the pictures', async () => {
    const root = await drawVideos(tempFolder(), ['v']);
    write(root, { 'v/001.dat': '10\n20\n30\n40\n' });
    const frames = await collect({ kind: 'frames', path: path.join(root, 'v') });
    expect(frames.map(({ number, picture }) => [number, picture.width, picture.height])).toEqual([
      [0, 64, 64],
      [1, 64, 64],
      [2, 64, 64],
    ]);
    expect(frames.map(({ box }) => box)).toEqual([null, { left: 10, top: 20, width: 30, height: 40 }, null]);
    write(root, { 'v/001.dat': '10 20 30' });
    await expectDataError(collect({ kind: 'frames', path: path.join(root, 'v') }), { reason: 'bad-box' });
  });
});

describe('a picture', () => {
  it('is one frame', async () => {
    const file = path.join(write(tempFolder(), { 'a.png': (await drawnPng(1)).png }), 'a.png');
    expect(await collect({ kind: 'picture', path: file })).toMatchObject([{ number: 0, file }]);
  });

  it('that is missing or broken is named', async () => {
    await expectDataError(collect({ kind: 'picture', path: '/nowhere.png' }), { reason: 'not-found' });
    const file = path.join(write(tempFolder(), { 'a.png': 'no picture' }), 'a.png');
    await expectDataError(collect({ kind: 'picture', path: file }), { reason: 'undecodable', file });
    await expectDataError(collect({ kind: 'missing', path: '/nowhere' }), { reason: 'not-found' });
  });
});

describe.skipIf(!hasFfmpeg)('a video', () => {
  // 20 frames, each of another grey: 10, 20, 30 and so on.
  const folder = tempFolder();
  const ffmpeg = (words: string[], input?: Buffer) => execFileSync('ffmpeg', ['-v', 'error', '-y', ...words], { input });
  const side = 64;
  const greys = Buffer.concat(Array.from({ length: 20 }, (_, i) => Buffer.alloc(side * side * 3, 10 * (i + 1))));
  const raw = ['-f', 'rawvideo', '-pix_fmt', 'rgb24', '-s', `${side}x${side}`, '-r', '30', '-i', '-'];
  const avi = path.join(folder, 'a.avi');
  const mp4 = path.join(folder, '-b.mp4');
  ffmpeg([...raw, '-c:v', 'ffv1', avi], greys);
  ffmpeg([...raw, '-c:v', 'mpeg4', '-q:v', '2', `file:${mp4}`], greys);
  const grey = ({ picture }: Frame) => Math.round(picture.data[0]! / 10) - 1;

  it.each([avi, mp4])('gives the chosen frames: %s', async (file) => {
    const media = { kind: 'video' as const, path: file };
    const complaints: string[] = [];
    for (const [choice, expected] of [
      ['all', Array.from({ length: 20 }, (_, i) => i)],
      ['every:7', [0, 7, 14]],
      ['evenly:4', [2, 7, 12, 17]],
    ] as const) {
      const frames = await collect(media, choice, complaints);
      expect(frames.map(({ number }) => number)).toEqual(expected);
      expect(frames.map(grey)).toEqual(expected);
    }
    expect(complaints).toEqual([]);
  });

  it('that is cut short gives what it has, with a complaint, or nothing', async () => {
    const cutAvi = path.join(folder, 'cut.mkv');
    const mkv = path.join(folder, 'whole.mkv');
    ffmpeg(['-i', avi, '-c', 'copy', mkv]);
    const bytes = fs.readFileSync(mkv);
    fs.writeFileSync(cutAvi, bytes.subarray(0, Math.floor(bytes.length * 0.6)));
    const complaints: string[] = [];
    const frames = await collect({ kind: 'video', path: cutAvi }, 'all', complaints);
    expect(frames.length).toBeGreaterThan(2);
    expect(frames.length).toBeLessThan(20);
    expect(complaints).toHaveLength(1);
    // The table of an MP4 file stands at its end.
    const cutMp4 = path.join(folder, 'cut.mp4');
    fs.writeFileSync(cutMp4, fs.readFileSync(mp4).subarray(0, 600));
    for (const choice of ['all', 'evenly:3']) {
      const error = await expectDataError(collect({ kind: 'video', path: cutMp4 }, choice), {
        reason: 'unreadable',
        file: cutMp4,
      });
      expect(error.message).toContain('moov atom not found');
    }
  });

  it('that is left before its end ends ffmpeg', async () => {
    for await (const frame of readFrames({ kind: 'video', path: avi }, { kind: 'all' }, () => {})) {
      expect(frame.number).toBe(0);
      break;
    }
  });

  it('knows the version of ffmpeg', async () => {
    expect(await ffmpegVersion()).toMatch(/^\S+$/);
  });
});
