import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ConfigError, FormatError, StoreError } from '../../src/errors.js';
import { openS3, parseS3Place } from '../../src/jobs/s3-client.js';
import { S3Store } from '../../src/jobs/s3-store.js';
import { gossamer, scratchFolder } from '../cli/gossamer.js';
import { type Background, digestsOf, inBackground, sweepFile, thirtyRuns, until } from './helpers.js';
import { S3Server } from './s3-server.js';

let server: S3Server;
beforeAll(async () => {
  server = await S3Server.start();
});
afterEach(() => {
  server.hook = () => false;
});
afterAll(() => server.stop());

const storeIn = async (prefix: string, changes: Record<string, string> = {}) =>
  new S3Store(await openS3(parseS3Place(`s3://${server.bucket}/${prefix}`), { ...server.environment, ...changes }));

const task = { what: 'train', config: {}, seed: 0, data: '0'.repeat(64), fold: null };

/** A folder as a task leaves it. */
function resultFolder(measure: number): string {
  const folder = scratchFolder();
  fs.writeFileSync(path.join(folder, 'result.json'), JSON.stringify({ task, measures: { measure } }));
  fs.writeFileSync(path.join(folder, 'weights.safetensors'), Buffer.alloc(1000, measure));
  return folder;
}

describe('a store by the S3 API', () => {
  it('keeps results whole, says which there are, and is not disturbed by one that comes twice', async () => {
    const store = await storeIn('a/b');
    expect(await store.result('one')).toBeNull();
    for (const [i, id] of ['one', 'two', 'three'].entries()) await store.keep(id, resultFolder(i + 1));
    expect(await store.finished()).toEqual(new Set(['one', 'two', 'three']));
    const again = resultFolder(9);
    await store.keep('one', again);
    expect(await store.result('one')).toMatchObject({ measures: { measure: 1 } });
    expect(Buffer.from((await store.file('two', 'weights.safetensors'))!)).toEqual(Buffer.alloc(1000, 2));
    expect(await store.file('two', 'other')).toBeNull();
    expect([...server.objects.keys()].every((key) => key.startsWith('a/b/'))).toBe(true);
  });

  it('has failures until they are none', async () => {
    const store = await storeIn('failures');
    const failure = { code: 'CONFIG', message: 'no' };
    await store.noteFailure('one', failure);
    expect(await store.failure('one')).toEqual(failure);
    for (let i = 0; i < 2; i++) await store.noteFailure('one', null);
    expect(await store.failure('one')).toBeNull();
  });

  it('has no result of a worker that died before its manifest, nor a mix of two that were at it', async () => {
    const store = await storeIn('dead');
    server.hook = ({ method, key }, response) => {
      const isManifest = method === 'PUT' && key.startsWith('dead/manifests/');
      if (isManifest) response.writeHead(403).end();
      return isManifest;
    };
    await expect(store.keep('one', resultFolder(1))).rejects.toThrow(StoreError);
    expect(server.requests).toContainEqual(expect.stringMatching(/^PUT dead\/results\/one\/.*weights/));
    expect(await store.result('one')).toBeNull();
    expect(await store.finished()).toEqual(new Set());
    server.hook = () => false;
    await store.keep('one', resultFolder(2));
    const weights = await store.file('one', 'weights.safetensors');
    expect([(await store.result('one'))!.measures, weights![0]]).toEqual([{ measure: 2 }, 2]);
  });

  it('says of an object that was cut, changed or lost that it is', async () => {
    const store = await storeIn('cut');
    await store.keep('one', resultFolder(1));
    const key = [...server.objects.keys()].find((name) => /^cut\/.*weights/.test(name))!;
    const whole = server.objects.get(key)!;
    const reading = (bytes: Buffer | null) => {
      if (bytes) server.objects.set(key, bytes);
      else server.objects.delete(key);
      return store.file('one', 'weights.safetensors');
    };
    const error = await reading(whole.subarray(0, 500)).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(FormatError);
    expect((error as FormatError).message).toMatch(
      /weights\.safetensors: has 500 bytes that are not those \(1000\) of its manifest\. Remove s3:\/\/results-bucket\/cut\/manifests\/one\.json to do the task again\./,
    );
    await expect(reading(Buffer.alloc(1000, 2))).rejects.toMatchObject({ reason: 'bad-result' });
    await expect(reading(null)).rejects.toThrow('is gone');
    server.objects.set('cut/manifests/one.json', Buffer.from('{"files": 1}'));
    await expect(store.result('one')).rejects.toThrow('is not a manifest of ours');
  });

  it('tries again where the server is busy, and tells where it is not to be reached', async () => {
    const store = await storeIn('busy');
    let refusals = 2;
    server.hook = (_, response) => {
      if (refusals-- <= 0) return false;
      response.writeHead(503).end();
      return true;
    };
    await store.keep('one', resultFolder(1));
    server.hook = () => false;
    expect(await store.result('one')).toMatchObject({ measures: { measure: 1 } });
    const nowhere = await storeIn('busy', { AWS_ENDPOINT_URL: 'http://127.0.0.1:9' });
    await expect(nowhere.result('one')).rejects.toThrow(/^s3:\/\/results-bucket\/busy: is not to be reached \(.+\)\.$/);
  });

  it('never tells a key, though it is refused', async () => {
    const secrets = { AWS_SECRET_ACCESS_KEY: 'not-the-secret', AWS_SESSION_TOKEN: 'token-of-a-session' };
    const store = await storeIn('x', secrets);
    const error = (await store.result('one').catch((caught: unknown) => caught)) as StoreError;
    expect(error).toBeInstanceOf(StoreError);
    expect(error).toMatchObject({ code: 'STORE', status: 403, store: 's3://results-bucket/x' });
    expect(error.message).toContain('the server refused (403 SignatureDoesNotMatch). Are AWS_ACCESS_KEY_ID');
    for (const secret of [...Object.values(secrets), 'AKIDEXAMPLE'])
      expect(JSON.stringify(error) + error.stack).not.toContain(secret);
    const other = new S3Store(await openS3(parseS3Place('s3://another/x'), server.environment));
    await expect(other.result('one')).rejects.toThrow('404 NoSuchBucket');
  });

  it('is asked for by an address, and an environment that says enough', async () => {
    expect(parseS3Place('s3://bucket/a/b.c/')).toEqual({ bucket: 'bucket', prefix: 'a/b.c', label: 's3://bucket/a/b.c' });
    expect(parseS3Place('s3://bucket').prefix).toBe('');
    for (const wrong of ['bucket/x', 's3://', 's3://key:secret@bucket/x', 's3://bucket/../x', 's3://Bucket', 's3://bucket/a b']) {
      expect(() => parseS3Place(wrong)).toThrow(ConfigError);
      expect(() => parseS3Place(wrong)).not.toThrow(/secret/);
    }
    const open = (environment: Record<string, string>) => openS3(parseS3Place('s3://bucket'), environment);
    await expect(open({})).rejects.toThrow('AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment');
    const withPassword = open({ ...server.environment, AWS_ENDPOINT_URL: 'https://user:hidden@host' });
    await expect(withPassword).rejects.toThrow('without a password');
    await expect(withPassword).rejects.not.toThrow('hidden');
  });
});

describe('gossamer sweep --store', () => {
  const started: Background[] = [];
  const sweep = (file: string, prefix: string, out: string, changes: Record<string, string> = {}) => {
    const words = ['sweep', file, '--store', `s3://${server.bucket}/${prefix}`, '--out', out, '--json'];
    const background = inBackground(words, { ...server.environment, ...changes });
    started.push(background);
    return background;
  };

  afterAll(async () => {
    for (const { child, ended } of started) {
      if (child.exitCode === null && child.signalCode === null) process.kill(-child.pid!, 'SIGKILL');
      await ended;
    }
  });

  it('goes on after a kill between the files and the manifest of a result, to the bytes of a sweep in a folder', async () => {
    const file = sweepFile({ recipe: 'ftbnn-tiny-fashion', set: thirtyRuns.set });
    const [folder, out] = [scratchFolder(), scratchFolder()];
    let isDue = false;
    server.hook = ({ method, key }) => {
      isDue ||= method === 'PUT' && key.startsWith('sweep/manifests/');
      return isDue;
    };
    const killed = sweep(file, 'sweep', out);
    await until('the first manifest', () => isDue);
    process.kill(-killed.child.pid!, 'SIGKILL');
    await killed.ended;
    const left = [...server.objects.keys()].filter((key) => key.startsWith('sweep/'));
    expect(left.some((key) => key.endsWith('weights.safetensors'))).toBe(true);
    expect(left.some((key) => key.startsWith('sweep/manifests/'))).toBe(false);

    server.hook = () => false;
    const second = sweep(file, 'sweep', out);
    expect(await second.ended).toBe(0);
    expect(JSON.parse(second.lines.at(-1)!)).toMatchObject({ kind: 'end', done: 1, failed: 0 });
    expect(fs.existsSync(path.join(out, 'results'))).toBe(false);
    expect(fs.readFileSync(path.join(out, 'results.csv'), 'utf8').trim().split('\n')).toHaveLength(2);

    expect(gossamer(['sweep', file, '--out', folder]).status).toBe(0);
    const store = await storeIn('sweep');
    for (const id of await store.finished()) {
      for (const name of ['result.json', 'weights.safetensors']) {
        const local = fs.readFileSync(path.join(folder, 'results', id, name));
        expect(Buffer.from((await store.file(id, name))!).equals(local)).toBe(true);
      }
    }
    expect(Object.keys(digestsOf(path.join(folder, 'results')))).toHaveLength(2);
  });

  it('ends before any work where the key is wrong, without telling it', async () => {
    const file = sweepFile({ recipe: 'ftbnn-tiny-fashion', set: thirtyRuns.set });
    const out = scratchFolder();
    const refused = sweep(file, 'refused', out, { AWS_SECRET_ACCESS_KEY: 'not-the-secret' });
    expect(await refused.ended).toBe(1);
    const [line] = refused.lines;
    expect(JSON.parse(line!)).toMatchObject({ error: { code: 'STORE', status: 403 } });
    expect(line).not.toContain('not-the-secret');
    expect(fs.readdirSync(path.join(out, 'work'))).toEqual([]);
  });
});
