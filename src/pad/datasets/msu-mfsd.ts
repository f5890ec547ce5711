import path from 'node:path';
import { readLines } from '../../data/files.js';
import { DataError } from '../../errors.js';
import { beside, boxesIn, leftTopRightBottom } from '../boxes/box-files.js';
import type { Presentation, Split } from '../presentation.js';
import { devNote, heldOut } from './held-out.js';
import { expectRoot, findMedia, sortById, unrecognised } from './media.js';
import { type DatasetReader, Findings } from './reader.js';

/*
 * MSU-MFSD (Wen, Han and Jain, TIFS 2015), the public part: 35 clients, 15 in train_sub_list.txt, 20 in test_sub_list.txt.
 * scene01/real/real_client001_android_SD_scene01.mp4 and scene01/attack/attack_client001_laptop_SD_ipad_video_scene01.mov; attacks are printed_photo,
 * ipad_video and iphone_video. Beside each video a .face file: frame number, left, top, right, bottom, then the eyes.
 */

const pattern = /^(?:real|attack)_client(\d{3})_(android|laptop)_SD_(?:(printed_photo|ipad_video|iphone_video)_)?scene01$/;

export const msuMfsd: DatasetReader = {
  name: 'msu-mfsd',
  title: 'MSU-MFSD',
  hasBoxes: true,
  reference: 'Wen, Han and Jain, TIFS 2015; boxes from the .face files; no dev split',
  async read(root, { seed }) {
    await expectRoot(root);
    const found = await findMedia(root, 'scene01');
    if (found === null)
      throw unrecognised(root, 'MSU-MFSD', 'scene01/real, scene01/attack, train_sub_list.txt, test_sub_list.txt');
    const splitOf = new Map<string, Split>();
    for (const split of ['train', 'test'] as const) {
      for (const client of await clientsIn(path.join(root, `${split}_sub_list.txt`))) {
        if (splitOf.has(client)) {
          const detail = `client ${client} is in both lists. A client is for training or for testing.`;
          throw new DataError(path.join(root, `${split}_sub_list.txt`), null, 'subject-in-two-splits', detail);
        }
        splitOf.set(client, split);
      }
    }
    const dev = heldOut(
      [...splitOf.keys()].filter((client) => splitOf.get(client) === 'train'),
      seed,
    );
    const presentations: Presentation[] = [];
    const findings = new Findings();
    for (const { id, media } of found) {
      const match = pattern.exec(id.split('/').at(-1)!);
      const split = match && splitOf.get(match[1]!);
      if (!match || !split) {
        if (match) findings.leftOut(id, `client ${match[1]} is in neither list`, 'unlisted-subject');
        else findings.leftOut(id, 'it is not called as the videos of this set are');
        continue;
      }
      const [, client, device, species] = match;
      presentations.push({
        id,
        media,
        label: species ? 'attack' : 'bona-fide',
        species: species?.replace('_', '-') ?? null,
        subject: client!,
        session: null,
        device: device!,
        splits: { all: dev.has(client!) ? 'dev' : split },
        attributes: {},
        boxes: await boxesIn(beside(media.path, '.face'), { columns: 5, numbered: true, box: leftTopRightBottom }),
        depth: null,
      });
    }
    const protocols = [{ name: 'all', description: `the lists of the set; ${devNote}` }];
    return { protocols, presentations: sortById(presentations), doubts: findings.doubts };
  },
};

/** Numbers of clients, one a line, with or without leading zeros, as three digits. */
async function clientsIn(file: string): Promise<string[]> {
  const lines = await readLines(file);
  if (lines === null) throw new DataError(file, null, 'not-found', 'there is no such file: it says who is in this split.');
  return lines.map((line, i) => {
    if (!/^\d{1,3}$/.test(line))
      throw new DataError(file, i + 1, 'bad-row', `got ${JSON.stringify(line)}, needs the number of a client.`);
    return line.padStart(3, '0');
  });
}
