export type { ImageFit } from '../images/fit.js';
export { type Batch, createLoader, Loader, type LoaderOptions } from './batches.js';
export { type CatalogEntry, catalog, type DatasetName } from './catalog.js';
export { type CifarOptions, cifar10Classes, openCifar10, openCifar100 } from './cifar.js';
export { type GetOptions, type GetResult, getDataset, getEntry } from './download.js';
export type { FetchOptions, Progress } from './fetch-file.js';
export { type FolderOptions, openFolder } from './folder.js';
export { type IdxOptions, openIdx, readIdx } from './idx.js';
export { type ImageOptions, ImageSource, readPicture } from './images.js';
export { type ManifestOptions, openManifest } from './manifest.js';
export { fashionMnistClasses, type OpenOptions, openSource } from './open.js';
export { writePicture } from './picture.js';
export { listPictures, openPictures } from './pictures.js';
export { type ImageShape, Pipeline } from './pipeline.js';
export { PixelSource } from './pixels.js';
export { RecordSource } from './records.js';
export { reopenSource } from './reopen.js';
export { fashionMnistSample } from './sample.js';
export { type BalancedOptions, balancedSampler, type Sampler } from './sampler.js';
export type {
  FrameFacts,
  ImagesSpec,
  PixelMaps,
  PixelsSpec,
  RecordsSpec,
  SkippedRecord,
  Source,
  SourceSpec,
  TargetMaps,
} from './source.js';
export { type Split, splitIndices } from './split.js';
export { parseTransforms, type Transform, type TransformInput, transformsSchema } from './transforms.js';
export type { MapSize } from './view.js';
