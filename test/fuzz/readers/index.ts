import type { Reader } from '../reader.js';
import { checkpoint } from './checkpoint.js';
import { cifar10, cifar100Names } from './cifar.js';
import { csv, manifest } from './csv.js';
import { idxFiles } from './idx.js';
import { onnx } from './onnx.js';
import { packed } from './packed.js';
import { boxFile, padManifest, prepared } from './pad.js';
import { pytorchLegacy, pytorchPickle, pytorchZip } from './pytorch.js';
import { renames } from './renames.js';
import { safetensors } from './safetensors.js';
import { scores } from './scores.js';
import { candidates, genotype, searchState } from './search.js';
import { tar } from './tar.js';

/** Every reader of files. A new one is an entry here. */
export const readers: readonly Reader[] = [
  safetensors,
  checkpoint,
  packed,
  onnx,
  pytorchZip,
  pytorchLegacy,
  pytorchPickle,
  idxFiles,
  cifar10,
  cifar100Names,
  tar,
  csv,
  renames,
  manifest,
  scores,
  boxFile,
  padManifest,
  prepared,
  genotype,
  searchState,
  candidates,
];
