export { launcherOf } from './launcher.js';
export { type Mpi, startMpi } from './mpi.js';
