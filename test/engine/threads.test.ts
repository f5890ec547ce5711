import { expect, test } from 'vitest';
import { useBackends } from './harness.js';

const backends = useBackends([2, 3]);

/** Short commands of changing task counts, one right after another: a thread that is late must not take a task of the next one. */
test('every task of every command runs once', () => {
  for (const { wasm, name } of backends) {
    const from = wasm.allocator.allocate(4 * 32, 'source', [32]);
    const to = wasm.allocator.allocate(4 * 32, 'copy', [32]);
    for (let i = 0; i < 100_000; i++) {
      const tasks = 2 + ((i * 7) % 29);
      wasm.floats(from, tasks).fill(i);
      wasm.run('padImages', tasks, [from, to, tasks, 1, 1, 0, 0, tasks, 1, tasks, 1]);
      if (wasm.floats(to, tasks).some((copied) => copied !== i)) expect.fail(`command ${i} was over too early (${name})`);
    }
    wasm.allocator.free(to);
    wasm.allocator.free(from);
  }
});
