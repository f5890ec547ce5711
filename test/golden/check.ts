import type { Engine } from '#dist/engine/index.js';
import { Scope } from '#dist/tensor/index.js';
import { type GoldenCase, readCase } from './case.js';
import { Comparison } from './compare.js';
import { checkDynamicLayer } from './dynamic.js';
import { checkCheckpoint, checkCurve, checkNetwork } from './networks.js';
import { checkOperator, operatorNames } from './operators.js';
import { checkOptimizer } from './optimizers.js';

type Check = (engine: Engine, golden: GoldenCase, comparison: Comparison) => void;

const checks: Readonly<Record<string, Check>> = {
  ...Object.fromEntries(operatorNames.map((name) => [name, checkOperator])),
  'dynamic-group-conv2d': checkDynamicLayer,
  optimizer: checkOptimizer,
  'training-curve': checkCurve,
  network: (engine, golden, comparison) =>
    (golden.attributes['files'] ? checkCheckpoint : checkNetwork)(engine, golden, comparison),
};

/**
 * `direct` sums as the definition has it. A training step through max pools is held against that: where two inputs of a pool are nearly
 * equal, the last bits decide which of them gets the gradient.
 */
export interface GoldenEngines {
  readonly fast: Engine;
  readonly direct: Engine;
}

/** Runs one case; the list of what failed is empty when all agreed. A case that cannot be run, or that nobody knows, has failed. */
export async function checkFile({ fast, direct }: GoldenEngines, file: string): Promise<string[]> {
  try {
    const golden = readCase(file);
    const engine = golden.operation === 'network' && golden.attributes['train'] === true ? direct : fast;
    using lifetime = new Scope(engine);
    void lifetime;
    const check = checks[golden.operation];
    if (!check) return [`nothing here knows the operation ${golden.operation}`];
    const comparison = new Comparison();
    check(engine, golden, comparison);
    if (comparison.compared === 0) return ['compared nothing'];
    return comparison.differences.map(({ tensor, detail }) => `${tensor} ${detail}`);
  } catch (error) {
    return [error instanceof Error ? `${error.name}: ${error.message}` : String(error)];
  }
}
