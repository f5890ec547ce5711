/** Runs a body and tells how long that took, in milliseconds. */
export type Stopwatch = (body: () => void) => number;

/** Milliseconds since some moment. */
type Clock = () => number;

/** Below this a run seldom is interrupted, and what the process computed is not told in small enough steps. */
const LONG = 1;
/** Largest step of a clock that is fine enough for long runs. */
const FINE = 0.05;
/** How long to wait for a step. */
const PATIENCE = 50;

/**
 * By the time that passes; of long runs by the time that the process computes if that is less, and the system tells it finely. For on a busy machine a long
 * run is interrupted however often it is repeated. (What other threads compute counts too, so that it may also be more.)
 * @param passing how time passes
 * @param computing what the process has computed
 */
export function createStopwatch(passing: Clock = () => performance.now(), computing: Clock = computedTime): Stopwatch {
  const isFine = stepOf(computing, passing) <= FINE;
  return (body) => {
    const computedBefore = computing();
    const start = passing();
    body();
    const passed = passing() - start;
    return isFine && passed >= LONG ? Math.min(passed, computing() - computedBefore) : passed;
  };
}

/** Of all threads of this process. */
function computedTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function stepOf(clock: Clock, passing: Clock): number {
  const [before, start] = [clock(), passing()];
  while (passing() - start < PATIENCE) {
    const step = clock() - before;
    if (step > 0) return step;
  }
  return Number.POSITIVE_INFINITY;
}
