import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { gossamer, main } from './gossamer.js';

const verbs = [
  ['train'],
  ['eval'],
  ['predict'],
  ['import'],
  ['export'],
  ['freeze'],
  ['run'],
  ['inspect'],
  ['summary'],
  ['data', 'get'],
  ['data', 'check'],
  ['pad', 'calibrate'],
  ['pad', 'evaluate'],
  ['pad', 'prepare'],
  ['pad', 'score'],
  ['pad', 'synthesize'],
  ['sweep'],
  ['score-all'],
  ['reproduce'],
  ['models'],
  ['recipes'],
  ['doctor'],
];

describe('help', () => {
  it.each(verbs.map((words) => [words.join(' '), words]))('gossamer %s --help shows an example and --json', (name, words) => {
    const { status, stdout, stderr } = gossamer([...words, '--help']);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toContain(`$ gossamer ${name}`);
    expect(stdout).toContain('--json');
    for (const line of stdout.split('\n')) expect(line.length, line).toBeLessThanOrEqual(160);
  });

  it('lists all verbs, also without any word, and prints the version', () => {
    const { status, stdout } = gossamer([]);
    expect(status).toBe(0);
    for (const [verb] of verbs) expect(stdout).toContain(`\n  ${verb} `);
    expect(gossamer(['--version']).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

describe('what is not understood', () => {
  it.each([
    [['trian'], 'Did you mean train?'],
    [['train', 'ftbnn-tiny-fashion', '--epoch', '3'], 'Did you mean --epochs?'],
    [['train', 'ftbnn-tiny-fashion', '--epochs', 'many'], 'Needs a whole number from 1 up.'],
    [['train', 'ftbnn-tiny-fashion', '--threads', '65'], 'Needs a whole number from 1 to 64.'],
    [['train'], "missing required argument 'recipe'"],
    [['data', 'get', 'cifar1'], 'Did you mean cifar10?'],
    [['doctor', '--relaxed-simd', 'maybe'], 'auto, on, off'],
    [['doctor', '--autotune', 'maybe'], 'on, fresh, off'],
    [['summary', 'resnet20', '--input', '32'], 'such as 224x224x3'],
    [['pad', 'evaluate', '--threshold', 'high'], 'Needs a number.'],
    [['pad', 'evaluate', '--threshold', '1', '--criterion', 'eer'], 'cannot be used with'],
    [['pad', 'evaluate', '--dev', 'a.csv', '--optimistic-threshold-from-test-data'], 'cannot be used with'],
  ])('%j ends with status 2 and %s', (words, text) => {
    const { status, stdout, stderr } = gossamer(words);
    expect(status).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain(text);
    expect(stderr).not.toMatch(/\n\s+at /);
  });

  it('is an object with --json', () => {
    const { status, stdout, stderr } = gossamer(['trian', '--json']);
    expect([status, stderr]).toEqual([2, '']);
    const { error } = JSON.parse(stdout) as { error: { code: string; message: string } };
    expect(error.code).toBe('USAGE');
    expect(error.message).toContain('Did you mean train?');
  });
});

describe('what fails', () => {
  it.each([
    [['train', 'ftbnn-tiny-fashoin'], 'Did you mean "ftbnn-tiny-fashion"?'],
    [['train', 'ftbnn-tiny-fashion', '--set', 'optimizer.learningrate=1'], 'Did you mean "learningRate"?'],
    [['train', 'resnet20-cifar10'], '--data'],
    [['train', './nowhere.json'], 'nowhere.json'],
    [['summary', 'resnet21'], 'Did you mean "resnet20"?'],
    [['eval', 'nowhere.safetensors'], 'nowhere.safetensors: there is no such file'],
    [['data', 'check', '/nowhere'], '/nowhere: there is no such file or folder'],
  ])('%j ends with status 1, one message and no stack', (words, text) => {
    const { status, stdout, stderr } = gossamer(words);
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toContain(text);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  });

  it('shows the stack when asked to', () => {
    expect(gossamer(['summary', 'resnet21'], { env: { GOSSAMER_DEBUG: '1' } }).stderr).toMatch(/\n\s+at /);
  });

  it('is an object with the fields of the error with --json', () => {
    const { status, stdout, stderr } = gossamer(['data', 'check', '/nowhere', '--json']);
    expect([status, stderr]).toEqual([1, '']);
    expect(JSON.parse(stdout)).toEqual({
      error: {
        code: 'DATA',
        name: 'DataError',
        message: expect.stringContaining('/nowhere') as unknown,
        file: '/nowhere',
        record: null,
        reason: 'not-found',
      },
    });
  });
});

describe('a reader that goes away', () => {
  it.skipIf(process.platform === 'win32')('is no failure', () => {
    const command = `( "${process.execPath}" "${main}" models --json; echo "status $?" >&2 ) | true`;
    expect(spawnSync('sh', ['-c', command], { encoding: 'utf8' }).stderr).toBe('status 0\n');
  });
});
