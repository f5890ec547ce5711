import { createBrowserHost } from '../../engine/browser-host.js';
import { holdLock } from '../../engine/wasm/web-locks.js';
import { loadOn, type RuntimeModel } from '../model.js';
import { readSource } from '../source.js';
import type { Answered, Asked, Question, Watch } from './messages.js';
import { sendError } from './sent-error.js';

/** The worker of a page's model: holds it and answers for it. Bundled as `runtime-worker.js`. */

/** Each written out, so that bundlers find the files. */
const KERNELS: Readonly<Record<string, URL>> = {
  'gossamer-runtime.wasm': new URL('./gossamer-runtime.wasm', import.meta.url),
  'gossamer-runtime-relaxed.wasm': new URL('./gossamer-runtime-relaxed.wasm', import.meta.url),
  'gossamer-runtime-threads.wasm': new URL('./gossamer-runtime-threads.wasm', import.meta.url),
  'gossamer-runtime-relaxed-threads.wasm': new URL('./gossamer-runtime-relaxed-threads.wasm', import.meta.url),
};

let model: RuntimeModel;

self.onmessage = async ({ data: { id, question } }: MessageEvent<Asked>) => {
  try {
    const { value, transfer = [] } = await answer(question);
    const { arenaBytes, engine } = model.facts;
    send({ id, value, facts: { arenaBytes, engine } }, transfer);
  } catch (error) {
    send({ id, error: sendError(error) });
  }
};

async function answer(question: Question): Promise<{ readonly value: unknown; readonly transfer?: Transferable[] }> {
  switch (question.kind) {
    case 'load': {
      await holdLock(question.lock);
      const host = createBrowserHost({
        kernels: (fileName) => KERNELS[fileName]!,
        startThread: () => new Worker(new URL('./runtime-thread.js', import.meta.url), { type: 'module' }),
        watch: (locks, signs) => send({ locks, signs }),
      });
      model = await loadOn(host, await readSource(question.source), question.options);
      await host.ready();
      return { value: model.facts };
    }
    case 'run': {
      const value = await model.run(question.images);
      return { value, transfer: [value.data.buffer as ArrayBuffer] };
    }
    case 'classify':
      return { value: await model.classify(question.images, question.options) };
    case 'profile':
      return { value: await model.profile(question.images, question.rounds) };
  }
}

function send(message: Answered | Watch, transfer: Transferable[] = []): void {
  self.postMessage(message, { transfer });
}
