import type { CrossEntropyGeometry } from '../engine/kernels.js';
import { ConfigError, DataError, ShapeError } from '../errors.js';
import { formatShape, type Shape, sameShape, sizeOf } from '../tensor/shape.js';
import { elementwise, type Operator, readsInputs } from './operator.js';

type NoAttributes = Record<never, never>;

export interface CrossEntropyAttributes {
  /** Share of the target that is spread evenly over all classes, in [0, 1). */
  readonly smoothing: number;
}

function crossEntropyGeometry(logits: Shape, { smoothing }: CrossEntropyAttributes): CrossEntropyGeometry {
  return { rows: logits[0]!, classes: logits[1]!, smoothing };
}

/** Mean softmax cross-entropy: inputs logits [rows, classes] and labels (int32 [rows]); a scalar. */
export const crossEntropy: Operator<CrossEntropyAttributes> = {
  integerInputs: [1],
  shape([logits, labels], { smoothing }) {
    if (logits!.length !== 2) throw new ShapeError('crossEntropy', `logits ${formatShape(logits!)}`, '[rows, classes]');
    if (labels!.length !== 1 || labels![0] !== logits![0]) {
      throw new ShapeError('crossEntropy', `labels ${formatShape(labels!)}`, `[${logits![0]}]`);
    }
    if (!(smoothing >= 0 && smoothing < 1))
      throw new ConfigError('crossEntropy.smoothing', `got ${smoothing}, needs a number in [0, 1)`);
    return [];
  },
  forward({ kernels, inputs: [logits, labels], output, save }, attributes) {
    const classes = logits!.shape[1]!;
    const bad = labels!.view().findIndex((label) => label < 0 || label >= classes);
    if (bad >= 0) {
      throw new DataError(
        labels!.label,
        bad,
        'label-range',
        `label ${labels!.view()[bad]} is not one of the ${classes} classes (0 to ${classes - 1})`,
      );
    }
    const probabilities = save(logits!.shape);
    kernels.crossEntropy(
      crossEntropyGeometry(logits!.shape, attributes),
      logits!.address,
      labels!.address,
      probabilities.address,
      output.address,
    );
  },
  backward({ kernels, inputs: [logits, labels], saved: [probabilities], dy, make }, attributes) {
    const dlogits = make(logits!.shape);
    kernels.crossEntropyGradient(
      crossEntropyGeometry(logits!.shape, attributes),
      probabilities!.address,
      labels!.address,
      dy.address,
      dlogits.address,
    );
    return [dlogits, null];
  },
  reads: () => readsInputs(1),
  cost: ([logits]) => elementwise(sizeOf(logits!)),
};

/** Mean of the squared differences of two tensors of one shape; a scalar. */
export const meanSquaredError: Operator<NoAttributes> = {
  shape([a, b]) {
    if (!sameShape(a!, b!)) throw new ShapeError('meanSquaredError', `${formatShape(a!)} and ${formatShape(b!)}`, 'equal shapes');
    return [];
  },
  forward({ kernels, inputs: [a, b], output }) {
    kernels.meanSquaredError(a!.size, a!.address, b!.address, output.address);
  },
  backward({ kernels, inputs: [a, b], dy, needed, make, scratch }) {
    const da = needed[0] ? make(a!.shape) : scratch(a!.shape);
    const db = needed[1] ? make(b!.shape) : null;
    kernels.meanSquaredErrorGradient(a!.size, a!.address, b!.address, dy.address, da.address, db?.address ?? 0);
    return [needed[0] ? da : null, db];
  },
  reads: () => readsInputs(0, 1),
  cost: ([a]) => elementwise(sizeOf(a!)),
};

/**
 * The eight differences neighbour - centre of every inner pixel of a map (the contrast of CDCN's contrastive depth loss):
 * [batch, height, width] to [batch, 8, height - 2, width - 2], without padding.
 */
export const depthContrast: Operator<NoAttributes> = {
  shape([x]) {
    if (x!.length !== 3 || x![1]! < 3 || x![2]! < 3) {
      throw new ShapeError('depthContrast', `input ${formatShape(x!)}`, '[batch, height, width] of at least 3x3 pixels');
    }
    const [batch, height, width] = x as [number, number, number];
    return [batch, 8, height - 2, width - 2];
  },
  forward({ kernels, inputs: [x], output }) {
    const [batch, height, width] = x!.shape as [number, number, number];
    kernels.depthContrast(batch, height, width, x!.address, output.address);
  },
  backward({ kernels, inputs: [x], dy, make }) {
    const [batch, height, width] = x!.shape as [number, number, number];
    const dx = make(x!.shape);
    kernels.depthContrastGradient(batch, height, width, dy.address, dx.address);
    return [dx];
  },
  reads: () => readsInputs(),
  cost: (_inputs, output) => elementwise(sizeOf(output)),
};
