import fs from 'node:fs';
import path from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { ConfigError, FormatError } from '../../src/errors.js';
import { inspectDataset } from '../../src/pad/inspect.js';
import type { PrepareOptions } from '../../src/pad/options.js';
import { prepareDataset } from '../../src/pad/prepare.js';
import { openPrepared } from '../../src/pad/prepared/open.js';
import { drawnPng, drawVideos, expectDataError, tempFolder, write } from './helpers.js';

/** Small crops of all frames. */
const small = { size: 32, frames: 'all' } as const;

/** A manifest set of pictures, one of each row's person; the box is the drawn face's unless a row says something else. */
async function manifestSet(
  rows: readonly { name: string; split: string; species?: string; subject?: string; box?: string; person: number }[],
) {
  const root = tempFolder();
  const lines = ['file,split,label,species,subject,box'];
  for (const { name, split, species = '', subject = '', box, person } of rows) {
    const drawn = await drawnPng(person);
    write(root, { [name]: drawn.png });
    lines.push([name, split, species ? 'attack' : 'live', species, subject, box ?? drawn.box.join(' ')].join(','));
  }
  return write(root, { 'manifest.csv': `${lines.join('\n')}\n` });
}

const usual = [
  { name: 'a.png', split: 'train', subject: 'a', person: 1 },
  { name: 'b.png', split: 'train', subject: 'b', species: 'print', person: 2 },
  { name: 'c.png', split: 'dev', subject: 'c', person: 3 },
  { name: 'd.png', split: 'test', subject: 'd', species: 'replay', person: 4 },
];

function prepare(root: string, options: Partial<PrepareOptions> & { out?: string; resume?: boolean } = {}) {
  return prepareDataset({ dataset: 'manifest', root, out: path.join(tempFolder(), 'prepared'), ...small, ...options });
}

/** Names and bytes of all files of a folder. */
function contents(folder: string): Map<string, string> {
  return new Map(fs.readdirSync(folder).map((name) => [name, fs.readFileSync(path.join(folder, name)).toString('latin1')]));
}

type FrameBox = readonly [left: number, top: number, width: number, height: number];

/** How each set that comes with boxes writes those of a video's frames. */
const boxWriters: Readonly<Record<string, (root: string, stem: string, boxes: readonly FrameBox[]) => void>> = {
  // Eyes that make the box: half of its width apart, at 0.7 / 2.4 of its height.
  'oulu-npu': (root, stem, boxes) => {
    const line = ([left, top, width]: FrameBox, i: number) =>
      [i, left + width / 4, top + 0.35 * width, left + 0.75 * width, top + 0.35 * width].join(',');
    write(root, { [`${stem}.txt`]: boxes.map(line).join('\n') });
  },
  'replay-attack': (root, stem, boxes) => {
    write(root, { [`face-locations/${stem}.face`]: boxes.map((box, i) => [i, ...box].join(' ')).join('\n') });
  },
  'msu-mfsd': (root, stem, boxes) => {
    const line = ([left, top, width, height]: FrameBox, i: number) =>
      [i + 1, left, top, left + width, top + height, 0, 0, 0, 0].join(', ');
    write(root, { [`${stem}.face`]: boxes.map(line).join('\n'), 'train_sub_list.txt': '01\n02\n', 'test_sub_list.txt': '03\n' });
  },
  siw: (root, stem, boxes) => {
    const line = ([left, top, width, height]: FrameBox) => [left, top, left + width, top + height].join(' ');
    write(root, { [`${stem}.face`]: boxes.map(line).join('\n') });
  },
};

describe('prepareDataset on the layout of', () => {
  it.each([
    ['oulu-npu', ['Train_files/1_1_01_1', 'Dev_files/1_1_21_2', 'Test_files/1_3_36_4']],
    [
      'replay-attack',
      [
        'train/real/client001_session01_webcam_authenticate_adverse_1',
        'devel/real/client016_session01_webcam_authenticate_controlled_2',
        'test/attack/fixed/attack_print_client031_session01_highdef_photo_adverse',
      ],
    ],
    [
      'msu-mfsd',
      [
        'scene01/real/real_client001_android_SD_scene01',
        'scene01/real/real_client002_android_SD_scene01',
        'scene01/attack/attack_client003_laptop_SD_ipad_video_scene01',
      ],
    ],
    ['siw', ['Train/live/001/001-1-1-1-1', 'Train/spoof/002/002-1-3-1-1', 'Test/spoof/091/091-1-2-1-1']],
  ])('%s takes its boxes', async (dataset, stems) => {
    const root = tempFolder();
    await drawVideos(root, stems, (stem, boxes) => boxWriters[dataset]!(root, stem, boxes));
    const result = await prepare(root, { dataset });
    expect(result).toMatchObject({ complete: true, crops: 9, title: expect.any(String) as string });
    const { frames, presentations, manifest } = await openPrepared(result.folder, { verify: true });
    expect(presentations.map(({ id }) => id)).toEqual([...stems].sort());
    expect(frames.map(({ presentation, frame }) => [presentation, frame])).toEqual(
      [0, 1, 2].flatMap((presentation) => [0, 1, 2].map((frame) => [presentation, frame])),
    );
    const { box } = await drawnPng(0, 0);
    const first = frames.find(({ presentation, frame }) => presentations[presentation]!.id === stems[0] && frame === 0)!;
    expect('box' in first && first.box.slice(0, 3)).toEqual(box.slice(0, 3));
    expect(manifest.settings).toMatchObject({ dataset, scale: 1.4, aspect: 'keep', fill: 'edge', depth: 'dome', size: 32 });
  });

  it.each([
    ['casia-fasd', ['train_release/1/1', 'train_release/2/HR_2', 'test_release/1/5']],
    ['siw-m', ['Live/Train/Live_1', 'Live/Test/Live_2', 'Spoof/Paper/Paper_1']],
  ] as const)('%s needs boxes from elsewhere', async (dataset, stems) => {
    const root = tempFolder();
    const lines = ['file,frame,left,top,width,height'];
    await drawVideos(root, stems, (stem, boxes) => void lines.push(...boxes.map((box, i) => [stem, i, ...box].join(','))));
    await expect(prepare(root, { dataset })).rejects.toThrow(/comes without boxes/);
    const boxes = path.join(write(tempFolder(), { 'boxes.csv': lines.join('\n') }), 'boxes.csv');
    const result = await prepare(root, { dataset, boxes });
    expect(result.crops).toBe(9);
    expect(result.settings.boxes).toEqual({ from: 'file', sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string });
  });
});

describe('prepareDataset', () => {
  it('stores crops and depth maps that are what they should be', async () => {
    const root = await manifestSet(usual);
    const { folder } = await prepare(root, { scale: 1, fill: 'black' });
    const { frames, manifest } = await openPrepared(folder, { verify: true });
    expect(frames).toHaveLength(4);
    const [shard] = manifest.shards;
    const bytes = fs.readFileSync(path.join(folder, shard!.file));
    const crop = bytes.subarray(shard!.images, shard!.images + 32 * 32 * 3);
    // The face's middle is in the middle of its crop.
    const { png, box } = await drawnPng(1);
    const [left, top, width, height] = box;
    const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true });
    const middle = ((top + Math.floor(height / 2)) * info.width + left + Math.floor(width / 2)) * 3;
    for (let channel = 0; channel < 3; channel++) {
      expect(Math.abs(crop[(16 * 32 + 16) * 3 + channel]! - data[middle + channel]!)).toBeLessThan(40);
    }
    const depth = (row: number) => bytes.subarray(shard!.depth + row * 16, shard!.depth + (row + 1) * 16);
    const live = frames.flatMap((frame) => ('row' in frame && [0, 2].includes(frame.presentation) ? [frame.row] : []));
    const attacks = frames.flatMap((frame) => ('row' in frame && [1, 3].includes(frame.presentation) ? [frame.row] : []));
    for (const row of live) expect(Math.max(...depth(row))).toBeGreaterThan(200);
    for (const row of attacks) expect(Math.max(...depth(row))).toBe(0);
  });

  it('gives the same bytes for the same set', async () => {
    const root = await manifestSet(usual);
    const [first, second] = [await prepare(root), await prepare(root)];
    expect(contents(second.folder)).toEqual(contents(first.folder));
  });

  it('makes depth maps of ones, or reads them', async () => {
    const root = await manifestSet(usual);
    const depthOf = async (folder: string) => {
      const { manifest } = await openPrepared(folder);
      const [shard] = manifest.shards;
      return fs.readFileSync(path.join(folder, shard!.file)).subarray(shard!.depth);
    };
    const ones = await depthOf((await prepare(root, { depth: 'ones' })).folder);
    expect(ones).toEqual(Buffer.from([255, 0, 255, 0].flatMap((value) => Array<number>(16).fill(value))));

    const map = await sharp({ create: { width: 64, height: 64, channels: 3, background: '#505050' } })
      .png()
      .toBuffer();
    const maps = write(tempFolder(), { 'a.png.png': map, 'c.png/0.png': map });
    const read = await depthOf((await prepare(root, { depth: 'files', depthFolder: maps, scale: 0.5 })).folder);
    expect(read).toEqual(Buffer.from([0x50, 0, 0x50, 0].flatMap((value) => Array<number>(16).fill(value))));

    await expectDataError(prepare(root, { depth: 'files' }), { reason: 'missing-depth' });
    fs.rmSync(path.join(maps, 'c.png'), { recursive: true });
    await expectDataError(prepare(root, { depth: 'files', depthFolder: maps }), { reason: 'missing-depth' });
    write(maps, { 'c.png.png': (await drawnPng(1, 0, 80)).png });
    await expectDataError(prepare(root, { depth: 'files', depthFolder: maps }), { reason: 'depth-size' });
  });

  it('counts a frame without a box, and never takes the whole picture for the face', async () => {
    const rows = [...usual, { name: 'e.png', split: 'test', box: '500 500 20 20', person: 5 }];
    const root = await manifestSet(rows);
    const boxless = fs.readFileSync(path.join(root, 'manifest.csv'), 'utf8').replace(/^(c\.png,.*,)[\d ]+$/m, '$1');
    write(root, { 'manifest.csv': boxless });
    const result = await prepare(root);
    expect(result.crops).toBe(3);
    const { frames, manifest, presentations } = await openPrepared(result.folder);
    const failed = frames.filter((frame) => 'failure' in frame);
    expect(failed.map((frame) => [presentations[frame.presentation]!.id, frame.failure])).toEqual([
      ['c.png', 'no-box'],
      ['e.png', 'box-outside'],
    ]);
    expect(manifest.failures).toEqual({ 'no-box': 1, 'box-outside': 1 });
    expect(result.doubts.filter(({ reason }) => reason === 'no-face')).toHaveLength(2);
    expect(result.splits.find(({ split }) => split === 'test')).toMatchObject({ frames: 2, failures: 1 });
    const none = await manifestSet(usual.map((row) => ({ ...row, box: '' })));
    await expectDataError(prepare(none), { reason: 'no-faces' });
  });

  it('warns of boxes that reach beyond the picture', async () => {
    const root = await manifestSet(usual.map((row, i) => (i === 0 ? { ...row, box: '-10 10 40 40' } : row)));
    const { doubts, crops } = await prepare(root);
    expect(crops).toBe(4);
    expect(doubts.map(({ severity, reason, about }) => [severity, reason, about])).toEqual([
      ['warning', 'box-overhangs', 'a.png'],
    ]);
  });

  it('asks a detector in place of the boxes of the set', async () => {
    const root = await manifestSet(usual);
    const text = 'export default ({ data }) => data[0] > 127 ? [] : [{ left: 8, top: 8, width: 40, height: 40, score: 1 }];';
    const detector = path.join(write(tempFolder(), { 'd.mjs': text }), 'd.mjs');
    const { folder } = await prepare(root, { detector });
    const { frames } = await openPrepared(folder);
    const bright = await Promise.all(
      usual.map(
        async ({ person }) =>
          (
            await sharp((await drawnPng(person)).png)
              .raw()
              .toBuffer()
          )[0]! > 127,
      ),
    );
    expect(new Set(bright).size).toBe(2);
    expect(frames.map((frame) => ('failure' in frame ? frame.failure : frame.box))).toEqual(
      bright.map((isBright) => (isBright ? 'no-box' : [8, 8, 40, 40])),
    );
    await expect(prepare(root, { detector, boxes: detector })).rejects.toThrow(ConfigError);
  });

  it.each([
    [{ size: 30 }, 'multiple of 8'],
    [{ scale: 0.1 }, '0.5 to 4'],
    [{ frames: 'most' }, 'evenly:N'],
    [{ depthFolder: '/maps' }, '--depth files only'],
    [{ dataset: 'manifst' }, 'Did you mean "manifest"?'],
    [{ boxes: '/nowhere.csv' }, 'there is no such file'],
  ])('refuses %j', async (options, text) => {
    const root = await manifestSet(usual.slice(0, 1));
    await expect(prepare(root, options)).rejects.toThrow(text);
  });
});

describe('doubts', () => {
  it('subjects in two splits are an error before anything is written', async () => {
    const root = await manifestSet(usual.map((row) => ({ ...row, subject: 'same' })));
    const out = path.join(tempFolder(), 'prepared');
    const error = await expectDataError(prepare(root, { out }), { reason: 'subject-in-several-splits' });
    expect(error.message).toContain('subject same is in dev and test and train of protocol all');
    expect(fs.existsSync(out)).toBe(false);
  });

  it('the same picture in two splits is an error, unless it is allowed', async () => {
    const root = await manifestSet(usual.map((row) => (row.name === 'd.png' ? { ...row, person: 1 } : row)));
    const error = await expectDataError(prepare(root), { reason: 'duplicate-frame' });
    expect(error.message).toContain('a.png (train of protocol all) and in d.png (test)');
    const { doubts, complete } = await prepare(root, { allowDuplicates: true });
    expect(complete).toBe(true);
    expect(doubts.map(({ severity, reason }) => [severity, reason])).toEqual([['warning', 'duplicate-frame']]);
  });

  it('the same picture under two labels is a warning', async () => {
    const root = await manifestSet(usual.map((row) => (row.name === 'b.png' ? { ...row, person: 1 } : row)));
    expect((await prepare(root)).doubts.map(({ reason }) => reason)).toEqual(['duplicate-label']);
  });

  it('what is missing or broken is an error, unless it may be left out', async () => {
    const root = await manifestSet(usual);
    fs.rmSync(path.join(root, 'b.png'));
    await expectDataError(prepare(root), { reason: 'missing' });
    write(root, { 'c.png': 'no picture' });
    const { crops, doubts } = await prepare(root, { skipBad: true });
    expect(crops).toBe(2);
    expect(doubts.map(({ severity, reason, about }) => [severity, reason, about])).toEqual([
      ['warning', 'missing', 'b.png'],
      ['warning', 'undecodable', 'c.png'],
    ]);
    write(root, { 'b.png': (await drawnPng(2)).png });
    await expectDataError(prepare(root), { reason: 'undecodable' });
  });

  it('are all told by a dry run, which writes nothing and counts everything', async () => {
    const rows = [
      ...usual,
      { name: 'e.png', split: 'test', subject: 'a', person: 1 },
      { name: 'f.png', split: 'dev', person: 6 },
    ];
    const root = await manifestSet(rows);
    fs.rmSync(path.join(root, 'b.png'));
    write(root, { 'f.png': 'no picture' });
    const before = fs.readdirSync(root);
    const inspection = await inspectDataset({ dataset: 'manifest', root, ...small });
    expect(fs.readdirSync(root)).toEqual(before);
    expect(inspection.complete).toBe(true);
    const stopped = await inspectDataset({ dataset: 'manifest', root, ...small, signal: AbortSignal.abort() });
    expect(stopped.complete).toBe(false);
    expect(inspection.doubts.map(({ severity, reason }) => [severity, reason])).toEqual([
      ['error', 'missing'],
      ['error', 'subject-in-several-splits'],
      ['error', 'duplicate-frame'],
      ['error', 'undecodable'],
    ]);
    expect(inspection.splits).toEqual([
      {
        protocol: 'all',
        split: 'train',
        presentations: 2,
        bonaFide: 1,
        attacks: 1,
        species: { print: 1 },
        subjects: 2,
        frames: 1,
        failures: 0,
      },
      {
        protocol: 'all',
        split: 'dev',
        presentations: 2,
        bonaFide: 2,
        attacks: 0,
        species: {},
        subjects: 1,
        frames: 1,
        failures: 0,
      },
      {
        protocol: 'all',
        split: 'test',
        presentations: 2,
        bonaFide: 1,
        attacks: 1,
        species: { replay: 1 },
        subjects: 2,
        frames: 2,
        failures: 0,
      },
    ]);
    expect(inspection.subjects).toEqual([
      { subject: 'a', bonaFide: 2, attacks: 0 },
      { subject: 'b', bonaFide: 0, attacks: 1 },
      { subject: 'c', bonaFide: 1, attacks: 0 },
      { subject: 'd', bonaFide: 0, attacks: 1 },
    ]);
  });
});

describe('the folder', () => {
  /** Crops of 1024 x 1024: 16 of them fill a shard. */
  const large = { size: 1024, frames: 'all' } as const;
  const many = Array.from({ length: 20 }, (_, i) => ({ name: `${String(i).padStart(2, '0')}.png`, split: 'train', person: i }));

  it('of an interrupted run is gone on with, to the same bytes', async () => {
    const root = await manifestSet(many);
    const whole = await prepare(root, large);
    expect(fs.readdirSync(whole.folder).filter((name) => name.startsWith('shard-'))).toHaveLength(2);
    const out = path.join(tempFolder(), 'prepared');
    const controller = new AbortController();
    const onProgress = ({ done }: { done: number }) => done === 17 && controller.abort();
    const part = await prepare(root, { ...large, out, onProgress, signal: controller.signal });
    expect(part).toMatchObject({ complete: false, crops: 17 });
    // As if it had been killed while it wrote the next shard: the part that was flushed at the end is gone.
    fs.rmSync(path.join(out, 'shard-00001.safetensors'));
    fs.writeFileSync(path.join(out, '.shard-00001.safetensors.0123456789ab.tmp'), 'half');
    await expect(openPrepared(out)).rejects.toThrow('interrupted');
    await expect(prepare(root, { ...large, out })).rejects.toThrow('--resume');
    const other = prepare(root, { ...large, out, resume: true, scale: 2 });
    await expect(other).rejects.toMatchObject({ reason: 'other-run' });
    const seen: number[] = [];
    const resumed = await prepare(root, { ...large, out, resume: true, onProgress: ({ done }) => seen.push(done) });
    expect(resumed).toMatchObject({ complete: true, crops: 20 });
    expect(seen[0]).toBe(17);
    expect(contents(out)).toEqual(contents(whole.folder));
  });

  it('is not written to twice, nor where others have files', async () => {
    const root = await manifestSet(usual);
    const { folder } = await prepare(root);
    for (const resume of [false, true]) {
      await expect(prepare(root, { out: folder, resume })).rejects.toThrow('holds complete prepared data already');
    }
    const others = write(tempFolder(), { 'thesis.txt': 'x' });
    await expect(prepare(root, { out: others })).rejects.toThrow('thesis.txt');
    await expect(prepare(root, { out: path.join(others, 'thesis.txt', 'x') })).rejects.toThrow(ConfigError);
  });
});

describe('openPrepared', () => {
  const made = async () => (await prepare(await manifestSet(usual))).folder;
  const change = (folder: string, name: string, from: string | RegExp, to: string) => {
    const file = path.join(folder, name);
    const text = fs.readFileSync(file, 'utf8');
    const changed = text.replace(from, to);
    expect(changed).not.toBe(text);
    fs.writeFileSync(file, changed);
  };
  const refuses = async (folder: string, reason: string, options = {}) => {
    const error = await openPrepared(folder, options).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(FormatError);
    expect((error as FormatError).reason).toBe(reason);
  };

  it.each([
    ['manifest.json', '"version": 1', '"version": 2', 'other-version'],
    ['manifest.json', '"gossamer-pad"', '"other"', 'bad-manifest'],
    ['manifest.json', '"scale": 1.4', '"scale": -1', 'bad-manifest'],
    ['manifest.json', '{', '', 'not-json'],
    ['manifest.json', '"lines": 4', '"lines": 5', 'bad-list'],
    ['frames.jsonl', '"frame":0', '"frame":1', 'changed'],
    ['presentations.jsonl', 'bona-fide', 'bonafide', 'changed'],
  ])('refuses %s with %s changed to %s', async (file, from, to, reason) => {
    const folder = await made();
    change(folder, file, from, to);
    await refuses(folder, reason);
  });

  it('refuses shards that are missing, cut short or, when asked to look, changed', async () => {
    const folder = await made();
    const shard = path.join(folder, 'shard-00000.safetensors');
    const bytes = fs.readFileSync(shard);
    bytes[bytes.length - 1]! ^= 1;
    fs.writeFileSync(shard, bytes);
    await openPrepared(folder);
    await refuses(folder, 'changed', { verify: true });
    fs.writeFileSync(shard, bytes.subarray(1));
    await refuses(folder, 'shard-size');
    fs.rmSync(shard);
    await refuses(folder, 'missing-shard');
    await refuses(tempFolder(), 'incomplete');
    await refuses('/nowhere', 'not-found');
  });
});
