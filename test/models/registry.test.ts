import { describe, expect, it } from 'vitest';
import { createShapeEngine } from '../../src/engine/shapes.js';
import { ConfigError } from '../../src/errors.js';
import { countParameters } from '../../src/metrics/cost.js';
import { createFromSpec, createModel, modelEntry, models, twinSpec } from '../../src/models/index.js';
import { Tensor } from '../../src/tensor/index.js';

const names = Object.keys(models);

describe('models', () => {
  it.each(names)('%s has as many parameters as its entry says, and gives what its task promises', (name) => {
    const { input, classes, task, parameters } = modelEntry(name);
    const engine = createShapeEngine();
    const model = createModel(name, { engine });
    const { binary, real } = countParameters(model);
    expect(binary + real).toBe(parameters);
    const y = model.eval().forward(Tensor.empty(engine, [2, ...input]));
    // As in CDCN: an eighth of the image, which is the size of the highest level.
    expect(y.shape).toEqual(task === 'classification' ? [2, classes] : [2, input[0] / 8, input[1] / 8]);
  });

  it('have twins of the same options, but for those in which the twins differ', () => {
    const options = { widths: [8, 16], blocks: [1, 1], strides: [1, 2], classes: 3, theta: 0.5 };
    const { spec } = createModel('ftbnn-tiny', options);
    expect(twinSpec(spec!)).toEqual({ name: 'ftbnn-tiny-float', options: { ...spec!.options, convolution: 'real' } });
    const dynamic = createModel('dydensenet', { stages: [1], growth: [4], convolution: 'dynamic-binary' }).spec!;
    expect(twinSpec(dynamic)).toEqual({ name: 'dydensenet-dense', options: { ...dynamic.options, convolution: 'dense' } });
    expect(twinSpec(createModel('ftbnn-tiny-float').spec!)).toBeNull();
  });

  it('counts as many parameters as published', () => {
    expect(models.resnet20.parameters).toBe(269_722);
    expect(models.resnet18.parameters).toBe(11_689_512);
    expect(models.dyresnet18.parameters).toBe(12_335_144);
    expect(models['dydensenet86-cifar'].parameters / 1e6).toBeCloseTo(4.26, 2);
    expect(models['dydensenet-imagenet'].parameters / 1e6).toBeCloseTo(24.06, 2);
    expect(models.cdcn.parameters).toBe(2_245_016);
    expect(models.cdcnpp.parameters).toBe(2_257_352);
  });

  it.each(names.filter((name) => modelEntry(name).twin))('%s has a twin of the same task, input and options', (name) => {
    const entry = modelEntry(name);
    const twin = modelEntry(entry.twin!);
    expect([twin.task, twin.input, twin.classes, twin.family]).toEqual([entry.task, entry.input, entry.classes, entry.family]);
    const [a, b] = [createModel(name), createModel(entry.twin!)];
    expect(Object.keys(a.spec!.options)).toEqual(Object.keys(b.spec!.options));
  });
});

describe('createModel', () => {
  it('puts options on top of what the name stands for', () => {
    const model = createModel('ftbnn-tiny', { widths: [16, 32], blocks: [1, 1], strides: null, classes: 3 });
    expect(model.spec).toMatchObject({
      name: 'ftbnn-tiny',
      options: { widths: [16, 32], classes: 3, inChannels: 1, stem: '3x3-half', seed: 0 },
    });
    expect(model.parameters().get('classifier.weight')!.shape).toEqual([3, 32]);
  });

  it('refuses at once what would fail in the middle of a training run', () => {
    const dynamic = { stages: [1], growth: [2], heads: 2 };
    expect(() => createModel('dydensenet', { ...dynamic, keep: 0.001 })).toThrow(/keep: got 0.001, which leaves none/);
    expect(() => createModel('resnet20', { widths: [32, 16], blocks: [1, 1] })).toThrow(/cannot make 16 of 32/);
  });

  it('takes an absent option for none', () => {
    expect(createModel('ftbnn-tiny', { classes: undefined }).spec!.options['classes']).toBe(10);
  });

  it('makes the same network again from its description, which is plain data', () => {
    const model = createModel('dydensenet', { stages: [1, 2], growth: [4, 8], heads: 2, seed: 7 });
    const again = createFromSpec(JSON.parse(JSON.stringify(model.spec)));
    expect(again.spec).toEqual(model.spec);
    expect([...again.state()].map(([path, { shape }]) => [path, shape])).toEqual(
      [...model.state()].map(([path, { shape }]) => [path, shape]),
    );
  });

  it('names the nearest network for one that is not there', () => {
    expect(() => createModel('ftbn-tiny')).toThrow(/Did you mean "ftbnn-tiny"\?/);
    expect(() => createModel('toString')).toThrow(ConfigError);
  });

  it('names the nearest option for one that is not there', () => {
    expect(() => createModel('resnet20' as string, { clases: 4 })).toThrow(/Did you mean "classes"\?/);
  });

  it.each([
    ['resnet20', { classes: 1 }, 'classes'],
    ['resnet20', { widths: [16, 32], blocks: [1] }, 'blocks'],
    ['dydensenet', { stages: [1], growth: [4, 8] }, 'growth'],
    ['dydensenet', { keep: 0 }, 'keep'],
    ['dydensenet', { heads: 3 }, 'heads'],
    ['cdcn', { classes: 10 }, 'classes'],
    ['cdcn', { theta: 1.5 }, 'theta'],
    ['ftbnn-compact', { groups: 5 }, 'groups'],
    ['ftbnn-compact', { widths: [64, 96], blocks: [1, 1] }, 'widths'],
    ['ftbnn-compact', { stemCopies: 3 }, 'stemCopies'],
  ])('refuses %s with %j', (name, options, key) => {
    const refusal = (() => {
      try {
        createModel(name as string, options);
      } catch (error) {
        return error;
      }
    })();
    expect(refusal).toBeInstanceOf(ConfigError);
    expect((refusal as ConfigError).key).toBe(key);
  });

  it('refuses a ReLU before 1-bit convolutions, which would see nothing but +1', () => {
    expect(() => createModel('ftbnn-tiny', { activation: 'relu' })).toThrow(/nothing but \+1/);
    expect(() => createModel('ftbnn-tiny', { activation: 'relu', activationPlace: 'branch' })).not.toThrow();
    expect(() => createModel('ftbnn-tiny-float', { activation: 'relu' })).not.toThrow();
  });
});
