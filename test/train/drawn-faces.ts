import { PixelSource, shareLabels } from '../../src/data/pixels.js';
import type { TransformInput } from '../../src/data/transforms.js';
import { Rng } from '../../src/tensor/rng.js';
import { parseRecipe, type Recipe, type RecipeInput } from '../../src/train/recipe.js';

export const side = 24;
const mapSide = 6;

/**
 * Frames of drawn faces: a bright blob on a dark ground. Every third video is live; the others are attacks, whose skin has a screen's or a printer's
 * pattern. Two frames a video, four videos a subject. The map of a live one is a dome where the blob is.
 */
export function drawnFaces(videos: number, seed = 1): PixelSource {
  const rng = new Rng(seed);
  const length = 2 * videos;
  const pixels = new Uint8Array(new SharedArrayBuffer(length * side * side * 3));
  const maps = new Uint8Array(new SharedArrayBuffer(length * mapSide * mapSide));
  const kinds = [null, 'print', 'replay'] as const;
  const speciesOf = (record: number) => kinds[Math.floor(record / 2) % 3]!;
  for (let record = 0; record < length; record++) {
    const species = speciesOf(record);
    const [centreY, centreX] = [side / 2 + rng.uniform(-2, 2), side / 2 + rng.uniform(-2, 2)];
    const [colour, phase] = [rng.uniform(120, 200), rng.integer(4)];
    const depthAt = (y: number, x: number) => Math.sqrt(Math.max(0, 1 - ((y - centreY) / 9) ** 2 - ((x - centreX) / 7) ** 2));
    for (let y = 0; y < side; y++) {
      for (let x = 0; x < side; x++) {
        // Waves of four pixels: what is seen at other scales still shows them.
        const at = species === 'print' ? x : y + x;
        const wave = species === null ? 0 : ((at + phase) % 4 < 2 ? 1 : -1) / 2;
        const skin = depthAt(y + 0.5, x + 0.5) > 0 ? colour + 50 * wave : 40;
        for (let channel = 0; channel < 3; channel++) {
          pixels[((record * side + y) * side + x) * 3 + channel] = skin - 10 * channel + rng.integer(12);
        }
      }
    }
    const step = side / mapSide;
    for (let i = 0; species === null && i < mapSide ** 2; i++) {
      maps[record * mapSide ** 2 + i] = 255 * depthAt((Math.floor(i / mapSide) + 0.5) * step, ((i % mapSide) + 0.5) * step);
    }
  }
  return new PixelSource(
    {
      ...{ kind: 'pixels', name: `drawn faces ${seed}`, classes: ['attack', 'bona-fide'], length },
      ...{ height: side, width: side, channels: 3, pixels: pixels.buffer as SharedArrayBuffer },
      labels: shareLabels(Array.from({ length }, (_, record) => (speciesOf(record) === null ? 1 : 0))),
      maps: { height: mapSide, width: mapSide, values: maps.buffer as SharedArrayBuffer },
      faceCrop: { scale: 1.4, aspect: 'keep', fill: 'edge' },
    },
    [],
    {
      video: (record) => `video ${Math.floor(record / 2)}`,
      species: speciesOf,
      subject: (record) => `subject ${Math.floor(record / 8)}`,
    },
  );
}

/** (x - 127.5) / 128 */
const normalize: TransformInput = { name: 'normalize', mean: [0.5], std: [128 / 255] };

/** A recipe for {@link drawnFaces}, with all that those of the package have. */
export function drawnFacesRecipe(changes: Partial<RecipeInput> = {}): Recipe {
  return parseRecipe({
    name: 'drawn-faces',
    model: { name: 'cdcn-s', options: { mapSize: 6 } },
    transforms: {
      train: [
        { name: 'face-scale', stored: 1.4, scales: [1.2, 1.4], size: side },
        { name: 'channel-shift', range: [-10, 10] },
        { name: 'flip' },
        { name: 'cutout', size: 4, least: 1 },
        normalize,
      ],
      evaluate: [{ name: 'face-scale', stored: 1.4, scales: [1.3], size: side }, normalize],
    },
    sampling: { frames: 'one-per-video', balance: 'species' },
    loss: { name: 'depth' },
    optimizer: { name: 'adam', learningRate: 0.01 },
    epochs: 6,
    batchSize: 8,
    validation: { fraction: 0.25 },
    checkpoint: { everySeconds: null },
    ...changes,
  });
}
