import { Command, Option } from 'commander';
import type { EngineOptions } from '../engine/index.js';
import { wholeNumber } from './options.js';

/** A verb that computes. */
export class EngineCommand extends Command {
  /** What `engineChoice` reads. */
  engineOptions(): this {
    return this.addOption(
      new Option('--threads <number>', 'threads that compute (default: all processors); results do not depend on it').argParser(
        wholeNumber(1, 64),
      ),
    )
      .addOption(
        new Option(
          '--relaxed-simd <mode>',
          'fused multiply-adds: where offered, also behind the flag of Node 20 (on), or never; last bits of results differ',
        )
          .choices(['auto', 'on', 'off'])
          .default('auto'),
      )
      .addOption(
        new Option(
          '--autotune <mode>',
          'time 1-bit kernels once on a machine (on), now and again (fresh), or never (off); results do not depend on it',
        )
          .choices(['on', 'fresh', 'off'])
          .default('on'),
      );
  }
}

export type EngineChoice = Pick<EngineOptions, 'threads' | 'relaxedSimd' | 'autotune'>;

/** Without the verb's own options. */
export function engineChoice({ threads, relaxedSimd, autotune }: EngineChoice): EngineChoice {
  return { threads, relaxedSimd, autotune };
}
