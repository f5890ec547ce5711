import { Rng } from '../../tensor/rng.js';
import type { Presentation, Protocol, Split } from '../presentation.js';
import { devShare } from './held-out.js';
import { expectRoot, type FoundMedia, findMedia, sortById, unrecognised } from './media.js';
import { type DatasetReader, Findings } from './reader.js';

/*
 * SiW-M (Liu and others, CVPR 2019; 13 kinds of attack) and its second edition SiW-Mv2 (Guo and others, ECCV 2022; 14). Live/Train/Live_51.mov and
 * Live/Test/Live_658.mov in the first, Live/Live_1.mov in the second; Spoof/<kind>/<prefix>_36.mov in both. Names say no subjects.
 */

/** Share of the bona fide videos that the published protocol learns from, where folders do not say which. */
const trainShare = 0.8;

export const siwM: DatasetReader = {
  name: 'siw-m',
  title: 'SiW-M',
  hasBoxes: false,
  reference: 'Liu and others, CVPR 2019, and SiW-Mv2, Guo and others, ECCV 2022; no boxes, no subjects, no dev split',
  async read(root, { seed }) {
    await expectRoot(root);
    const live = await findMedia(root, 'Live');
    const spoof = await findMedia(root, 'Spoof');
    if (live === null || spoof === null) throw unrecognised(root, 'SiW-M', 'Live (with Train and Test, or not), Spoof/<kind>');
    const findings = new Findings();
    const halves = halvesOfLive(live, seed);
    const attacks: { item: FoundMedia; species: string }[] = [];
    for (const item of spoof) {
      const [, species, ...rest] = item.id.split('/');
      if (species && rest.length > 0) attacks.push({ item, species });
      else findings.leftOut(item.id, 'it lies in no folder of Spoof that names its kind');
    }
    const kinds = [...new Set(attacks.map(({ species }) => species))].sort();
    const dev = heldOutVideos(
      attacks.map(({ item }) => item.id),
      seed,
    );
    const protocols: Protocol[] = kinds.map((kind) => ({
      name: `leave-out.${kind}`,
      description: `unseen kind of attack: learn from the others, test ${kind}; dev: a fifth of the training videos, by --seed`,
    }));
    const presentations: Presentation[] = [
      ...live.map((item) => {
        const split = halves.get(item.id)!;
        return presentation(item, null, Object.fromEntries(protocols.map(({ name }) => [name, split])));
      }),
      ...attacks.map(({ item, species }) => {
        const learnt: Split = dev.has(item.id) ? 'dev' : 'train';
        const own = kinds.map((kind) => [`leave-out.${kind}`, kind === species ? 'test' : learnt] as const);
        return presentation(item, species, Object.fromEntries(own));
      }),
    ];
    return { protocols, presentations: sortById(presentations), doubts: findings.doubts };
  },
};

function presentation({ id, media }: FoundMedia, species: string | null, splits: Record<string, Split>): Presentation {
  const label = species === null ? 'bona-fide' : 'attack';
  const unknown = { subject: null, session: null, device: null, attributes: {}, boxes: null, depth: null };
  return { id, media, label, species, splits, ...unknown };
}

/** Folders say who is for testing, or the seed does; a fifth of the others is dev. */
function halvesOfLive(live: readonly FoundMedia[], seed: number): Map<string, Split> {
  const hasFolders = live.every(({ id }) => /^Live\/(Train|Test)\//.test(id));
  const shuffled = Rng.for(seed, 1).shuffle(live.map(({ id }) => id).sort());
  const inTest = hasFolders
    ? live.map(({ id }) => id).filter((id) => id.startsWith('Live/Test/'))
    : shuffled.slice(Math.round(trainShare * shuffled.length));
  const test = new Set(inTest);
  const dev = heldOutVideos(
    live.map(({ id }) => id).filter((id) => !test.has(id)),
    seed,
  );
  return new Map(live.map(({ id }) => [id, test.has(id) ? 'test' : dev.has(id) ? 'dev' : 'train']));
}

function heldOutVideos(ids: readonly string[], seed: number): ReadonlySet<string> {
  const shuffled = Rng.for(seed, 2).shuffle([...ids].sort());
  return new Set(shuffled.slice(0, Math.round(devShare * shuffled.length)));
}
