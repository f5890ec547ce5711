import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectXml } from '../report/xml.js';
import { paddedModel } from '../runtime/padded.js';
import { gossamer, scratchFolder } from './gossamer.js';

const folder = scratchFolder();
afterAll(() => fs.rmSync(folder, { recursive: true }));

const at = (name: string) => path.join(folder, name);

interface Prediction {
  readonly answers: readonly { readonly name: string; readonly score: number }[];
}

interface ReportedFreeze {
  readonly digest: string;
  readonly dropped: readonly { readonly what: string }[];
  readonly memory: { readonly arena: number; readonly unshared: number };
  readonly verification: object;
  readonly timing: object | null;
  readonly layers: readonly {
    readonly layer: string;
    readonly operator: string;
    readonly parts: readonly { readonly layer: string; readonly operator: string }[];
    readonly milliseconds: number | null;
    readonly twinMilliseconds: number | null;
  }[];
}

/** Two pictures of other sizes than the network's. */
beforeAll(async () => {
  for (const [name, width, height] of [
    ['a.png', 50, 40],
    ['b.png', 31, 64],
  ] as const) {
    const data = Buffer.from(Uint8Array.from({ length: width * height * 3 }, (_, i) => 128 + 127 * Math.sin(i * i)));
    await sharp(data, { raw: { width, height, channels: 3 } })
      .png()
      .toFile(at(name));
  }
});

describe('gossamer freeze and run', () => {
  it.each(['ftbnn-tiny-cifar10', 'dydensenet-tiny-cifar10'])('%s, packed, names pictures as its checkpoint does', (name) => {
    const file = at(`${name}.safetensors`);
    const frozen = gossamer(['freeze', name, '--out', file, '--json']);
    expect(frozen).toMatchObject({ status: 0, stderr: '' });
    const { bytes, verification, layers } = JSON.parse(frozen.stdout) as {
      bytes: number;
      verification: { images: number; largestDifference: number };
      layers: { operator: string; binaryMacs: number; whyReal: string | null }[];
    };
    expect(bytes).toBe(fs.statSync(file).size);
    expect(verification.images).toBe(2);
    expect(verification.largestDifference).toBeLessThan(2e-4);
    for (const { operator, binaryMacs, whyReal } of layers) {
      expect(binaryMacs > 0).toBe(operator === 'binaryConvolution');
      expect(whyReal !== null).toBe(operator === 'convolution' || operator === 'dynamicConvolution');
    }

    const answers = (words: readonly string[]) => {
      const { predictions } = JSON.parse(gossamer([...words, at('a.png'), at('b.png'), '--json']).stdout) as {
        predictions: Prediction[];
      };
      return predictions;
    };
    const packed = answers(['run', file]);
    const unpacked = answers(['predict', name]);
    expect(packed).toHaveLength(2);
    for (const [i, { answers: ranked }] of packed.entries()) {
      expect(ranked.map((answer) => answer.name)).toEqual(unpacked[i]!.answers.map((answer) => answer.name));
      for (const [rank, { score }] of ranked.entries()) expect(score).toBeCloseTo(unpacked[i]!.answers[rank]!.score, 3);
    }
  });

  it('stores the weights of a 1-bit network as bits', () => {
    const checkpoint = fs.statSync('assets/models/ftbnn-tiny-cifar10.safetensors').size;
    expect(fs.statSync(at('ftbnn-tiny-cifar10.safetensors')).size).toBeLessThan(checkpoint / 4);
  });

  it('fits 100 columns where it is no terminal, and says what to do next', () => {
    const { stdout } = gossamer(['freeze', 'ftbnn-tiny-cifar10', '--out', at('table.safetensors')]);
    for (const line of stdout.split('\n').filter((text) => !text.includes(folder)))
      expect(line.length, line).toBeLessThanOrEqual(100);
    expect(stdout).toMatch(/blocks\.0\.conv +binaryConvolution/);
    const words = stdout.replace(/\s+/g, ' ');
    expect(words).toMatch(/on 2 random images: [\d,]+ signs are equal, floats differ by at most/);
    expect(words).toMatch(/answers differ by at most [\d.e-]+ of theirs, and \d+ signs on the way are others; .* same on 2 of 2/);
    expect(stdout).toMatch(/Next:\n.*\n.* run .*table\.safetensors IMAGE/);
  });

  it('reports all of it as a page that loads nothing and runs no script, with times beside the float twin', () => {
    const [out, report] = [at('reported.safetensors'), at('reported.html')];
    const words = ['freeze', 'ftbnn-tiny-cifar10', '--out', out, '--report', report, '--threads', '1'];
    const { status, stderr, stdout } = gossamer([...words, '--json']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const { layers, timing, digest, dropped, memory, verification } = JSON.parse(stdout) as ReportedFreeze;
    expect(digest).toMatch(/^[0-9a-f]{64}$/);
    expect(memory.arena).toBeLessThan(memory.unshared);
    expect(dropped.map(({ what }) => what)).toEqual(['real numbers behind 1-bit weights']);
    expect(verification).toMatchObject({ images: 2, bound: 2e-4 });
    expect(timing).toMatchObject({
      rounds: 15,
      threads: 1,
      host: expect.stringMatching(/^Node /),
      twin: { name: 'ftbnn-tiny-float' },
    });
    for (const { operator, parts, milliseconds, twinMilliseconds } of layers) {
      expect(milliseconds).toBeGreaterThan(0);
      if (operator === 'binaryConvolution') expect(twinMilliseconds).toBeGreaterThan(0);
      if (operator === 'binaryConvolution')
        expect(parts.map((part) => part.operator)).toEqual(['binaryConv2d', 'batchNorm', 'fprelu']);
      if (operator === 'signs') expect([parts, twinMilliseconds]).toEqual([[], null]);
    }

    const page = fs.readFileSync(report, 'utf8');
    expectXml(page, { html: true });
    const style = /<style>([^<]*)<\/style>/.exec(page)![1]!;
    const hash = createHash('sha256').update(style).digest('base64');
    expect(page).toContain(`content="default-src 'none'; style-src 'sha256-${hash}'"`);
    expect(page).not.toMatch(/<script|\son[a-z]+=|style=|src=|href=|url\(|@import/);
    for (const { layer } of layers) expect(page).toContain(`<b>${layer}</b>`);
    for (const text of [
      digest,
      'left float: its weights are real in the model, where it sees the image',
      'where it makes the answer',
      'packed: weights in bits',
      'blocks.0.norm (batchNorm)',
      'ftbnn-tiny-float',
    ]) {
      expect(page).toContain(text);
    }
    expect(page).not.toContain(folder);

    const text = gossamer([...words, '--replace']).stdout;
    expect(text).toMatch(/ ms +twin ms/);
    expect(text.replace(/\s+/g, ' ')).toMatch(/An image takes [\d.]+ ms; ftbnn-tiny-float takes [\d.]+ ms/);
  });

  it('checks it on pictures too, and says on how many', () => {
    const words = ['freeze', 'ftbnn-tiny-cifar10', '--out', at('checked.safetensors'), '--images', at('a.png'), at('b.png')];
    const { verification } = JSON.parse(gossamer([...words, '--json']).stdout) as ReportedFreeze;
    expect(verification).toMatchObject({ images: 4, givenImages: 2, whole: { sameBest: 4 } });
    const { stdout } = gossamer([...words, '--replace']);
    expect(stdout.replace(/\s+/g, ' ')).toContain('on 2 random images and 2 given ones:');
    const nowhere = gossamer([...words.slice(0, -1), at('nowhere.png'), '--replace']);
    expect(nowhere.status).toBe(1);
    expect(nowhere.stderr).toMatch(/nowhere\.png: there is no such file/);
  });

  it('times nothing unless asked to', () => {
    const { layers, timing } = JSON.parse(
      gossamer(['freeze', 'ftbnn-tiny-cifar10', '--out', at('untimed.safetensors'), '--json']).stdout,
    ) as ReportedFreeze;
    expect(timing).toBeNull();
    expect(layers.every(({ milliseconds, twinMilliseconds }) => milliseconds === null && twinMilliseconds === null)).toBe(true);
  });

  it.each([
    [
      ['freeze', 'ftbnn-tiny-cifar10', '--out', 'x.safetensors', '--report', 'x.safetensors'],
      2,
      /Needs a name that ends in \.html/,
    ],
    [['inspect', 'x.safetensors', '--svg', 'x.safetensors'], 2, /Needs a name that ends in \.svg/],
    [['freeze', 'ftbnn-tiny-cifar10', '--out', 'x.html'], 1, /ends like the report/],
  ])('%j is refused', (words, code, text) => {
    const { status, stderr } = gossamer(words);
    expect(status).toBe(code);
    expect(stderr).toMatch(text);
  });

  it('inspect --svg draws the graph', () => {
    const svg = at('graph.svg');
    const { status, stdout } = gossamer(['inspect', at('ftbnn-tiny-cifar10.safetensors'), '--svg', svg]);
    expect(status).toBe(0);
    expect(stdout).toContain(`Picture: ${svg}`);
    expectXml(fs.readFileSync(svg, 'utf8'));
  });

  it('suggests the network that ships whose name was meant', () => {
    const { status, stderr } = gossamer(['freeze', 'ftbnn-tiny-cifar', '--out', at('meant.safetensors')]);
    expect(status).toBe(1);
    expect(stderr).toMatch(/ftbnn-tiny-cifar: there is no such file\. Did you mean "ftbnn-tiny-cifar10"\?/);
  });

  it('refuses to write over a file', () => {
    const { status, stderr } = gossamer(['freeze', 'ftbnn-tiny-cifar10', '--out', at('ftbnn-tiny-cifar10.safetensors')]);
    expect(status).toBe(1);
    expect(stderr).toMatch(/is there already: name another file, or have it replaced \(--replace\)\./);
  });

  it.each([
    ['a checkpoint', () => 'assets/models/ftbnn-tiny-cifar10.safetensors', /is no packed model but a "gossamer-checkpoint"/],
    ['nothing', () => at('nowhere'), /there is no such file/],
    ['a file cut short', () => cut('ftbnn-tiny-cifar10.safetensors'), /Cut short\?/],
    ['a changed file', () => changed('ftbnn-tiny-cifar10.safetensors'), /was changed since it was written/],
  ])('run refuses %s', (_what, file, text) => {
    const { status, stdout, stderr } = gossamer(['run', file(), at('a.png')]);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(text);
  });

  it('inspect tells what is in a packed model', () => {
    const file = at('ftbnn-tiny-cifar10.safetensors');
    const { status, stdout } = gossamer(['inspect', file]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/blocks\.0\.conv +binaryConvolution +16x16x24 +1,032/);
    expect(stdout).toMatch(/Takes: rgb images of 32 x 32 pixels \(cover 32 x 32\), mean 0\.4914/);
    expect(stdout).toMatch(/Answers: a score for each of airplane, automobile/);
    expect(stdout).toMatch(/SHA-256: [0-9a-f]{64}/);
    const { contract, graph, provenance } = JSON.parse(gossamer(['inspect', file, '--json']).stdout) as Record<string, object>;
    expect(contract).toMatchObject({ task: 'classification', source: { size: [32, 32] } });
    expect(graph).toMatchObject({ output: expect.any(Number) });
    expect(provenance).toMatchObject({ model: { name: 'ftbnn-tiny' }, recipe: 'ftbnn-tiny-cifar10' });
    expect(gossamer(['inspect', at('a.png')]).status).toBe(1);
  });

  it('run --profile tells the time of every step', () => {
    const words = ['run', at('ftbnn-tiny-cifar10.safetensors'), at('a.png'), '--profile', '--threads', '1'];
    const { profile } = JSON.parse(gossamer([...words, '--json']).stdout) as {
      profile: { operator: string; milliseconds: number }[];
    };
    expect(profile.map(({ operator }) => operator)).toContain('binaryConvolution');
    for (const { milliseconds } of profile) expect(milliseconds).toBeGreaterThanOrEqual(0);
    const { stdout } = gossamer(words);
    expect(stdout).toMatch(/classifier +convolution +1x1x10 +\d+\.\d+ +\d+\.\d %\n\nAll steps together: \d+\.\d+ ms/);
  });

  it('run refuses a file that takes more memory than it may, or than it is allowed', async () => {
    const file = at('wide.safetensors');
    fs.writeFileSync(file, await paddedModel(8192));
    const { status, stderr } = gossamer(['run', file, at('a.png')]);
    expect(status).toBe(1);
    expect(stderr.replace(/\s+/g, ' ')).toMatch(/takes 257 MiB for one image, .* allow more: memoryPerImage/);
    fs.writeFileSync(file, await paddedModel(1024));
    expect(gossamer(['run', file, at('a.png'), '--memory-per-image', '4']).status).toBe(1);
    expect(gossamer(['run', file, at('a.png'), '--memory-per-image', '5']).status).toBe(0);
  });

  it('run refuses what is no picture', () => {
    fs.writeFileSync(at('c.png'), 'no picture');
    const { status, stderr } = gossamer(['run', at('ftbnn-tiny-cifar10.safetensors'), at('c.png')]);
    expect(status).toBe(1);
    expect(stderr).toMatch(/c\.png/);
  });
});

function cut(name: string): string {
  fs.writeFileSync(at('cut'), fs.readFileSync(at(name)).subarray(0, 1000));
  return at('cut');
}

function changed(name: string): string {
  const bytes = fs.readFileSync(at(name));
  bytes[bytes.length - 1]! ^= 1;
  fs.writeFileSync(at('changed'), bytes);
  return at('changed');
}
