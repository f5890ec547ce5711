import { fashionMnistClasses } from './open.js';

/** A data set that can be downloaded: where from, and how to know that it arrived whole. */
export interface CatalogEntry {
  readonly name: string;
  /** The folder that it becomes; complete when all `members` are in it. */
  readonly folder: string;
  /** Address of the folder that holds `files`. */
  readonly url: string;
  readonly files: readonly RemoteFile[];
  /** `tar.gz`: `files` is one archive that holds `folder`. `plain`: the files are the members. */
  readonly packing: 'tar.gz' | 'plain';
  readonly members: readonly Member[];
  /** Written to classes.txt beside the files, where they do not name the classes. */
  readonly classes?: readonly string[];
  readonly licence: string;
}

export interface RemoteFile {
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
}

export interface Member {
  readonly name: string;
  /** Its size, where it is known. */
  readonly bytes?: number;
}

const cifarUrl = 'https://www.cs.toronto.edu/~kriz/';
const cifarLicence = 'No formal licence; cite A. Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009.';

const fashionFiles: readonly RemoteFile[] = [
  {
    name: 'train-images-idx3-ubyte.gz',
    bytes: 26421880,
    sha256: '3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84',
  },
  {
    name: 'train-labels-idx1-ubyte.gz',
    bytes: 29515,
    sha256: 'a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845',
  },
  {
    name: 't10k-images-idx3-ubyte.gz',
    bytes: 4422102,
    sha256: '346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073',
  },
  {
    name: 't10k-labels-idx1-ubyte.gz',
    bytes: 5148,
    sha256: '67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5',
  },
];

/** What `gossamer data get` knows. */
export const catalog = {
  cifar10: {
    name: 'cifar10',
    folder: 'cifar-10-batches-bin',
    url: cifarUrl,
    files: [
      {
        name: 'cifar-10-binary.tar.gz',
        bytes: 170052171,
        sha256: 'c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd',
      },
    ],
    packing: 'tar.gz',
    members: [
      ...[1, 2, 3, 4, 5].map((batch) => ({ name: `data_batch_${batch}.bin`, bytes: 30730000 })),
      { name: 'test_batch.bin', bytes: 30730000 },
    ],
    licence: cifarLicence,
  },
  cifar100: {
    name: 'cifar100',
    folder: 'cifar-100-binary',
    url: cifarUrl,
    files: [
      {
        name: 'cifar-100-binary.tar.gz',
        bytes: 168513733,
        sha256: '58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec',
      },
    ],
    packing: 'tar.gz',
    members: [
      { name: 'train.bin', bytes: 153700000 },
      { name: 'test.bin', bytes: 30740000 },
      { name: 'fine_label_names.txt' },
      { name: 'coarse_label_names.txt' },
    ],
    licence: cifarLicence,
  },
  'fashion-mnist': {
    name: 'fashion-mnist',
    folder: 'fashion-mnist',
    url: 'http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/',
    files: fashionFiles,
    packing: 'plain',
    members: fashionFiles,
    classes: fashionMnistClasses,
    licence: 'MIT, Copyright 2017 Zalando SE; cite H. Xiao, K. Rasul, R. Vollgraf, arXiv:1708.07747.',
  },
} as const satisfies Record<string, CatalogEntry>;

export type DatasetName = keyof typeof catalog;
