import path from 'node:path';
import { boxesIn, leftTopWidthHeight } from '../boxes/box-files.js';
import type { Presentation, Protocol, Split } from '../presentation.js';
import { expectRoot, mediaOfParts, sortById } from './media.js';
import { type DatasetReader, Findings } from './reader.js';

/*
 * Replay-Attack (Chingovska and others, BIOSIG 2012): 50 clients, 15 in train, 15 in devel, 20 in test.
 * <set>/real/client001_session01_webcam_authenticate_adverse_1.mov, <set>/attack/{fixed,hand}/attack_print_client001_session01_highdef_photo_adverse.mov;
 * attacks are printed photos, or photos and videos on a phone (mobile) and a tablet (highdef). face-locations/ mirrors the tree with
 * .face files: frame number, left, top, width, height, zeros where no face was found. enroll/ is for recognition: not read.
 */

const sets: readonly (readonly [folder: string, split: Split])[] = [
  ['train', 'train'],
  ['devel', 'dev'],
  ['test', 'test'],
];

type Instrument = 'print' | 'mobile' | 'highdef';
type Sample = 'photo' | 'video';

interface Attack {
  readonly instrument: Instrument;
  readonly sample: Sample;
}

const protocols: readonly (Protocol & { readonly takes: (attack: Attack) => boolean })[] = [
  { name: 'grandtest', description: 'all attacks', takes: () => true },
  { name: 'print', description: 'printed photos', takes: ({ instrument }) => instrument === 'print' },
  { name: 'mobile', description: 'photos and videos on a phone', takes: ({ instrument }) => instrument === 'mobile' },
  { name: 'highdef', description: 'photos and videos on a tablet', takes: ({ instrument }) => instrument === 'highdef' },
  {
    name: 'digitalphoto',
    description: 'photos on a phone or tablet',
    takes: ({ instrument, sample }) => sample === 'photo' && instrument !== 'print',
  },
  { name: 'photo', description: 'photos, printed or on a display', takes: ({ sample }) => sample === 'photo' },
  { name: 'video', description: 'videos', takes: ({ sample }) => sample === 'video' },
];

const realPattern = /^client(\d{3})_session(\d{2})_webcam_authenticate_(adverse|controlled)_\d$/;
const attackPattern =
  /^attack_(print|mobile|highdef)_client(\d{3})_session(\d{2})_(?:mobile|highdef)_(photo|video)_(adverse|controlled)$/;

export const replayAttack: DatasetReader = {
  name: 'replay-attack',
  title: 'Replay-Attack',
  hasBoxes: true,
  reference: 'Chingovska and others, BIOSIG 2012; boxes from face-locations/**/*.face',
  async read(root) {
    await expectRoot(root);
    const presentations: Presentation[] = [];
    const findings = new Findings();
    const kinds = ['real', 'attack/fixed', 'attack/hand'];
    const folders = sets.flatMap(([folder, split]) => kinds.map((below) => [`${folder}/${below}`, { split, below }] as const));
    const needed = 'train/real, train/attack/fixed, devel, test';
    for await (const { id, media, part } of mediaOfParts(root, folders, findings, 'Replay-Attack', needed)) {
      const { split, below } = part;
      const facts = parse(id.split('/').at(-1)!, below === 'real');
      if (!facts) {
        findings.leftOut(id, 'it is not called as the videos of this set are');
        continue;
      }
      const { attack, client, session, light } = facts;
      const faces = path.join(root, 'face-locations', `${id}.face`);
      const taking = protocols.filter(({ takes }) => attack === null || takes(attack));
      presentations.push({
        id,
        media,
        label: attack ? 'attack' : 'bona-fide',
        species: attack && `${attack.instrument}-${attack.sample}`,
        subject: client,
        session,
        device: null,
        splits: Object.fromEntries(taking.map(({ name }) => [name, split])),
        attributes: { light, ...(attack && { support: below.split('/')[1]! }) },
        boxes: await boxesIn(faces, { columns: 5, numbered: true, box: leftTopWidthHeight }),
        depth: null,
      });
    }
    const named = protocols.map(({ name, description }) => ({ name, description }));
    return { protocols: named, presentations: sortById(presentations), doubts: findings.doubts };
  },
};

interface Facts {
  readonly attack: Attack | null;
  readonly client: string;
  readonly session: string;
  readonly light: string;
}

function parse(name: string, isReal: boolean): Facts | null {
  if (isReal) {
    const match = realPattern.exec(name);
    return match && { attack: null, client: match[1]!, session: match[2]!, light: match[3]! };
  }
  const match = attackPattern.exec(name);
  if (!match) return null;
  const attack = { instrument: match[1] as Instrument, sample: match[4] as Sample };
  return { attack, client: match[2]!, session: match[3]!, light: match[5]! };
}
