import type { z } from 'zod';
import { BiCdcn, biCdcnSchema } from './bicdcn.js';
import { BiReal, biRealSchema } from './bireal.js';
import { Cdcn, CdcnPlusPlus, CdcnSmall, cdcnSchema } from './cdcn.js';
import { cellClassifierSchema, cellDepthSchema, createCellClassifier, createCellDepthNetwork } from './cells.js';
import { DyDenseNet, dyDenseNetSchema } from './dydensenet.js';
import { DyResNet, dyResNetSchema } from './dyresnet.js';
import { type Family, network } from './entry.js';
import { Ftbnn, ftbnnSchema } from './ftbnn.js';
import { ResNet, resnetSchema } from './resnet.js';

const resnet: Family<typeof resnetSchema> = { schema: resnetSchema, create: (options, rng) => new ResNet(options, rng) };
const biReal: Family<typeof biRealSchema> = { schema: biRealSchema, create: (options, rng) => new BiReal(options, rng) };
const ftbnn: Family<typeof ftbnnSchema> = { schema: ftbnnSchema, create: (options, rng) => new Ftbnn(options, rng) };
const dyDenseNet: Family<typeof dyDenseNetSchema> = {
  schema: dyDenseNetSchema,
  create: (options, rng) => new DyDenseNet(options, rng),
};
const dyResNet: Family<typeof dyResNetSchema> = {
  schema: dyResNetSchema,
  create: (options, rng) => new DyResNet(options, rng),
};
const cdcn: Family<typeof cdcnSchema> = { schema: cdcnSchema, create: (options, rng) => new Cdcn(options, rng) };
const cdcnpp: Family<typeof cdcnSchema> = { schema: cdcnSchema, create: (options, rng) => new CdcnPlusPlus(options, rng) };
const cdcnSmall: Family<typeof cdcnSchema> = { schema: cdcnSchema, create: (options, rng) => new CdcnSmall(options, rng) };
const biCdcn: Family<typeof biCdcnSchema> = { schema: biCdcnSchema, create: (options, rng) => new BiCdcn(options, rng) };

const cellClassifier: Family<typeof cellClassifierSchema> = { schema: cellClassifierSchema, create: createCellClassifier };
const cellDepth: Family<typeof cellDepthSchema> = { schema: cellDepthSchema, create: createCellDepthNetwork };

const imagenet = { task: 'classification', input: [224, 224, 3], classes: 1000 } as const;
const cifar = { task: 'classification', input: [32, 32, 3], classes: 10 } as const;
const face = { task: 'depth-map', input: [256, 256, 3], classes: null } as const;
const smallFace = { ...face, input: [128, 128, 3] } as const;
/** The size of the highest level, as in CDCN: no level is enlarged, and the head works on few pixels. */
const smallMap = { mapSize: 16 } as const;

const paper = {
  resnet: 'arXiv:1512.03385',
  biReal: 'arXiv:1808.00278',
  ftbnn: 'arXiv:2010.09294',
  dgc: 'arXiv:2007.04242',
  cdcn: 'arXiv:2003.04092',
};

const floatTwin = { float: { change: 'with real 3x3 convolutions', preset: { convolution: 'real' } } } as const;
const plainTwin = { plain: { change: 'with plain convolutions (theta 0)', preset: { theta: 0 } } } as const;

function fixedTwins(dense: number, grouped: number) {
  return {
    dense: { change: 'with plain convolutions of all channels', preset: { convolution: 'dense' }, parameters: dense },
    grouped: { change: 'with fixed groups', preset: { convolution: 'grouped' }, parameters: grouped },
  } as const;
}

/** Widths of the four stages of a network as wide as `width` in its first. */
const doubling = (width: number) => [width, 2 * width, 4 * width, 8 * width];

const compact = { stem: 'grouped', shortcut: 'pooled-copies' } as const;

/**
 * The compact body about sqrt(k) times as wide in k groups, so that its binary operations stay as many or fewer; the stem keeps its
 * width and is repeated, so that each group sees all of it.
 */
const g2 = { ...compact, widths: doubling(88), groups: 2, stemCopies: 2 } as const;
const g4 = { ...compact, widths: doubling(128), groups: 4, stemCopies: 2 } as const;
const g8 = { ...compact, widths: doubling(176), groups: 8, stemCopies: 4 } as const;
const g16 = { ...compact, widths: doubling(256), groups: 16, stemCopies: 4 } as const;
const inCifar = { stem: '3x3', classes: 10 } as const;
const tiny = {
  ...compact,
  stem: '3x3-half',
  inChannels: 1,
  classes: 10,
  widths: [32, 64, 128],
  blocks: [2, 2, 2],
  strides: [1, 2, 2],
} as const;

const wide = { stemStride: 2, stages: [4, 6, 8, 10, 8], growth: [8, 16, 32, 64, 128], classes: 1000 };
const small = { stages: [4, 4, 4], growth: [8, 16, 32] };

const about = {
  base: '1-bit ResNet-18 shape, FPReLU after every addition, real-valued stem and downsampling shortcuts',
  compact: 'as base, but a small stem of grouped 3x3 convolutions and shortcuts without parameters',
  group: (k: number) => `as compact, but wider, its 1-bit convolutions in ${k} groups`,
};

/** Every network by name. */
export const models = {
  ...network(
    'resnet20',
    resnet,
    {},
    { ...cifar, paper: paper.resnet, description: 'the small residual network for CIFAR', parameters: 269_722 },
  ),
  ...network(
    'resnet18',
    resnet,
    { stem: '7x7', widths: [64, 128, 256, 512], blocks: [2, 2, 2, 2], shortcut: 'projection', classes: 1000 },
    { ...imagenet, paper: paper.resnet, description: 'the residual network of 18 layers', parameters: 11_689_512 },
  ),
  ...network(
    'bireal18',
    biReal,
    {},
    {
      ...imagenet,
      paper: paper.biReal,
      description: '1-bit ResNet-18 with a shortcut around every convolution',
      parameters: 11_689_512,
    },
    { float: { change: 'with real 3x3 convolutions and ReLU', preset: { convolution: 'real', activation: 'relu' } } },
  ),
  ...network(
    'ftbnn-base',
    ftbnn,
    {},
    { ...imagenet, paper: paper.ftbnn, description: about.base, parameters: 11_697_320 },
    floatTwin,
  ),
  ...network(
    'ftbnn-compact',
    ftbnn,
    compact,
    { ...imagenet, paper: paper.ftbnn, description: about.compact, parameters: 11_519_688 },
    floatTwin,
  ),
  ...network(
    'ftbnn-g2',
    ftbnn,
    g2,
    { ...imagenet, paper: paper.ftbnn, description: about.group(2), parameters: 11_115_160 },
    floatTwin,
  ),
  ...network(
    'ftbnn-g4',
    ftbnn,
    g4,
    { ...imagenet, paper: paper.ftbnn, description: about.group(4), parameters: 12_044_744 },
    floatTwin,
  ),
  ...network(
    'ftbnn-g8',
    ftbnn,
    g8,
    { ...imagenet, paper: paper.ftbnn, description: about.group(8), parameters: 11_840_280 },
    floatTwin,
  ),
  ...network(
    'ftbnn-g16',
    ftbnn,
    g16,
    { ...imagenet, paper: paper.ftbnn, description: about.group(16), parameters: 13_099_464 },
    floatTwin,
  ),
  ...network(
    'ftbnn-base-cifar',
    ftbnn,
    inCifar,
    { ...cifar, paper: paper.ftbnn, description: `${about.base}; 3x3 stem`, parameters: 11_181_770 },
    floatTwin,
  ),
  ...network(
    'ftbnn-compact-cifar',
    ftbnn,
    { ...compact, ...inCifar },
    { ...cifar, paper: paper.ftbnn, description: 'as base for CIFAR, but shortcuts without parameters', parameters: 11_007_946 },
    floatTwin,
  ),
  ...network(
    'ftbnn-g2-cifar',
    ftbnn,
    { ...g2, ...inCifar },
    { ...cifar, paper: paper.ftbnn, description: about.group(2), parameters: 10_414_238 },
    floatTwin,
  ),
  ...network(
    'ftbnn-g4-cifar',
    ftbnn,
    { ...g4, ...inCifar },
    { ...cifar, paper: paper.ftbnn, description: about.group(4), parameters: 11_028_426 },
    floatTwin,
  ),
  ...network(
    'ftbnn-g8-cifar',
    ftbnn,
    { ...g8, ...inCifar },
    { ...cifar, paper: paper.ftbnn, description: about.group(8), parameters: 10_442_398 },
    floatTwin,
  ),
  ...network(
    'ftbnn-g16-cifar',
    ftbnn,
    { ...g16, ...inCifar },
    { ...cifar, paper: paper.ftbnn, description: about.group(16), parameters: 11_069_386 },
    floatTwin,
  ),
  ...network(
    'ftbnn-tiny',
    ftbnn,
    tiny,
    {
      task: 'classification',
      input: [28, 28, 1],
      classes: 10,
      paper: paper.ftbnn,
      description: 'compact in miniature, for grey images of 28x28',
      parameters: 298_410,
    },
    floatTwin,
  ),
  ...network(
    'dydensenet',
    dyDenseNet,
    {},
    {
      ...cifar,
      paper: paper.dgc,
      description: 'dynamic dense network of any stages, growth and heads; 86 layers unless told',
      parameters: 4_264_810,
    },
    fixedTwins(1_451_594, 520_202),
  ),
  ...network(
    'dydensenet86-cifar',
    dyDenseNet,
    {},
    { ...cifar, paper: paper.dgc, description: 'dynamic dense network of 86 layers', parameters: 4_264_810 },
    fixedTwins(1_451_594, 520_202),
  ),
  ...network(
    'dydensenet-small-cifar',
    dyDenseNet,
    small,
    {
      ...cifar,
      paper: paper.dgc,
      description: 'dynamic dense network of 26 layers, which two processors can train',
      parameters: 235_098,
    },
    fixedTwins(159_514, 81_562),
  ),
  ...network(
    'dydensenet-imagenet',
    dyDenseNet,
    wide,
    { ...imagenet, paper: paper.dgc, description: 'dynamic dense network of five stages', parameters: 24_060_664 },
    fixedTwins(11_922_680, 5_805_944),
  ),
  ...network(
    'dyresnet18',
    dyResNet,
    {},
    { ...imagenet, paper: paper.dgc, description: 'ResNet-18 with dynamic convolutions', parameters: 12_335_144 },
    fixedTwins(11_697_192, 3_329_064),
  ),
  ...network(
    'cdcn',
    cdcn,
    {},
    { ...face, paper: paper.cdcn, description: 'central difference network from a face to its depth map', parameters: 2_245_016 },
    plainTwin,
  ),
  ...network(
    'cdcnpp',
    cdcnpp,
    {},
    {
      ...face,
      paper: paper.cdcn,
      description: 'CDCN++: the searched network with spatial attention at three scales',
      parameters: 2_257_352,
    },
    plainTwin,
  ),
  ...network(
    'cdcn-s',
    cdcnSmall,
    smallMap,
    {
      ...smallFace,
      paper: paper.cdcn,
      description: 'CDCN with a quarter of the channels on a quarter of the pixels, for CPUs',
      parameters: 139_616,
    },
    plainTwin,
  ),
  ...network(
    'bicdcn-s',
    biCdcn,
    { ...smallMap, theta: 0.7 },
    {
      ...smallFace,
      paper: paper.cdcn,
      description: 'the 1-bit form of cdcn-s: 1-bit central difference convolutions, each with a shortcut, FPReLU',
      parameters: 173_328,
    },
    { ...floatTwin, ...plainTwin },
  ),
  ...network(
    'genotype',
    cellClassifier,
    {},
    {
      ...cifar,
      paper: paper.cdcn,
      description: 'three searched cells (--model genotype:FILE); of plain convolutions unless told',
      parameters: 170_170,
    },
  ),
  ...network(
    'genotype-depth',
    cellDepth,
    {},
    {
      ...face,
      paper: paper.cdcn,
      description: "searched cells from a face to its depth map; CDCN++'s unless told",
      parameters: 2_257_352,
    },
  ),
};

export type ModelName = keyof typeof models;

/** Options that the network `Name` takes. */
export type OptionsOf<Name extends ModelName> = (typeof models)[Name] extends { readonly family: Family<infer Schema> }
  ? z.input<Schema>
  : never;
