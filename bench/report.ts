import { execFileSync } from 'node:child_process';
import os from 'node:os';
import type { EngineFacts } from '../dist/node.js';
import type { Result } from './result.js';

/** All figures of a run, and what they were measured on. */
export interface Report {
  readonly command: string;
  readonly machine: string;
  readonly processors: number;
  readonly node: string;
  /** Kernels in use on two threads, and the features that are on. */
  readonly kernels: string | null;
  readonly features: readonly string[];
  readonly threads: readonly number[];
  readonly commit: string;
  readonly date: string;
  /** What a reader has to know of this run, added by hand. */
  readonly note?: string;
  readonly results: readonly Result[];
}

export function report(command: string, { build, features }: EngineFacts, results: readonly Result[]): Report {
  return {
    command,
    machine: os.cpus()[0]?.model.trim() ?? 'unknown',
    processors: os.availableParallelism(),
    node: process.versions.node,
    kernels: build,
    features: features.filter(({ on }) => on).map(({ name }) => name),
    threads: [...new Set(results.map(({ threads }) => threads))].toSorted((a, b) => a - b),
    commit: commit(),
    date: new Date().toISOString().slice(0, 10),
    results,
  };
}

function commit(): string {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return 'unknown';
  }
}
