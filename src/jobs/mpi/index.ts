export { type Launcher, launcherOf } from './launcher.js';
export { type Mpi, startMpi } from './mpi.js';
