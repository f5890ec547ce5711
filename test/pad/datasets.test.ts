import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/errors.js';
import { datasetReader } from '../../src/pad/datasets/index.js';
import type { Dataset, Presentation } from '../../src/pad/presentation.js';
import { composition, drawVideos, expectDataError, tempFolder, touch, write } from './helpers.js';

const two = (n: number) => String(n).padStart(2, '0');
const three = (n: number) => String(n).padStart(3, '0');
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

function read(name: string, root: string, seed = 0): Promise<Dataset> {
  return datasetReader(name).read(root, { seed });
}

function find({ presentations }: Dataset, id: string): Presentation {
  return presentations.find((presentation) => presentation.id === id)!;
}

/** Subjects by split: no protocol may have one twice. */
function expectDisjoint({ protocols, presentations }: Dataset): void {
  for (const { name } of protocols) {
    const splitOf = new Map<string, string>();
    for (const { subject, splits } of presentations) {
      const split = splits[name];
      if (subject === null || !split) continue;
      expect(splitOf.get(subject) ?? split, `${subject} of ${name}`).toBe(split);
      splitOf.set(subject, split);
    }
  }
}

describe('OULU-NPU', () => {
  const names = (folder: string, users: readonly number[]) =>
    range(1, 6).flatMap((phone) =>
      range(1, 3).flatMap((session) =>
        users.flatMap((user) => range(1, 5).map((file) => `${folder}/${phone}_${session}_${two(user)}_${file}.avi`)),
      ),
    );
  const all = [
    ...names('Train_files', range(1, 20)),
    ...names('Dev_files', range(21, 35)),
    ...names('Test_files', range(36, 55)),
  ];

  it('has the published composition of all four protocols and their folds', async () => {
    const dataset = await read('oulu-npu', touch(tempFolder(), all));
    expect(dataset.presentations).toHaveLength(4950);
    expect(dataset.doubts).toEqual([]);
    expect(dataset.protocols.map(({ name }) => name)).toEqual([
      ...['1', '2'],
      ...range(1, 6).map((phone) => `3.${phone}`),
      ...range(1, 6).map((phone) => `4.${phone}`),
    ]);
    const { presentations } = dataset;
    expect(composition(presentations, '1')).toEqual({ train: [1200, 240], dev: [900, 180], test: [600, 120] });
    expect(composition(presentations, '2')).toEqual({ train: [1080, 360], dev: [810, 270], test: [1080, 360] });
    for (const phone of range(1, 6)) {
      expect(composition(presentations, `3.${phone}`)).toEqual({ train: [1500, 300], dev: [1125, 225], test: [300, 60] });
      expect(composition(presentations, `4.${phone}`)).toEqual({ train: [600, 200], dev: [450, 150], test: [60, 20] });
    }
    expectDisjoint(dataset);
  });

  it('keeps what is tested out of what is learnt', async () => {
    const { presentations } = await read('oulu-npu', touch(tempFolder(), all));
    const of = (protocol: string, split: string) => presentations.filter(({ splits }) => splits[protocol] === split);
    const kinds = (list: readonly Presentation[]) => [...new Set(list.map(({ species }) => species))].sort();
    expect(new Set(of('1', 'train').map(({ session }) => session))).toEqual(new Set(['1', '2']));
    expect(new Set(of('1', 'test').map(({ session }) => session))).toEqual(new Set(['3']));
    expect(kinds(of('2', 'train'))).toEqual(['print-1', 'replay-1', null].sort());
    expect(kinds(of('2', 'test'))).toEqual(['print-2', 'replay-2', null].sort());
    expect(new Set(of('3.4', 'test').map(({ device }) => device))).toEqual(new Set(['phone-4']));
    expect(of('3.4', 'train').some(({ device }) => device === 'phone-4')).toBe(false);
    const fourth = of('4.2', 'test');
    expect(fourth.every(({ session, device }) => session === '3' && device === 'phone-2')).toBe(true);
    expect(kinds(fourth)).toEqual(kinds(of('2', 'test')));
  });

  it('makes boxes of the eyes beside a video', async () => {
    const root = touch(tempFolder(), ['Train_files/1_1_01_1.avi', 'Train_files/1_1_01_2.avi', 'Train_files/readme.avi']);
    write(root, { 'Train_files/1_1_01_1.txt': '0,100,50,140,50\n1,0,0,0,0\n2,101,52,141,52\n' });
    const dataset = await read('oulu-npu', root);
    expect(find(dataset, 'Train_files/1_1_01_1')).toMatchObject({
      label: 'bona-fide',
      species: null,
      subject: '01',
      session: '1',
      device: 'phone-1',
    });
    expect(find(dataset, 'Train_files/1_1_01_2')).toMatchObject({ label: 'attack', species: 'print-1', boxes: null });
    const boxes = await find(dataset, 'Train_files/1_1_01_1').boxes!();
    // The eyes are 40 apart and their middle is at (120, 50): 80 wide, 96 high, 28 above the eyes.
    expect(boxes.get(0)).toEqual({ left: 80, top: 22, width: 80, height: 96 });
    expect(boxes.get(1)).toBeUndefined();
    expect(dataset.doubts.map(({ reason, about }) => [reason, about])).toEqual([
      ['unknown-name', 'Train_files/readme'],
      ['missing-folder', 'Dev_files'],
      ['missing-folder', 'Test_files'],
    ]);
  });
});

describe('CASIA-FASD', () => {
  const videos = [...range(1, 8).map(String), ...range(1, 4).map((n) => `HR_${n}`)];
  const all = [
    ...range(1, 20).flatMap((person) => videos.map((name) => `train_release/${person}/${name}.avi`)),
    ...range(1, 30).flatMap((person) => videos.map((name) => `test_release/${person}/${name}.avi`)),
  ];

  it('has the published composition; dev is made of a fifth of the training subjects, by seed', async () => {
    const root = touch(tempFolder(), all);
    const dataset = await read('casia-fasd', root);
    expect(dataset.presentations).toHaveLength(600);
    // 12 videos a subject, 3 of them bona fide; 16 + 4 subjects learn, 30 are tested.
    expect(composition(dataset.presentations, 'overall')).toEqual({ train: [192, 48], dev: [48, 12], test: [360, 90] });
    for (const quality of ['low', 'normal', 'high']) {
      expect(composition(dataset.presentations, quality)).toEqual({ train: [64, 16], dev: [16, 4], test: [120, 30] });
    }
    for (const kind of ['warped-photo', 'cut-photo', 'video']) {
      expect(composition(dataset.presentations, kind)).toEqual({ train: [96, 48], dev: [24, 12], test: [180, 90] });
    }
    expectDisjoint(dataset);
    const dev = async (seed: number) => {
      const { presentations } = await read('casia-fasd', root, seed);
      return [...new Set(presentations.filter(({ splits }) => splits['overall'] === 'dev').map(({ subject }) => subject))];
    };
    expect(await dev(0)).toHaveLength(4);
    expect(await dev(0)).toEqual(await dev(0));
    expect(await dev(0)).not.toEqual(await dev(1));
  });

  it('tells what each of the twelve videos is, and people of one number apart', async () => {
    const dataset = await read(
      'casia-fasd',
      touch(tempFolder(), [...all.filter((name) => /\/1\//.test(name)), 'train_release/1/9.avi']),
    );
    const facts = (id: string) => {
      const { species, subject, attributes } = find(dataset, id);
      return [species, subject, attributes['quality']];
    };
    expect(facts('train_release/1/1')).toEqual([null, 'train-1', 'low']);
    expect(facts('train_release/1/2')).toEqual([null, 'train-1', 'normal']);
    expect(facts('train_release/1/HR_1')).toEqual([null, 'train-1', 'high']);
    expect(facts('train_release/1/4')).toEqual(['warped-photo', 'train-1', 'normal']);
    expect(facts('train_release/1/HR_2')).toEqual(['warped-photo', 'train-1', 'high']);
    expect(facts('train_release/1/5')).toEqual(['cut-photo', 'train-1', 'low']);
    expect(facts('test_release/1/HR_3')).toEqual(['cut-photo', 'test-1', 'high']);
    expect(facts('test_release/1/7')).toEqual(['video', 'test-1', 'low']);
    expect(facts('test_release/1/HR_4')).toEqual(['video', 'test-1', 'high']);
    expect(dataset.doubts.map(({ about }) => about)).toEqual(['train_release/1/9']);
  });
});

describe('Replay-Attack', () => {
  const kinds = [
    'print_highdef_photo',
    'mobile_mobile_photo',
    'mobile_mobile_video',
    'highdef_highdef_photo',
    'highdef_highdef_video',
  ];
  const lights = ['adverse', 'controlled'];
  const names = (set: string, clients: readonly number[]) =>
    clients.flatMap((client) => [
      ...lights.flatMap((light) =>
        range(1, 2).map((take) => `${set}/real/client${three(client)}_session01_webcam_authenticate_${light}_${take}.mov`),
      ),
      ...['fixed', 'hand'].flatMap((support) =>
        kinds.flatMap((kind) => {
          const [instrument, device, sample] = kind.split('_');
          return lights.map(
            (light) =>
              `${set}/attack/${support}/attack_${instrument}_client${three(client)}_session01_${device}_${sample}_${light}.mov`,
          );
        }),
      ),
    ]);
  const all = [
    ...names('train', range(1, 15)),
    ...names('devel', range(16, 30)),
    ...names('test', range(31, 50)),
    'enroll/client001_session01_webcam_enroll_adverse_1.mov',
  ];

  it('has the published composition of its protocols', async () => {
    const dataset = await read('replay-attack', touch(tempFolder(), all));
    expect(dataset.presentations).toHaveLength(1200);
    expect(dataset.doubts).toEqual([]);
    const { presentations } = dataset;
    const attacks: Record<string, readonly [number, number, number]> = {
      grandtest: [300, 300, 400],
      print: [60, 60, 80],
      mobile: [120, 120, 160],
      highdef: [120, 120, 160],
      digitalphoto: [120, 120, 160],
      photo: [180, 180, 240],
      video: [120, 120, 160],
    };
    for (const [protocol, [train, dev, test]] of Object.entries(attacks)) {
      expect(composition(presentations, protocol), protocol).toEqual({
        train: [60 + train, 60],
        dev: [60 + dev, 60],
        test: [80 + test, 80],
      });
    }
    expectDisjoint(dataset);
  });

  it('reads the boxes of face-locations, and zeros as no face', async () => {
    const id = 'train/attack/hand/attack_mobile_client002_session01_mobile_video_adverse';
    const root = touch(tempFolder(), [`${id}.mov`]);
    write(root, { [`face-locations/${id}.face`]: '0 10 20 30 40\n1 0 0 0 0\n2 11 21 30 40\n' });
    const presentation = find(await read('replay-attack', root), id);
    expect(presentation).toMatchObject({
      species: 'mobile-video',
      subject: '002',
      attributes: { light: 'adverse', support: 'hand' },
    });
    const boxes = await presentation.boxes!();
    expect([0, 1, 2].map((frame) => boxes.get(frame))).toEqual([
      { left: 10, top: 20, width: 30, height: 40 },
      undefined,
      { left: 11, top: 21, width: 30, height: 40 },
    ]);
  });
});

describe('MSU-MFSD', () => {
  const extension = { android: 'mp4', laptop: 'mov' };
  const names = (client: number) =>
    (['android', 'laptop'] as const).flatMap((device) => [
      `scene01/real/real_client${three(client)}_${device}_SD_scene01.${extension[device]}`,
      ...['printed_photo', 'ipad_video', 'iphone_video'].map(
        (kind) => `scene01/attack/attack_client${three(client)}_${device}_SD_${kind}_scene01.${extension[device]}`,
      ),
    ]);
  const lists = {
    'train_sub_list.txt': `${range(1, 15).map(two).join('\r\n')}\r\n`,
    'test_sub_list.txt': range(16, 35).map(two).join('\n'),
  };

  it('has the published composition, and dev of the training clients', async () => {
    const root = write(touch(tempFolder(), range(1, 36).flatMap(names)), lists);
    const dataset = await read('msu-mfsd', root);
    expect(dataset.presentations).toHaveLength(280);
    expect(composition(dataset.presentations, 'all')).toEqual({ train: [96, 24], dev: [24, 6], test: [160, 40] });
    expect(dataset.doubts.map(({ reason }) => reason)).toEqual(Array(8).fill('unlisted-subject'));
    expectDisjoint(dataset);
  });

  it('reads left, top, right, bottom of the .face files', async () => {
    const [id] = names(1).map((name) => name.replace(/\.\w+$/, ''));
    const root = write(touch(tempFolder(), names(1)), lists);
    write(root, { [`${id}.face`]: '1, 150, 120, 350, 320, 200, 200, 300, 200\n2, 151, 121, 350, 320, 200, 200, 300, 200\n' });
    const boxes = await find(await read('msu-mfsd', root), id!).boxes!();
    // Numbered from 1: the first is frame 0.
    expect(boxes.get(0)).toEqual({ left: 150, top: 120, width: 200, height: 200 });
    expect(boxes.get(1)).toEqual({ left: 151, top: 121, width: 199, height: 199 });
  });

  it('refuses clients that are in both lists, or no list', async () => {
    const root = write(touch(tempFolder(), names(1)), { ...lists, 'test_sub_list.txt': '01\n' });
    await expectDataError(read('msu-mfsd', root), { reason: 'subject-in-two-splits' });
    fs.rmSync(path.join(root, 'train_sub_list.txt'));
    await expectDataError(read('msu-mfsd', root), { reason: 'not-found', file: /train_sub_list/ });
    write(root, { 'train_sub_list.txt': 'client 1\n' });
    await expectDataError(read('msu-mfsd', root), { reason: 'bad-row', record: 1 });
  });
});

describe('SiW', () => {
  // 8 bona fide, 2 printed and 16 replayed videos a subject.
  const names = (half: string, subject: number) => {
    const id = three(subject);
    const video = (kind: string, facts: string) => `${half}/${kind}/${id}/${id}-${facts}.mov`;
    return [
      ...[1, 2].flatMap((sensor) =>
        [1, 2].flatMap((medium) => [1, 2].map((session) => video('live', `${sensor}-1-${medium}-${session}`))),
      ),
      ...[1, 2].map((medium) => video('spoof', `1-2-${medium}-1`)),
      ...[1, 2].flatMap((sensor) =>
        range(1, 4).flatMap((medium) => [1, 2].map((session) => video('spoof', `${sensor}-3-${medium}-${session}`))),
      ),
    ];
  };

  it('splits 165 subjects as published, and each protocol by media and kinds', async () => {
    const all = [...range(1, 90).flatMap((s) => names('Train', s)), ...range(91, 165).flatMap((s) => names('Test', s))];
    const dataset = await read('siw', touch(tempFolder(), all));
    const { presentations, protocols } = dataset;
    expect(dataset.doubts).toEqual([]);
    // 72 + 18 subjects learn, 75 are tested.
    expect(composition(presentations, '1')).toEqual({
      train: [72 * 26, 72 * 8],
      dev: [18 * 26, 18 * 8],
      test: [75 * 26, 75 * 8],
    });
    expect(protocols[0]!.frameLimit).toEqual({ splits: ['train', 'dev'], frames: 60 });
    for (const medium of range(1, 4)) {
      // Three media of four videos each, against the fourth.
      const expected = { train: [72 * 20, 72 * 8], dev: [18 * 20, 18 * 8], test: [75 * 12, 75 * 8] };
      expect(composition(presentations, `2.${medium}`)).toEqual(expected);
      const tested = presentations.filter(({ splits, label }) => splits[`2.${medium}`] === 'test' && label === 'attack');
      expect(new Set(tested.map(({ species }) => species))).toEqual(new Set([`replay-${medium}`]));
    }
    expect(composition(presentations, '3.1')).toEqual({
      train: [72 * 10, 72 * 8],
      dev: [18 * 10, 18 * 8],
      test: [75 * 24, 75 * 8],
    });
    expect(composition(presentations, '3.2')).toEqual({
      train: [72 * 24, 72 * 8],
      dev: [18 * 24, 18 * 8],
      test: [75 * 10, 75 * 8],
    });
    expectDisjoint(dataset);
  });

  it('reads a line of its .face files for each frame', async () => {
    const root = touch(tempFolder(), [
      'Train/live/003/003-1-1-1-1.mov',
      'Train/live/003/003-1-3-1-1.mov',
      'Train/live/003/x.mov',
    ]);
    write(root, { 'Train/live/003/003-1-1-1-1.face': '10 20 110 140\n0 0 0 0\n12 20 110 140\n' });
    const dataset = await read('siw', root);
    const boxes = await find(dataset, 'Train/live/003/003-1-1-1-1').boxes!();
    expect(boxes.get(0)).toEqual({ left: 10, top: 20, width: 100, height: 120 });
    expect(boxes.get(1)).toBeUndefined();
    expect(boxes.get(2)).toEqual({ left: 12, top: 20, width: 98, height: 120 });
    expect(dataset.doubts.map(({ reason }) => reason)).toEqual(['wrong-folder', 'unknown-name', 'missing-folder']);
  });
});

describe('SiW-M', () => {
  const kinds = ['Makeup_Co', 'Mask_Half', 'Mask_Silicone', 'Paper', 'Partial_Funnyeye', 'Replay'];
  const spoof = kinds.flatMap((kind) => range(1, 10).map((n) => `Spoof/${kind}/${kind}_${n}.mov`));

  it('leaves out each kind of attack in turn, with Train and Test folders', async () => {
    const live = [...range(1, 40).map((n) => `Live/Train/Live_${n}.mov`), ...range(41, 50).map((n) => `Live/Test/Live_${n}.mov`)];
    const { protocols, presentations } = await read('siw-m', touch(tempFolder(), [...live, ...spoof]));
    expect(protocols.map(({ name }) => name)).toEqual(kinds.map((kind) => `leave-out.${kind}`));
    for (const kind of kinds) {
      const { train, dev, test } = composition(presentations, `leave-out.${kind}`);
      // The attack that is left out and the bona fide videos of Live/Test are tested; a fifth of all others is dev.
      expect(test).toEqual([20, 10]);
      expect([train[1], dev[1]]).toEqual([32, 8]);
      expect(train[0] + dev[0]).toBe(40 + 50);
      const learnt = presentations.filter(({ splits }) => ['train', 'dev'].includes(splits[`leave-out.${kind}`]!));
      expect(learnt.some(({ species }) => species === kind)).toBe(false);
    }
  });

  it('holds out a fifth of the bona fide videos for testing where no folders say which', async () => {
    const root = touch(tempFolder(), [...range(1, 50).map((n) => `Live/Live_${n}.mov`), ...spoof]);
    const { presentations } = await read('siw-m', root);
    expect(composition(presentations, 'leave-out.Paper').test).toEqual([20, 10]);
    expect(composition(presentations, 'leave-out.Replay').test).toEqual([20, 10]);
    expect(presentations.every(({ subject }) => subject === null)).toBe(true);
  });
});

describe('a manifest', () => {
  const header = 'file,split,label,species,subject,session,device,box,depth,age\n';

  it('reads every column, and keeps those of its own', async () => {
    const root = await drawVideos(tempFolder(), ['a', 'b']);
    write(root, { 'manifest.csv': `${header}a,train,live,,anna,1,phone,"1 2 30 40",,20-30\nb,Test,Spoof,print,,,,,,\n` });
    const { presentations } = await read('manifest', root);
    expect(presentations).toMatchObject([
      {
        id: 'a',
        label: 'bona-fide',
        species: null,
        subject: 'anna',
        session: '1',
        device: 'phone',
        splits: { all: 'train' },
        attributes: { age: '20-30' },
        media: { kind: 'frames' },
      },
      {
        id: 'b',
        label: 'attack',
        species: 'print',
        subject: null,
        splits: { all: 'test' },
        attributes: { age: '' },
        boxes: null,
      },
    ]);
    const boxes = await presentations[0]!.boxes!();
    for (const frame of [0, 9]) expect(boxes.get(frame)).toEqual({ left: 1, top: 2, width: 30, height: 40 });
  });

  it.each([
    ['a.png,train,1,,,,,,,', 'unknown-label'],
    ['a.png,later,live,,,,,,,', 'unknown-split'],
    ['a.png,train,attack,,,,,,,', 'no-species'],
    ['a.png,train,live,print,,,,,,', 'no-species'],
    ['a.png,train,live,,,,,1 2 3,,', 'bad-box'],
    ['a.png,train,live,,,,,1 2 0 4,,', 'bad-box'],
    ['a.png,train,live', 'bad-row'],
    [',train,live,,,,,,,', 'bad-row'],
  ])('refuses the row %s', async (row, reason) => {
    const root = write(tempFolder(), { 'manifest.csv': `${header}${row}\n`, 'a.png': '' });
    await expectDataError(read('manifest', root), { reason, record: 2, file: /manifest\.csv$/ });
  });

  it('refuses files twice, missing columns and nothing at all', async () => {
    const twice = write(tempFolder(), {
      'm.csv': 'file,split,label,species\na.png,train,live,\na.png,test,live,\n',
      'a.png': '',
    });
    await expectDataError(read('manifest', path.join(twice, 'm.csv')), { reason: 'duplicate-file', record: 3 });
    await expectDataError(read('manifest', write(tempFolder(), { 'manifest.csv': 'file,label\n' })), {
      reason: 'missing-column',
    });
    await expectDataError(read('manifest', write(tempFolder(), { 'manifest.csv': 'file,split,label,species\n' })), {
      reason: 'empty',
    });
    await expectDataError(read('manifest', '/nowhere'), { reason: 'not-found' });
  });

  it('takes a file that is not there for missing', async () => {
    const root = write(tempFolder(), { 'manifest.csv': 'file,split,label,species\ngone.mp4,train,live,\n' });
    expect((await read('manifest', root)).presentations[0]!.media.kind).toBe('missing');
  });
});

describe('every reader', () => {
  it.each(['oulu-npu', 'casia-fasd', 'replay-attack', 'msu-mfsd', 'siw', 'siw-m'])(
    '%s says so when it is given something else',
    async (name) => {
      const error = await expectDataError(read(name, touch(tempFolder(), ['holiday/beach.jpg'])), { reason: 'unrecognised' });
      expect(error.message).toContain('Looked for:');
      await expectDataError(read(name, '/nowhere'), { reason: 'not-found' });
    },
  );

  it('is told of a video that is there as frames too, and takes a picture beside videos for no frame', async () => {
    const root = touch(tempFolder(), ['train_release/1/1.avi', 'train_release/1/cover.jpg']);
    const { presentations, doubts } = await read('casia-fasd', root);
    expect(presentations.map(({ id }) => id)).toEqual(['train_release/1/1']);
    expect(doubts.map(({ about }) => about)).toEqual(['train_release/1/cover', 'test_release']);
    touch(root, ['train_release/1/1/000.jpg']);
    await expectDataError(read('casia-fasd', root), { reason: 'ambiguous', file: /train_release\/1\/1$/ });
  });

  it('is found by its name, or the nearest is told', () => {
    expect(() => datasetReader('oulu')).toThrow(ConfigError);
    expect(() => datasetReader('casia-fasf')).toThrow('Did you mean "casia-fasd"?');
  });
});
