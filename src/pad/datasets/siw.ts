import { beside, boxesIn, leftTopRightBottom } from '../boxes/box-files.js';
import type { Presentation, Protocol } from '../presentation.js';
import { devNote, heldOut } from './held-out.js';
import { expectRoot, type FoundMedia, mediaOfParts, sortById } from './media.js';
import { type DatasetReader, Findings } from './reader.js';

/*
 * SiW (Liu, Jourabloo and Liu, CVPR 2018): 165 subjects, 90 in Train, 75 in Test. {Train,Test}/{live,spoof}/003/003-1-2-1-1.mov:
 * subject-sensor-type-medium-session; type 1 is bona fide, 2 print, 3 replay. Beside each video a .face file: left, top, right, bottom, a line a
 * frame.
 */

const halves: readonly (readonly [folder: string, half: Half])[] = [
  ['Train', 'train'],
  ['Test', 'test'],
];

const pattern = /^(\d{3})-(\d+)-([1-3])-(\d+)-(\d+)$/;
const types = ['bona-fide', 'print', 'replay'] as const;
type Type = (typeof types)[number];
type Half = 'train' | 'test';

interface SiwProtocol extends Protocol {
  readonly takes: (type: Type, medium: number, half: Half) => boolean;
}

const protocols: readonly SiwProtocol[] = [
  {
    name: '1',
    description: `unseen poses and expressions: learn from the first 60 frames of a video; ${devNote}`,
    frameLimit: { splits: ['train', 'dev'], frames: 60 },
    takes: () => true,
  },
  ...[1, 2, 3, 4].map((left) => ({
    name: `2.${left}`,
    description: `unseen replay medium: learn from the others, test medium ${left}; ${devNote}`,
    takes: (type: Type, medium: number, half: Half) =>
      type === 'bona-fide' || (type === 'replay' && (medium === left) === (half === 'test')),
  })),
  ...(['replay', 'print'] as const).map((tested, i) => ({
    name: `3.${i + 1}`,
    description: `unseen kind of attack: learn from ${tested === 'replay' ? 'print' : 'replay'}, test ${tested}; ${devNote}`,
    takes: (type: Type, _: number, half: Half) => type === 'bona-fide' || (type === tested) === (half === 'test'),
  })),
];

export const siw: DatasetReader = {
  name: 'siw',
  title: 'SiW',
  hasBoxes: true,
  reference: 'Liu, Jourabloo and Liu, CVPR 2018; boxes from the .face files; no dev split',
  async read(root, { seed }) {
    await expectRoot(root);
    const findings = new Findings();
    const found: { half: Half; item: FoundMedia; match: RegExpExecArray }[] = [];
    const needed = 'Train/live, Train/spoof, Test/live, Test/spoof';
    for await (const item of mediaOfParts(root, halves, findings, 'SiW', needed)) {
      const [, kind, , name] = item.id.split('/');
      const match = name === undefined ? null : pattern.exec(name);
      if (!match) findings.leftOut(item.id, 'not live or spoof/subject/subject-sensor-type-medium-session');
      else if ((match[3] === '1') === (kind === 'live')) found.push({ half: item.part, item, match });
      else findings.leftOut(item.id, `type ${match[3]} does not belong into the folder ${kind}`, 'wrong-folder');
    }
    const dev = heldOut(
      found.filter(({ half }) => half === 'train').map(({ match }) => match[1]!),
      seed,
    );
    const presentations = await Promise.all(
      found.map(async ({ half, item: { id, media }, match }): Promise<Presentation> => {
        const [, subject, sensor, typeNumber, medium, session] = match;
        const type = types[Number(typeNumber) - 1]!;
        const split = dev.has(subject!) ? 'dev' : half;
        const taking = protocols.filter(({ takes }) => takes(type, Number(medium), half));
        return {
          id,
          media,
          label: type === 'bona-fide' ? 'bona-fide' : 'attack',
          species: type === 'bona-fide' ? null : `${type}-${medium}`,
          subject: subject!,
          session: session!,
          device: `sensor-${sensor}`,
          splits: Object.fromEntries(taking.map(({ name }) => [name, split])),
          attributes: {},
          boxes: await boxesIn(beside(media.path, '.face'), { columns: 4, numbered: false, box: leftTopRightBottom }),
          depth: null,
        };
      }),
    );
    const named = protocols.map(({ name, description, frameLimit }) => ({
      name,
      description,
      ...(frameLimit && { frameLimit }),
    }));
    return { protocols: named, presentations: sortById(presentations), doubts: findings.doubts };
  },
};
