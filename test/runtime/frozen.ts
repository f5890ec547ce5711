import { createEngine } from '../../src/engine/index.js';
import { encodePackedModel } from '../../src/formats/packed/model.js';
import { freeze } from '../../src/freeze/index.js';
import { loadModel, type PretrainedName, pretrained } from '../../src/train/index.js';

/** A network that ships with the package, as a packed model; it takes [32, 32, 3]. */
export async function frozen(name: PretrainedName): Promise<Uint8Array> {
  const engine = await createEngine({ threads: 1 });
  try {
    const { model } = await loadModel(pretrained(name), engine);
    return await encodePackedModel(freeze(model, { input: [32, 32, 3] }));
  } finally {
    engine.dispose();
  }
}
