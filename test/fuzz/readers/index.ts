import type { Reader } from '../reader.js';
import { checkpoint } from './checkpoint.js';
import { cifar10, cifar100Names } from './cifar.js';
import { csv, manifest } from './csv.js';
import { idxFiles } from './idx.js';
import { packed } from './packed.js';
import { boxFile, padManifest, prepared } from './pad.js';
import { pytorchLegacy, pytorchPickle, pytorchZip } from './pytorch.js';
import { safetensors } from './safetensors.js';
import { tar } from './tar.js';

/** Every reader of files. A new one is an entry here. */
export const readers: readonly Reader[] = [
  safetensors,
  checkpoint,
  packed,
  pytorchZip,
  pytorchLegacy,
  pytorchPickle,
  idxFiles,
  cifar10,
  cifar100Names,
  tar,
  csv,
  manifest,
  boxFile,
  padManifest,
  prepared,
];
