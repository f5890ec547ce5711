/** Folders in the order in which data meets them: each imports only itself and those before it. */
const order = [
  'kernels',
  'engine',
  'tensor',
  'ops',
  'nn',
  'config',
  'models',
  'metrics',
  'images',
  'formats',
  'runtime',
  'data',
  'train',
  'freeze',
  'pad',
  'search',
  'jobs',
  'report',
  'cli',
];

const layers = order.slice(0, -1).map((folder, place) => ({
  name: `order-${folder}`,
  comment: `src/${folder} imports only folders before it: ${order.slice(0, place).join(', ') || 'none'}.`,
  severity: 'error',
  from: { path: `^src/${folder}/` },
  to: { path: `^src/(${order.slice(place + 1).join('|')})/` },
}));

module.exports = {
  forbidden: [
    ...layers,
    {
      name: 'no-circular',
      comment: 'Two files that need each other are one thing, or three. (Types alone may go round.)',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'internals-stay-inside',
      comment: 'No file of a folder imports the public entry points.',
      severity: 'error',
      from: { path: '^src/.+/' },
      to: { path: '^src/(index|node)\\.ts$' },
    },
    {
      name: 'declared-dependencies-only',
      severity: 'error',
      from: { path: '^src/' },
      // Optional peers are also installed for tests, so that they count as both.
      to: {
        dependencyTypes: ['unknown', 'undetermined', 'npm-dev', 'npm-no-pkg'],
        pathNot: 'node_modules/(aws4fetch|bullmq|ioredis|koffi)/',
      },
    },
    {
      name: 'redis-stays-at-the-edge',
      comment: 'The queue is loaded where it is used, by those who installed it.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/jobs/redis\\.ts$' },
      to: { path: 'node_modules/(bullmq|ioredis)/' },
    },
    {
      name: 'buckets-stay-at-the-edge',
      comment: 'So is the client of buckets.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/jobs/s3-client\\.ts$' },
      to: { path: 'node_modules/aws4fetch/' },
    },
    {
      name: 'mpi-stays-at-the-edge',
      comment: 'Training knows ranks, not what they talk through.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/jobs/mpi/library\\.ts$' },
      to: { path: 'node_modules/koffi/' },
    },
    {
      name: 'runtime-stays-small',
      comment: 'A page that runs a packed model loads the engine, the format, what images go through, and no more.',
      severity: 'error',
      from: { path: '^src/runtime/' },
      to: {
        path: '^src/',
        pathNot: '^src/(runtime|engine|images|formats/packed|errors\\.ts|formats/dtypes\\.ts|metrics/ranking\\.ts)',
      },
    },
    {
      name: 'native-and-heavy-stay-at-the-edge',
      comment: 'sharp is loaded where images are decoded, ECharts where charts are drawn, commander in the command line.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(data|report|cli)/' },
      to: { path: 'node_modules/(sharp|echarts|commander)/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'types', 'node', 'default'] },
    exclude: { path: '^src/kernels/assembly' },
  },
};
