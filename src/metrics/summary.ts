import { createShapeEngine } from '../engine/shapes.js';
import { ShapeError } from '../errors.js';
import { Network } from '../models/network.js';
import { type Buffer, DynamicGroupConv2d, type Module, type Parameter, StoredNumber } from '../nn/index.js';
import { restoring } from '../nn/restoring.js';
import { type Cost, type OperatorCall, observe } from '../ops/index.js';
import { formatShape, type Shape, sizeOf } from '../tensor/shape.js';
import { Tensor } from '../tensor/tensor.js';
import { addCosts, countParameters, frozenBytes, operations } from './cost.js';

/** One layer, or one call of an operator without parameters, for one image. Costs are of the forward pass. */
export interface SummaryRow {
  /** Path of the module that owns the parameters (`blocks.3.conv`); the operator's name where there are none. */
  readonly layer: string;
  /** The layer's operator; of several the one that multiplies most. */
  readonly operator: string;
  /** Shape of its last result, without the batch. */
  readonly output: Shape;
  readonly binaryParameters: number;
  readonly realParameters: number;
  /** Real multiply-accumulates. */
  readonly macs: number;
  readonly binaryMacs: number;
  /** Elements that pass through element-wise or pooling arithmetic. */
  readonly elements: number;
  /** Bytes of its parameters in a frozen model. Batch norms count in full, though freezing folds most of them away. */
  readonly weightBytes: number;
  /** Bytes of its result as float32. */
  readonly outputBytes: number;
}

export interface SummaryTotals {
  readonly binaryParameters: number;
  readonly realParameters: number;
  readonly parameters: number;
  readonly macs: number;
  readonly binaryMacs: number;
  readonly elements: number;
  /** OPs = BOPs / 64 + MACs. */
  readonly operations: number;
  readonly weightBytes: number;
  /** Bytes of the largest result. */
  readonly largestOutputBytes: number;
}

/** A model's layers and what they cost, as plain data. */
export interface Summary {
  /** Its name in the registry, or its class. */
  readonly model: string;
  /** Height, width and channels of the image. */
  readonly input: Shape;
  /** Shape of the answer, without the batch. */
  readonly output: Shape;
  readonly rows: readonly SummaryRow[];
  readonly totals: SummaryTotals;
}

export interface SummaryOptions {
  /**
   * How far training is, for layers that change with it, in [0, 1]: 1, unless given, is the model as it is shipped; 0 as it starts;
   * null as it stands.
   */
  readonly progress?: number | null;
}

/**
 * What `model` costs for one image of `input` [height, width, channels], layer by layer. Nothing is computed and the model does not
 * change: its operators run on an engine that keeps shapes only, wherever its weights live.
 * @throws ShapeError when the model cannot take such an image
 */
export function summarize(model: Module, input: Shape, { progress = 1 }: SummaryOptions = {}): Summary {
  if (input.length !== 3) throw new ShapeError('summarize', `input ${formatShape(input)}`, '[height, width, channels]');
  const engine = createShapeEngine();
  return restoring(model, () =>
    model.withStandIns(engine, () => {
      model.eval();
      if (progress !== null) setProgress(model, progress);
      const layers = new Layers(model);
      const x = Tensor.empty(engine, [1, ...input], 'float32', 'input');
      const y = observe(
        engine,
        (call) => layers.add(call),
        () => model.forward(x),
      );
      return { model: nameOf(model), input, output: y.shape.slice(1), rows: layers.rows, totals: totalsOf(model, layers.rows) };
    }),
  );
}

/** True where nothing is multiplied: batch norms, activations, additions, pooling. */
export function isElementwise({ macs, binaryMacs }: SummaryRow): boolean {
  return macs === 0 && binaryMacs === 0;
}

type MutableRow = { -readonly [Key in keyof SummaryRow]: SummaryRow[Key] };

/** Collects operator calls into rows: one for each module that owns parameters, one for each call without any. */
class Layers {
  readonly rows: MutableRow[] = [];
  private readonly rowOf = new Map<string, MutableRow>();
  private readonly mostMacs = new Map<MutableRow, number>();
  /** Paths of the stored tensors that a tensor is, or was computed from alone. */
  private readonly origins = new Map<Tensor, readonly string[]>();
  private readonly uncounted: Map<string, Parameter>;

  constructor(model: Module) {
    this.uncounted = model.parameters();
    for (const [path, entry] of model.state()) {
      if (!(entry instanceof StoredNumber)) this.origins.set((entry as Parameter | Buffer).value, [path]);
    }
  }

  add({ operator, inputs, output, cost }: OperatorCall): void {
    const origins = inputs.map((input) => this.origins.get(input));
    const paths = origins.flatMap((path) => path ?? []);
    // A transform of weights alone is folded when the model is frozen: what takes its result is the layer.
    if (paths.length > 0 && origins.every((path) => path !== undefined)) {
      this.origins.set(output, paths);
      return;
    }
    if (operator === 'reshape') return;
    const row = this.rowFor(paths[0], operator);
    const multiplications = cost.macs + cost.binaryMacs;
    if (multiplications >= (this.mostMacs.get(row) ?? 0)) {
      this.mostMacs.set(row, multiplications);
      row.operator = operator;
    }
    row.output = output.shape.slice(1);
    row.outputBytes = 4 * sizeOf(output.shape);
    Object.assign(row, addCosts(row, cost));
    for (const path of paths) this.count(row, path);
    row.weightBytes = frozenBytes({ binary: row.binaryParameters, real: row.realParameters });
  }

  private rowFor(path: string | undefined, operator: string): MutableRow {
    const layer = path === undefined ? operator : path.slice(0, Math.max(0, path.lastIndexOf('.')));
    const known = path === undefined ? undefined : this.rowOf.get(layer);
    if (known) return known;
    const row = { layer, operator, output: [], ...nothing };
    this.rows.push(row);
    if (path !== undefined) this.rowOf.set(layer, row);
    return row;
  }

  private count(row: MutableRow, path: string): void {
    const parameter = this.uncounted.get(path);
    if (!parameter) return;
    this.uncounted.delete(path);
    if (parameter.bits === 1) row.binaryParameters += parameter.size;
    else row.realParameters += parameter.size;
  }
}

const nothing = { binaryParameters: 0, realParameters: 0, macs: 0, binaryMacs: 0, elements: 0, weightBytes: 0, outputBytes: 0 };

function totalsOf(model: Module, rows: readonly SummaryRow[]): SummaryTotals {
  const { binary, real } = countParameters(model);
  const cost = rows.reduce<Cost>(addCosts, { macs: 0, binaryMacs: 0, elements: 0 });
  return {
    binaryParameters: binary,
    realParameters: real,
    parameters: binary + real,
    ...cost,
    operations: operations(cost),
    weightBytes: frozenBytes({ binary, real }),
    largestOutputBytes: rows.reduce((largest, { outputBytes }) => Math.max(largest, outputBytes), 0),
  };
}

function nameOf(model: Module): string {
  return (model instanceof Network && model.spec?.name) || model.constructor.name;
}

/** Starts from zero: early progress leaves layers as they are. */
function setProgress(model: Module, progress: number): void {
  for (const [, module] of model.modules()) if (module instanceof DynamicGroupConv2d) module.inactive.value = 0;
  model.setProgress(progress);
}
