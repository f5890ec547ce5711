import path from 'node:path';
import process from 'node:process';
import { Command } from 'commander';
import { checkQueueName, parseRedisAddress, passwordVariable, workOnQueue } from '../jobs/index.js';
import { printable, wrap } from '../report/terminal.js';
import type { Console } from './console.js';
import { listenForInterruption } from './interruption.js';
import { jsonOption, queueOption, redisOption, wholeNumber } from './options.js';

interface WorkerChoice {
  readonly redis: string;
  readonly queue: string;
  readonly concurrency: number;
  readonly threads: number;
  readonly work: string;
  readonly patience: number;
  readonly json?: boolean;
}

export function workerCommand(console: Console): Command {
  return new Command('worker')
    .description('do tasks of sweeps that others put into a queue (gossamer sweep --on redis), until it is told to end')
    .addOption(redisOption().makeOptionMandatory())
    .addOption(queueOption())
    .option('--concurrency <number>', 'tasks at a time, each in a process of its own', wholeNumber(1, 1024), 1)
    .option('--threads <number>', 'threads of each task', wholeNumber(1, 64), 1)
    .option(
      '--work <folder>',
      'what is under way of sweeps that keep their results in a bucket (--store)',
      path.join('runs', 'worker'),
    )
    .option(
      '--patience <seconds>',
      'without a sign of life for so long a worker counts as dead, and its task goes to another',
      wholeNumber(1, 86_400),
      30,
    )
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `\nA password comes from ${passwordVariable}. Ctrl-C or SIGTERM: tasks under way save and go back into the queue.\n` +
        '\nExample:\n  $ gossamer worker --redis redis://10.0.0.5:6379 --concurrency 4\n',
    )
    .action((choice: WorkerChoice) => work(choice, console));
}

async function work(choice: WorkerChoice, console: Console): Promise<void> {
  const redis = parseRedisAddress(choice.redis, process.env);
  const queue = checkQueueName(choice.queue);
  const interruption = listenForInterruption(console, choice.json);
  const tell = (event: object, text: string) =>
    console.output.write(choice.json ? `${JSON.stringify(event)}\n` : `${wrap(printable(text), console.output.columns())}\n`);
  try {
    await workOnQueue({
      ...{
        redis,
        queue,
        concurrency: choice.concurrency,
        threads: choice.threads,
        work: path.resolve(choice.work),
        patience: choice.patience,
      },
      signal: interruption.signal,
      onReady: () =>
        tell({ kind: 'ready', queue, redis: redis.label }, `Waiting for tasks of the queue ${queue} on ${redis.label}.`),
      onOutcome: (outcome) =>
        tell(
          { kind: 'task', ...outcome },
          `${outcome.id} ${outcome.state}${outcome.failure ? `: ${outcome.failure.message}` : ''}`,
        ),
      onTrouble: ({ message }) => console.error.write(`gossamer: ${redis.label}: ${printable(message)}\n`),
    });
  } finally {
    interruption.stop();
  }
}
