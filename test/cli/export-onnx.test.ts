import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { env, gossamer, scratchFolder } from './gossamer.js';

const scratch = scratchFolder();
afterAll(() => fs.rmSync(scratch, { recursive: true, force: true }));

const root = fileURLToPath(new URL('../..', import.meta.url));

describe('gossamer export --format onnx', () => {
  it('writes a network, checks it and says by how much it differs', () => {
    const out = path.join(scratch, 'network.onnx');
    const { status, stdout, stderr } = gossamer(['export', 'ftbnn-tiny-cifar10', '--format', 'onnx', '--out', out]);
    expect([status, stderr]).toEqual([0, '']);
    const text = stdout.replaceAll(/\s+/g, ' ');
    expect(text).toContain('Input "image" [batch, 3, 32, 32]: pixels from 0 to 1, red green blue, minus mean, divided by std.');
    expect(text).toMatch(
      /Checked: on 8 random images onnxruntime-\w+ [\d.]+ differs by \S+ of the largest answer at most; 0.0001/,
    );
    expect(text).toContain('predict');
    for (const line of stdout.split('\n')) expect(line.length, line).toBeLessThanOrEqual(160);

    const again = gossamer(['export', 'ftbnn-tiny-cifar10', '--format', 'onnx', '--out', out]);
    expect(again.status).toBe(1);
    expect(again.stderr).toContain('is there already');
  });

  it('is an object with --json', () => {
    const out = path.join(scratch, 'json.onnx');
    const { status, stdout, stderr } = gossamer(['export', 'dydensenet-tiny-cifar10', '--format=onnx', '--out', out, '--json']);
    expect([status, stderr]).toEqual([0, '']);
    const exported = JSON.parse(stdout) as Record<string, unknown>;
    expect(exported).toMatchObject({ format: 'onnx', path: out, bytes: fs.statSync(out).size, unchecked: null });
    expect(exported['check']).toMatchObject({ passed: true, images: 8, bound: 1e-4 });
    expect(exported['metadata']).toMatchObject({ layout: 'NCHW', task: 'classification' });
  });

  it.each([
    [['--format', 'onx', '--out', 'a.onnx'], 2, 'Allowed choices are safetensors, onnx'],
    [['--format', 'onnx', '--out', 'a.onnx', '--precision', 'half'], 1, 'precision: is for --format safetensors'],
    [['--format', 'onnx', '--out', 'a.safetensors'], 1, 'a.safetensors ends like safetensors'],
    [['--out', 'a.onnx'], 1, '--format onnx?'],
    [['--format', 'onnx', '--out', 'no-such-folder/a.onnx'], 1, 'no-such-folder/a.onnx: cannot be written'],
  ])('%j ends with status %i and %s', (words, wanted, text) => {
    const { status, stdout, stderr } = gossamer(['export', 'ftbnn-tiny-cifar10', ...words], { cwd: scratch });
    expect([status, stdout]).toEqual([wanted, '']);
    expect(stderr).toContain(text);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect(fs.existsSync(path.join(scratch, words[words.indexOf('--out') + 1]!))).toBe(false);
  });

  it('says that nothing was checked where no runtime is installed, and how to have it checked', () => {
    const installed = path.join(scratch, 'node_modules');
    const { dependencies } = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8')) as {
      dependencies: Record<string, string>;
    };
    for (const name of Object.keys(dependencies)) {
      fs.mkdirSync(path.dirname(path.join(installed, name)), { recursive: true });
      fs.symlinkSync(path.join(root, 'node_modules', name), path.join(installed, name));
    }
    const copy = path.join(installed, 'gossamer');
    for (const part of ['dist', 'assets', 'package.json']) {
      fs.cpSync(path.join(root, part), path.join(copy, part), { recursive: true });
    }
    const out = path.join(scratch, 'unchecked.onnx');
    const words = ['dist/cli/main.js', 'export', 'ftbnn-tiny-cifar10', '--format', 'onnx', '--out', out];
    const { status, stdout, stderr } = spawnSync(process.execPath, words, { cwd: copy, env, encoding: 'utf8' });
    expect([status, stderr]).toEqual([0, '']);
    const text = stdout.replaceAll(/\s+/g, ' ');
    expect(text).toContain('Not checked: onnxruntime-node is not installed, onnxruntime-web is not installed.');
    expect(text).toContain('npm install onnxruntime-node');
    expect(fs.existsSync(out)).toBe(true);
  });
});
