import type { Bench } from '../bench.js';
import { benchBesidePeers } from './infer/beside-peers.js';
import { benchDynamicAnswers } from './infer/dynamic.js';
import { benchStart } from './infer/start.js';
import { benchBinaryConvolutions } from './kernels/binary.js';
import { benchConvolutions } from './kernels/convolution.js';
import { benchElements } from './kernels/elements.js';
import { benchGradients } from './kernels/gradients.js';
import { benchPackedBinaryConvolutions } from './kernels/packed-binary.js';
import { benchProducts } from './kernels/products.js';
import { benchRanks } from './ranks.js';
import { benchBinary } from './train/binary.js';
import { benchCdcn } from './train/cdcn.js';
import { benchDynamic } from './train/dynamic.js';
import { benchLoading } from './train/loading.js';
import { benchResnet20 } from './train/resnet20.js';

type Part = (bench: Bench) => Promise<void>;

/** Every suite's parts, in the order in which they run. */
const suites: Readonly<Record<string, Readonly<Record<string, Part>>>> = {
  /** Whole training steps. */
  train: { resnet20: benchResnet20, cdcn: benchCdcn, dynamic: benchDynamic, binary: benchBinary, loading: benchLoading },
  /** One training on several processes, by MPI. */
  ranks: { two: benchRanks },
  /** Packed models that answer. */
  infer: { peers: benchBesidePeers, dynamic: benchDynamicAnswers, start: benchStart },
  /** Kernels one by one. */
  kernels: {
    convolution: benchConvolutions,
    gradients: benchGradients,
    products: benchProducts,
    binary: benchBinaryConvolutions,
    'packed-binary': benchPackedBinaryConvolutions,
    elements: benchElements,
  },
};

const parts = new Map(
  Object.entries(suites).flatMap(([suite, members]) =>
    Object.entries(members).map(([part, run]): [string, Part] => [`${suite}/${part}`, run]),
  ),
);

export const suiteNames: readonly string[] = [...Object.keys(suites), ...parts.keys()];

/** The parts of a suite, or the one that `name` (suite/part) is. */
export function partsOf(name: string): readonly Part[] {
  return [...parts].filter(([key]) => key === name || key.startsWith(`${name}/`)).map(([, run]) => run);
}
