import { describe, expect, it } from 'vitest';
import { trace } from '../../src/freeze/trace.js';
import { createModel, modelEntry } from '../../src/models/registry.js';
import { type Module, StoredNumber } from '../../src/nn/index.js';

function constantsOf(model: Module): string[] {
  return [...model.state()].flatMap(([path, entry]) => (entry instanceof StoredNumber ? [] : [path]));
}

describe('trace', () => {
  it.each(['resnet20', 'ftbnn-compact-cifar', 'ftbnn-g4-cifar', 'bireal18', 'dydensenet-small-cifar', 'cdcnpp'] as const)(
    'of %s reads every stored tensor, and nothing before it is made',
    (name) => {
      const { input } = modelEntry(name);
      const model = createModel(name, { seed: 1 });
      const { calls, output } = trace(model, input);
      const made = new Set([0]);
      const read = new Set<string>();
      for (const call of calls) {
        for (const { id, constant } of call.inputs) {
          if (constant !== null) read.add(constant);
          else expect(made, call.operator).toContain(id);
        }
        made.add(call.output.id);
      }
      expect(made).toContain(output.id);
      expect([...read].sort()).toEqual(constantsOf(model).sort());
    },
  );

  it('is of the model in evaluation, and leaves it as it was', () => {
    const model = createModel('resnet20', { seed: 1 });
    model.train();
    const { calls } = trace(model, [32, 32, 3]);
    for (const call of calls) if (call.operator === 'batchNorm') expect(call.attributes.training).toBe(false);
    expect(model.modules().every(([, module]) => module.training)).toBe(true);
  });

  it('names the layer whose parameters a call reads', () => {
    const { calls } = trace(createModel('resnet20', { seed: 1 }), [32, 32, 3]);
    expect(calls[0]).toMatchObject({ operator: 'conv2d', layer: expect.stringMatching(/conv$/) });
    expect(calls.at(-1)).toMatchObject({ operator: 'linear' });
  });

  it('refuses an input that is no image', () => {
    expect(() => trace(createModel('resnet20', { seed: 1 }), [32, 32])).toThrow(/\[height, width, channels\]/);
  });
});
