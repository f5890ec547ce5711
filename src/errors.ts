/**
 * Every error that Gossamer throws on purpose. The text says what was got, what is needed and what to do; the fields
 * carry the same facts for programs. `code` is stable across releases and is what `--json` prints.
 */
export abstract class GossamerError extends Error {
  abstract readonly code: string;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** A tensor's shape does not fit the operation. */
export class ShapeError extends GossamerError {
  readonly code = 'SHAPE';
  constructor(
    readonly operation: string,
    readonly got: string,
    readonly needed: string,
    advice = '',
  ) {
    super(`${operation}: got ${got}, needs ${needed}.${advice ? ` ${advice}` : ''}`);
  }
}

/** A tensor's element type does not fit the operation. */
export class DTypeError extends GossamerError {
  readonly code = 'DTYPE';
  constructor(
    readonly operation: string,
    readonly got: string,
    readonly needed: string,
  ) {
    super(`${operation}: got a tensor of ${got}, needs ${needed}.`);
  }
}

/** A file is not what it claims to be. `reason` names the way it lies; each reader documents its reasons. */
export class FormatError extends GossamerError {
  readonly code = 'FORMAT';
  constructor(
    readonly file: string,
    readonly reason: string,
    detail: string,
    options?: ErrorOptions,
  ) {
    super(`${file}: ${detail}`, options);
  }
}

/** A data set, or one record of it, cannot be used. */
export class DataError extends GossamerError {
  readonly code = 'DATA';
  constructor(
    readonly file: string,
    /** Record number in the file, line of a manifest, or null when the whole file is at fault. */
    readonly record: number | null,
    readonly reason: string,
    detail: string,
    options?: ErrorOptions,
  ) {
    super(record === null ? `${file}: ${detail}` : `${file}, record ${record}: ${detail}`, options);
  }
}

/** An option, recipe or command-line argument is wrong. `key` is its dotted path. */
export class ConfigError extends GossamerError {
  readonly code = 'CONFIG';
  constructor(
    readonly key: string,
    detail: string,
    options?: ErrorOptions,
  ) {
    super(key ? `${key}: ${detail}` : detail, options);
  }
}

/** A tensor of somebody's file that a network has no use for, or cannot find in it, or that has another shape than it needs. */
export interface WeightsProblem {
  readonly name: string;
  /** Null when it is missing. */
  readonly got: readonly number[] | null;
  /** Null when the network has no use for it. */
  readonly needed: readonly number[] | null;
}

/** The weights in a file are not those of the network. Shapes are in the layout of the file. */
export class WeightsError extends GossamerError {
  readonly code = 'WEIGHTS';
  constructor(
    readonly file: string,
    readonly model: string,
    readonly problems: readonly WeightsProblem[],
    detail: string,
  ) {
    super(`${file}: these are not the weights of ${model}: ${detail}`);
  }
}

/** A network answers otherwise than a reference file says. */
export class VerificationError extends GossamerError {
  readonly code = 'VERIFICATION';
  constructor(
    readonly file: string,
    /** Answers compared, and those outside the bound. */
    readonly compared: number,
    readonly outside: number,
    /** Of |got - expected|; NaN when an answer is not a number. */
    readonly largestDifference: number,
    /** The same as a share of the bound. */
    readonly largestShare: number,
    detail: string,
  ) {
    super(`${file}: ${detail}`);
  }
}

/** Where results are kept refuses, or is not to be reached. */
export class StoreError extends GossamerError {
  readonly code = 'STORE';
  constructor(
    /** Such as `s3://bucket/prefix`. */
    readonly store: string,
    /** Of HTTP; null where no answer came. */
    readonly status: number | null,
    detail: string,
    options?: ErrorOptions,
  ) {
    super(`${store}: ${detail}`, options);
  }
}

/** Something that Gossamer, or this machine, does not do; the text says why and what does. */
export class UnsupportedError extends GossamerError {
  readonly code = 'UNSUPPORTED';
  constructor(
    readonly feature: string,
    readonly why: string,
  ) {
    super(`${feature} is not supported: ${why}`);
  }
}

/** A frozen model does not compute what the model does that it was made of. */
export class FreezeError extends GossamerError {
  readonly code = 'FREEZE';
  constructor(
    /** Path of the first layer that differs, or the operator where it has no parameters. */
    readonly layer: string,
    /** Largest difference of its result, relative to the result's size. */
    readonly difference: number,
    readonly bound: number,
  ) {
    super(
      `freeze: ${layer} computes something else than in the model: its results differ by ${difference.toExponential(1)} of their size, ` +
        `more than ${bound.toExponential(1)}. Nothing was written. This is a fault of Gossamer: please report it with the model's name and options.`,
    );
  }
}

/** A tensor was used after it was freed, or a value belongs to another engine. */
export class LifetimeError extends GossamerError {
  readonly code = 'LIFETIME';
}

/** The engine's memory is used up. */
export class OutOfMemoryError extends GossamerError {
  readonly code = 'OUT_OF_MEMORY';
  constructor(
    /** What was to be stored: an operator, a parameter's path, a batch. */
    readonly tensor: string,
    readonly shape: readonly number[],
    readonly bytes: number,
    readonly bytesInUse: number,
    readonly bytesLimit: number,
    /** Training step (from 0), where there is one. */
    readonly step: number | null = null,
  ) {
    super(
      `Out of memory${step === null ? '' : ` in step ${step}`}: ${tensor} of shape [${shape.join(', ')}] needs ${mebibytes(bytes)}, ` +
        `${mebibytes(bytesInUse)} of ${mebibytes(bytesLimit)} are in use. ` +
        'Use a smaller batch or input, or free what you no longer need: scope(engine, …) around each step, or dispose().',
    );
  }

  inStep(step: number): OutOfMemoryError {
    return new OutOfMemoryError(this.tensor, this.shape, this.bytes, this.bytesInUse, this.bytesLimit, step);
  }
}

/** A kernel or a compute thread failed: what the engine's memory holds cannot be trusted any more. A defect of Gossamer, or of the machine. */
export class EngineError extends GossamerError {
  readonly code = 'ENGINE';
  constructor(
    /** The kernel that ran, or the thread that ended. */
    readonly where: string,
    cause: unknown,
  ) {
    const detail = cause instanceof Error ? cause.message : String(cause);
    super(
      `The engine failed in ${where} (${detail}) and cannot go on. ` +
        'Dispose of it, make a new one and load the last checkpoint. This is a defect: please report it.',
      { cause },
    );
  }
}

/** A loss, a weight or an activation became NaN or infinite. */
export class DivergenceError extends GossamerError {
  readonly code = 'DIVERGENCE';
  constructor(
    readonly step: number,
    /** Path of the first layer whose output was not finite. */
    readonly layer: string,
    readonly lastCheckpoint: string | null,
  ) {
    super(
      `Step ${step}: ${layer} gave NaN or infinity. ` +
        (lastCheckpoint ? `The last good checkpoint is ${lastCheckpoint}. ` : 'No checkpoint was written yet. ') +
        'Try a lower learning rate, warm-up or gradient clipping.',
    );
  }
}

/** Processes that train together do not agree. */
export class RanksError extends GossamerError {
  readonly code = 'RANKS';
  constructor(
    /** Those that differ from rank 0. */
    readonly ranks: readonly number[],
    detail: string,
  ) {
    super(detail);
  }
}

function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}
