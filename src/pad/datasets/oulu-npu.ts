import { aroundEyes, beside, boxesIn } from '../boxes/box-files.js';
import type { Presentation, Protocol, Split } from '../presentation.js';
import { expectRoot, mediaOfParts, sortById } from './media.js';
import { type DatasetReader, Findings } from './reader.js';

/*
 * OULU-NPU (Boulkenafet and others, FG 2017): 55 users before 6 phones in 3 sessions, 5 videos each: 1 bona fide, 2 and 3 printed by two
 * printers, 4 and 5 replayed on two displays. Videos lie in Train_files, Dev_files and Test_files as phone_session_user_file.avi, beside each a
 * .txt with the eyes of every frame: number, x, y of one eye, x, y of the other.
 */

const folders: readonly (readonly [folder: string, split: Split])[] = [
  ['Train_files', 'train'],
  ['Dev_files', 'dev'],
  ['Test_files', 'test'],
];

const phones = [1, 2, 3, 4, 5, 6];

const species = ['bona-fide', 'print-1', 'print-2', 'replay-1', 'replay-2'];

/** Which part of the set a protocol takes for a split. */
interface Part {
  readonly phones: readonly number[];
  readonly sessions: readonly number[];
  readonly files: readonly number[];
}

const everything: Part = { phones, sessions: [1, 2, 3], files: [1, 2, 3, 4, 5] };
const learnt: Part = { ...everything, sessions: [1, 2] };
const unseenSession: Part = { ...everything, sessions: [3] };
const firstOfEach = [1, 2, 4];
const secondOfEach = [1, 3, 5];

interface OuluProtocol extends Protocol {
  readonly parts: Readonly<Record<Split, Part>>;
}

/** The published composition. */
const protocols: readonly OuluProtocol[] = [
  {
    name: '1',
    description: 'unseen session: learn sessions 1 and 2, test session 3',
    parts: { train: learnt, dev: learnt, test: unseenSession },
  },
  {
    name: '2',
    description: 'unseen printer and display: learn files 1, 2, 4, test files 1, 3, 5',
    parts: {
      train: { ...everything, files: firstOfEach },
      dev: { ...everything, files: firstOfEach },
      test: { ...everything, files: secondOfEach },
    },
  },
  ...phones.map((phone) => {
    const others = { ...everything, phones: phones.filter((other) => other !== phone) };
    return {
      name: `3.${phone}`,
      description: `unseen phone: learn the others, test phone ${phone}`,
      parts: { train: others, dev: others, test: { ...everything, phones: [phone] } },
    };
  }),
  ...phones.map((phone) => {
    const others = { ...learnt, phones: phones.filter((other) => other !== phone), files: firstOfEach };
    return {
      name: `4.${phone}`,
      description: `unseen session, printer, display and phone ${phone}`,
      parts: { train: others, dev: others, test: { ...unseenSession, phones: [phone], files: secondOfEach } },
    };
  }),
];

const namePattern = /^([1-6])_([1-3])_(\d{1,2})_([1-5])$/;

export const ouluNpu: DatasetReader = {
  name: 'oulu-npu',
  title: 'OULU-NPU',
  hasBoxes: true,
  reference: 'Boulkenafet and others, FG 2017; the eyes of the .txt files make the boxes',
  async read(root) {
    await expectRoot(root);
    const presentations: Presentation[] = [];
    const findings = new Findings();
    const needed = folders.map(([folder]) => folder).join(', ');
    for await (const { id, media, part: split } of mediaOfParts(root, folders, findings, 'OULU-NPU', needed)) {
      const match = namePattern.exec(id.split('/').at(-1)!);
      if (!match) {
        findings.leftOut(id, 'its name is not phone_session_user_file, such as 1_1_01_1');
        continue;
      }
      const [phone, session, user, file] = match.slice(1).map(Number) as [number, number, number, number];
      presentations.push({
        id,
        media,
        label: file === 1 ? 'bona-fide' : 'attack',
        species: file === 1 ? null : species[file - 1]!,
        subject: String(user).padStart(2, '0'),
        session: String(session),
        device: `phone-${phone}`,
        splits: splitsOf(split, { phone, session, file }),
        attributes: {},
        boxes: await boxesIn(beside(media.path, '.txt'), { columns: 5, numbered: true, box: aroundEyes }),
        depth: null,
      });
    }
    const named = protocols.map(({ name, description }) => ({ name, description }));
    return { protocols: named, presentations: sortById(presentations), doubts: findings.doubts };
  },
};

function splitsOf(
  split: Split,
  { phone, session, file }: { phone: number; session: number; file: number },
): Record<string, Split> {
  const taking = protocols.filter(({ parts }) => {
    const part = parts[split];
    return part.phones.includes(phone) && part.sessions.includes(session) && part.files.includes(file);
  });
  return Object.fromEntries(taking.map(({ name }) => [name, split]));
}
