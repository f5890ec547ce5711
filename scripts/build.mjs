// Builds `dist/`: TypeScript by tsc, the kernels by the AssemblyScript compiler, each only when its sources changed; then the files of `gossamer/runtime`
// and `gossamer/pad` for pages by esbuild.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const assembly = path.join(root, 'src/kernels/assembly');
/** Sources of the kernels and where their builds go: all for training, and for packed models what those need. */
const kernels = [
  { source: 'index.ts', target: 'dist/kernels/gossamer' },
  { source: 'runtime.ts', target: 'dist/browser/gossamer-runtime' },
];
const stampFile = path.join(root, 'dist/kernels/kernels.stamp');

buildKernels();
run('tsc', ['-p', 'tsconfig.json']);
await bundleRuntime();

/**
 * Four builds of each source: `relaxed` may use relaxed SIMD, `threads` runs on shared memory. The engine picks one at start.
 */
function buildKernels() {
  const stamp = digest([fileURLToPath(import.meta.url), ...sources(assembly), path.join(root, 'package-lock.json')]);
  if (fs.existsSync(stampFile) && fs.readFileSync(stampFile, 'utf8') === stamp) return;
  for (const { source, target } of kernels) {
    fs.mkdirSync(path.dirname(path.join(root, target)), { recursive: true });
    for (const relaxed of [false, true]) {
      for (const threads of [false, true]) {
        const file = `${target}${relaxed ? '-relaxed' : ''}${threads ? '-threads' : ''}.wasm`;
        run('asc', [
          path.relative(root, path.join(assembly, source)),
          '--outFile',
          file,
          '-O3',
          '--noAssert',
          '--runtime',
          'stub',
          '--memoryBase',
          '1024',
          '--importMemory',
          '--enable',
          'simd',
          '--enable',
          'threads',
          '--disableWarning',
          '235',
          ...(relaxed ? ['--enable', 'relaxed-simd'] : []),
          ...(threads ? ['--sharedMemory', '--initialMemory', '16', '--maximumMemory', '65536'] : ['--initialMemory', '16']),
          '--use',
          `RELAXED=${relaxed ? 1 : 0}`,
          '--use',
          `THREADS=${threads ? 1 : 0}`,
          '--use',
          'abort=',
        ]);
      }
    }
  }
  fs.writeFileSync(stampFile, stamp);
}

/** Files that import nothing, beside their kernels in `dist/browser`. Names stay: errors are told apart by those of their classes. */
async function bundleRuntime() {
  await build({
    absWorkingDir: root,
    entryPoints: {
      runtime: 'dist/runtime/browser/index.js',
      pad: 'dist/pad/detector/page.js',
      'runtime-worker': 'dist/runtime/browser/worker.js',
      'runtime-thread': 'dist/engine/wasm/web-thread.js',
    },
    outdir: 'dist/browser',
    bundle: true,
    format: 'esm',
    minify: true,
    keepNames: true,
    target: ['chrome97', 'firefox114', 'safari16.4'],
    logLevel: 'warning',
  });
}

function sources(folder) {
  return fs
    .readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath ?? entry.path, entry.name))
    .sort();
}

function digest(files) {
  const hash = createHash('sha256');
  for (const file of files) hash.update(path.relative(root, file)).update(fs.readFileSync(file));
  return hash.digest('hex');
}

function run(tool, args) {
  const { status } = spawnSync(process.execPath, [binary(tool), ...args], { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

function binary(tool) {
  const owner = tool === 'asc' ? 'assemblyscript' : 'typescript';
  const manifest = JSON.parse(fs.readFileSync(path.join(root, 'node_modules', owner, 'package.json'), 'utf8'));
  return path.join(root, 'node_modules', owner, manifest.bin[tool]);
}
