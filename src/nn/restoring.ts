import type { Module } from './module.js';
import { StoredNumber } from './state.js';

/** Runs `body`, which may switch a model's modes and progress, and sets these back. */
export function restoring<T>(model: Module, body: () => T): T {
  const modes = model.modules().map(([, module]) => [module, module.training] as const);
  const numbers = [...model.state().values()].flatMap((entry) =>
    entry instanceof StoredNumber ? [[entry, entry.value] as const] : [],
  );
  try {
    return body();
  } finally {
    for (const [module, training] of modes) module.training = training;
    for (const [entry, value] of numbers) entry.value = value;
  }
}
