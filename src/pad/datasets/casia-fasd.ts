import type { Presentation, Protocol, Split } from '../presentation.js';
import { devNote, heldOut } from './held-out.js';
import { expectRoot, type FoundMedia, mediaOfParts, sortById } from './media.js';
import { type DatasetReader, Findings } from './reader.js';

/*
 * CASIA-FASD (Zhang and others, ICB 2012): 50 subjects, 20 in train_release and 30 in test_release, 12 videos in each one's folder: 1, 2 and HR_1
 * bona fide; 3, 4 and HR_2 a warped photo; 5, 6 and HR_3 a photo with the eyes cut out; 7, 8 and HR_4 a replayed video. The first of each is of
 * low quality, the second of normal, HR_ of high. The folders of both halves are numbered from 1, but hold other people.
 */

const halves: readonly (readonly [folder: string, split: Split])[] = [
  ['train_release', 'train'],
  ['test_release', 'test'],
];

const kinds = [null, 'warped-photo', 'cut-photo', 'video'] as const;
type Kind = (typeof kinds)[number];
const qualities = ['low', 'normal', 'high'] as const;
type Quality = (typeof qualities)[number];

/** The seven scenarios of the paper: which attacks and which qualities each takes. */
const scenarios: readonly (Protocol & { readonly takes: (kind: Kind, quality: Quality) => boolean })[] = [
  { name: 'overall', description: `all videos; ${devNote}`, takes: () => true },
  ...qualities.map((quality) => ({
    name: quality,
    description: `videos of ${quality} quality; ${devNote}`,
    takes: (_: Kind, other: Quality) => other === quality,
  })),
  ...kinds.slice(1).map((kind) => ({
    name: kind!,
    description: `bona fide and ${kind}; ${devNote}`,
    takes: (other: Kind) => other === null || other === kind,
  })),
];

export const casiaFasd: DatasetReader = {
  name: 'casia-fasd',
  title: 'CASIA-FASD',
  hasBoxes: false,
  reference: 'Zhang and others, ICB 2012; no boxes, no dev split',
  async read(root, { seed }) {
    await expectRoot(root);
    const found: { split: Split; subject: string; name: string; item: FoundMedia }[] = [];
    const findings = new Findings();
    for await (const item of mediaOfParts(root, halves, findings, 'CASIA-FASD', 'train_release, test_release')) {
      const [, person, name, ...rest] = item.id.split('/');
      const isOne = name && rest.length === 0 && /^\d+$/.test(person!) && parse(name);
      if (isOne) found.push({ split: item.part, subject: `${item.part}-${person}`, name, item });
      else findings.leftOut(item.id, 'not one of the twelve videos of a numbered folder (1 to 8, HR_1 to HR_4)');
    }
    const dev = heldOut(
      found.filter(({ split }) => split === 'train').map(({ subject }) => subject),
      seed,
    );
    const presentations = found.map(({ split, subject, name, item: { id, media } }): Presentation => {
      const { kind, quality } = parse(name)!;
      const own = dev.has(subject) ? 'dev' : split;
      const taking = scenarios.filter(({ takes }) => takes(kind, quality));
      return {
        id,
        media,
        label: kind === null ? 'bona-fide' : 'attack',
        species: kind,
        subject,
        session: null,
        device: `camera-${quality}`,
        splits: Object.fromEntries(taking.map((scenario) => [scenario.name, own])),
        attributes: { quality },
        boxes: null,
        depth: null,
      };
    });
    const protocols = scenarios.map(({ name, description }) => ({ name, description }));
    return { protocols, presentations: sortById(presentations), doubts: findings.doubts };
  },
};

function parse(name: string): { kind: Kind; quality: Quality } | null {
  const high = /^HR_([1-4])$/.exec(name);
  if (high) return { kind: kinds[Number(high[1]) - 1]!, quality: 'high' };
  if (!/^[1-8]$/.test(name)) return null;
  const place = Number(name) - 1;
  return { kind: kinds[place >> 1]!, quality: qualities[place & 1]! };
}
