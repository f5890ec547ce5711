import { createHash } from 'node:crypto';
import { createEngine } from '#dist/engine/index.js';
import { FormatError } from '#dist/errors.js';
import type { Contract } from '#dist/formats/packed/contract.js';
import { decodePackedModel, encodePackedModel, type PackedModel, undecidedDigest } from '#dist/formats/packed/model.js';
import { decodeSafetensors, encodeSafetensors } from '#dist/formats/safetensors.js';
import { freeze } from '#dist/freeze/index.js';
import { createModel } from '#dist/models/index.js';
import { BatchNorm2d, BinaryConv2d, Module } from '#dist/nn/index.js';
import * as ops from '#dist/ops/index.js';
import { checkMemory, preparationBytes } from '#dist/runtime/memory.js';
import { Plan } from '#dist/runtime/plan.js';
import { Rng } from '#dist/tensor/rng.js';
import type { Tensor } from '#dist/tensor/tensor.js';
import { lengthAndJson } from '../json-edits.js';
import { agree, type Reader, type Sample } from '../reader.js';
import { lieInGraph } from './graph-lies.js';
import { bytesOf, safetensorsSample } from './safetensors.js';

/** Most multiplications of a graph that is run: more would only take time. */
const MOST_WORK = 2e8;
const engine = await createEngine({ threads: 1, binaryKernel: 'popcount', memoryLimit: 2 ** 29 });

async function sample(
  name: string,
  model: string,
  options: object,
  input: readonly number[],
  contract: Partial<Contract> = {},
): Promise<Sample> {
  return frozen(name, createModel(model as string, { engine, seed: 1, ...options }), input, contract);
}

async function frozen(
  name: string,
  network: Module,
  input: readonly number[],
  contract: Partial<Contract> = {},
): Promise<Sample> {
  network.setProgress(1);
  const made = freeze(network, { input, contract });
  network.dispose();
  const bytes = await encodePackedModel(contract.faces ? await decided(made) : made);
  return safetensorsSample(name, bytes);
}

/** 1-bit convolutions one after another, without shortcuts: what lies between them are thresholds. */
class Chain extends Module {
  private readonly rng = new Rng(1);
  readonly first = new BinaryConv2d(3, 16, { kernel: 3, padding: 1, rng: this.rng });
  readonly norm = new BatchNorm2d(16);
  readonly second = new BinaryConv2d(16, 5, { kernel: 3, groups: 1, rng: this.rng });

  forward(x: Tensor): Tensor {
    return ops.globalAveragePool(this.second.forward(this.norm.forward(this.first.forward(x))));
  }
}

/** With a threshold and its evidence. */
async function decided(model: Omit<PackedModel, 'digest'>): Promise<Omit<PackedModel, 'digest'>> {
  const digest = await undecidedDigest(model);
  const errors = { errors: 1, answered: 9, unanswered: 2, interval: [0.01, 0.5] as const };
  const decision = {
    ...{ threshold: 0.25, criterion: 'bpcer20', by: 'video' as const, smallestFace: 41.5 },
    evidence: {
      ...{ model: digest, scores: digest, data: { dataset: 'made-up', protocol: '1', split: 'dev' } },
      ...{ confidence: { level: 0.95, method: 'clopper-pearson', subjects: 3 }, bonafide: errors },
      attacks: [
        { species: 'print', ...errors },
        { species: 'mask', errors: 0, answered: 0, unanswered: 4, interval: null },
      ],
    },
  };
  return { ...model, contract: { ...model.contract, decision } };
}

export const packed: Reader = {
  name: 'packed',
  samples: [
    await sample('1-bit', 'ftbnn-tiny', { widths: [8, 16], blocks: [1, 1], strides: [1, 2], classes: 3 }, [12, 11, 1]),
    await sample('grouped', 'ftbnn-g4-cifar', { widths: [16, 32], blocks: [1, 1], strides: [1, 2], classes: 3 }, [8, 8, 3]),
    await frozen('thresholds', new Chain().to(engine), [7, 6, 3]),
    await sample('real', 'resnet20', { widths: [4, 8], blocks: [1, 1], classes: 3 }, [9, 8, 3]),
    await sample('dynamic', 'dydensenet', { stages: [1, 1], growth: [4, 8], stemStride: 2, classes: 3 }, [16, 16, 3]),
    await sample(
      'dynamic 1-bit',
      'dydensenet',
      { stages: [1], growth: [4], selection: 'random', convolution: 'dynamic-binary', classes: 3 },
      [8, 8, 3],
    ),
    await sample('deciding', 'resnet20', { widths: [4], blocks: [1], classes: 3 }, [8, 8, 3], {
      ...{ task: 'depth-map', source: { size: [10, 10], fit: 'cover' }, prepare: [{ name: 'resize', size: [8, 8] }] },
      faces: { scale: 1.4, aspect: 'keep', fill: 'edge' },
    }),
  ],
  refusesWith: FormatError,
  async read(bytes) {
    const model = await decodePackedModel(bytes, 'x.safetensors');
    const { graph } = model;
    const sizes = graph.values.map(({ shape: [height, width, channels] }) => height * width * channels);
    if (sizes.reduce((sum, size) => sum + size, 0) * bytes.length > MOST_WORK) return;
    // What was taken can be run, with a finite number of steps and within the memory that such a file may take.
    const plan = new Plan(model, engine);
    try {
      checkMemory(plan.bytesFor(1) + preparationBytes(graph.values[0]!.shape, model.contract), null, {
        place: 'x.safetensors',
        bytes: bytes.length,
      });
      const answer = plan.run(1, new Float32Array(sizes[0]!).fill(0.5));
      agree(answer.length === sizes[graph.output], `the answer has ${answer.length} numbers`);
    } finally {
      plan.dispose();
    }
  },
  header: lengthAndJson,
  lie: lieInGraph,
  tokens: ['signs', 'floats', 'convolution', 'null', '0', '-1', '65536'].map((text) => Buffer.from(text)),
  seal(bytes) {
    try {
      const { tensors, metadata } = decodeSafetensors(bytes, 'x');
      const hash = createHash('sha256');
      for (const key of ['graph', 'contract', 'provenance']) hash.update(`${metadata[key]}\n`);
      for (const [name, { dtype, shape }] of tensors) hash.update(`${JSON.stringify([name, dtype, shape])}\n`);
      for (const tensor of tensors.values()) hash.update(bytesOf(tensor));
      return encodeSafetensors(tensors, { ...metadata, digest: hash.digest('hex') });
    } catch (error) {
      if (error instanceof FormatError) return bytes;
      throw error;
    }
  },
};
