import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const root = fileURLToPath(new URL('.', import.meta.url));

export default defineConfig({
  resolve: {
    // Tests are written against `src/` and run against what was built from it: the same files, workers included, that a user installs.
    alias: [{ find: /^(?:\.\.\/)+src\/(.*)\.js$/, replacement: `${root}dist/$1.js` }],
  },
  test: {
    include: ['test/**/*.test.ts'],
    server: { deps: { external: [/\/dist\//] } },
    testTimeout: 120_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
    pool: 'forks',
    // Timings of kernels are kept here, not among the user's.
    env: { XDG_CACHE_HOME: `${root}node_modules/.cache` },
  },
});
