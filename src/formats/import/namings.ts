import { UnsupportedError } from '../../errors.js';
import { Cdcn, CdcnPlusPlus, DyDenseNet, type OptionValue, ResNet } from '../../models/index.js';
import { DynamicGroupConv2d, type Module } from '../../nn/index.js';
import { cdcnNames, cdcnPlusPlusNames } from './cdcn.js';
import { dyDenseNetNames, dynamicLayerNames } from './dydensenet.js';
import type { NameMap, Place } from './names.js';
import { resnetNames, torchvisionNames } from './resnet.js';

/** One way in which somebody names the whole state of a network. */
export interface Naming {
  /** Whose names they are: "torchvision's". */
  readonly title: string;
  /** Where each entry of our state lies, by our path. */
  readonly places: ReadonlyMap<string, Place>;
  /** Options with which the network answers as it did there. */
  readonly implies?: Readonly<Record<string, OptionValue>>;
}

interface KnownNames {
  readonly title: string;
  readonly names: NameMap;
  readonly implies?: Naming['implies'];
}

/** How others name the network in PyTorch; none where nobody told. */
export function namingsOf(model: Module): readonly Naming[] {
  const paths = [...model.state().keys()];
  return knownNames(model).flatMap(({ title, names, implies }): Naming[] => {
    const places = new Map(paths.map((path) => [path, names(path)]));
    return [...places.values()].includes(null) ? [] : [{ title, places: places as Map<string, Place>, implies }];
  });
}

/** @throws UnsupportedError when no names of the network are known */
export function refuseUnnamed(model: Module, namings: readonly Naming[]): void {
  if (namings.length > 0) return;
  const known = knownNames(model);
  const unknown = [...model.state().keys()].find((path) => known.every(({ names }) => names(path) === null));
  const why =
    known.length > 0
      ? `nobody told what ${unknown} is called there.`
      : 'they are known for resnet20, resnet18, dydensenet, cdcn, cdcnpp and a single dynamic layer; for others rename the entries to those of model.state() yourself.';
  throw new UnsupportedError(`PyTorch names for ${model.constructor.name}`, why);
}

/** Our own names. @param isOurLayout whether the entry at a path lies there in our layout too, not in PyTorch's */
export function ownNaming(model: Module, isOurLayout: (path: string) => boolean): Naming {
  const place = (path: string): Place => ({ names: [path], ...(isOurLayout(path) ? { form: 'ours' } : {}) });
  return { title: "Gossamer's own", places: new Map([...model.state().keys()].map((path) => [path, place(path)])) };
}

function knownNames(model: Module): readonly KnownNames[] {
  if (model instanceof CdcnPlusPlus) return [{ title: "the CDCN authors'", names: cdcnPlusPlusNames }];
  if (model instanceof Cdcn) return [{ title: "the CDCN authors'", names: cdcnNames }];
  if (model instanceof ResNet) {
    return [
      { title: 'those of resnet20 in PyTorch', names: resnetNames },
      { title: "torchvision's", names: torchvisionNames(model) },
    ];
  }
  const dgc = { title: "the DGC authors'", implies: { ties: 'drop' } } as const;
  if (model instanceof DyDenseNet) return [{ ...dgc, names: dyDenseNetNames(headsOf(model)) }];
  if (model instanceof DynamicGroupConv2d) return [{ ...dgc, names: dynamicLayerNames(model.heads) }];
  return [];
}

function headsOf(model: DyDenseNet): number {
  const layer = model.modules().find(([, module]) => module instanceof DynamicGroupConv2d)?.[1];
  return layer instanceof DynamicGroupConv2d ? layer.heads : 1;
}
