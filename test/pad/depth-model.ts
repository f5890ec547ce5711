import { createEngine } from '../../src/engine/index.js';
import type { Contract } from '../../src/formats/packed/contract.js';
import { encodePackedModel } from '../../src/formats/packed/model.js';
import { freeze } from '../../src/freeze/index.js';
import { createModel } from '../../src/models/index.js';

/** Height and width of the crops that it takes. */
export const cropSize = 64;

/** An untrained depth network as a packed model: it takes faces cut at 1.4 and shows them at 1.3. */
export async function depthModel(changes: Partial<Contract> = {}, seed = 1): Promise<Uint8Array> {
  const engine = await createEngine({ threads: 1 });
  try {
    const model = createModel('cdcn-s', { engine, seed, mapSize: 4 });
    const contract: Partial<Contract> = {
      task: 'depth-map',
      source: { size: [cropSize, cropSize], fit: 'cover' },
      prepare: [
        { name: 'center-crop', size: [59, 59] },
        { name: 'resize', size: [32, 32] },
      ],
      mean: [0.5, 0.5, 0.5],
      std: [128 / 255, 128 / 255, 128 / 255],
      faces: { scale: 1.4, aspect: 'keep', fill: 'edge' },
      ...changes,
    };
    return await encodePackedModel(freeze(model, { input: [32, 32, 3], contract }));
  } finally {
    engine.dispose();
  }
}
