import { createHash } from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type CatalogEntry, catalog } from '../../src/data/catalog.js';
import { type GetOptions, getDataset, getEntry } from '../../src/data/download.js';
import { openSource } from '../../src/data/open.js';
import { ConfigError } from '../../src/errors.js';
import { expectDataError, gzip, idx, tempFolder, write } from './helpers.js';
import { tarOf } from './tar-maker.js';

const body = Buffer.from(Array.from({ length: 50_000 }, (_, i) => (i * i) % 251));
const archive = gzip(
  tarOf({ 'set/a.bin': body.subarray(0, 700), 'set/b.txt': Buffer.from('names'), 'set/extra': Buffer.from('x') }),
);

type Handler = (request: http.IncomingMessage, response: http.ServerResponse, count: number) => void;

let server: http.Server;
let url: string;
let handle: Handler;
let requests: { path: string; range: string | undefined; ifRange: string | undefined }[];
let dir: string;
let arrived: (received: number) => void;

beforeEach(async () => {
  requests = [];
  arrived = () => {};
  dir = tempFolder();
  server = http.createServer((request, response) => {
    const { range, 'if-range': ifRange } = request.headers;
    requests.push({ path: request.url!, range, ifRange: ifRange as string | undefined });
    handle(request, response, requests.length);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

function entryOf(files: Record<string, Buffer>, change: Partial<CatalogEntry> = {}): CatalogEntry {
  const listed = Object.entries(files).map(([name, bytes]) => ({ name, bytes: bytes.length, sha256: sha256(bytes) }));
  const base = { name: 'set', folder: 'set', url, files: listed, packing: 'plain', members: listed, licence: 'none' } as const;
  return { ...base, ...change };
}

const plain = () => entryOf({ 'body.gz': body });

const get = (entry: CatalogEntry, options: GetOptions = {}) =>
  getEntry(entry, {
    dir,
    onProgress: ({ received }) => arrived(received),
    backoffMs: 1,
    stallTimeoutMs: 5000,
    attempts: 3,
    ...options,
  });

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

const staged = (name = 'body.gz.part') => path.join(dir, 'set.download', name);

/** An honest server: whole files and ranges, with a strong tag. */
function honest(content: Buffer, tag = '"v1"'): Handler {
  return (request, response) => {
    const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
    const ifRange = request.headers['if-range'];
    if (from > 0 && (ifRange === undefined || ifRange === tag)) {
      response.writeHead(206, {
        'content-length': content.length - from,
        'content-range': `bytes ${from}-${content.length - 1}/${content.length}`,
        etag: tag,
      });
      response.end(content.subarray(from));
    } else {
      response.writeHead(200, { 'content-length': content.length, etag: tag });
      response.end(content);
    }
  };
}

/** Sends so much and hangs up, once the client says that it has it: bytes under way could be lost or not. */
function cut(response: http.ServerResponse, content: Buffer, upTo: number, headers: http.OutgoingHttpHeaders = {}): void {
  response.writeHead(200, { 'content-length': content.length, etag: '"v1"', ...headers });
  response.write(content.subarray(0, upTo));
  arrived = (received) => {
    if (received >= upTo) response.destroy();
  };
}

describe('getEntry', () => {
  it('downloads, checks, and does nothing the second time', async () => {
    handle = honest(body);
    const progress: number[] = [];
    const entry = entryOf({ 'body.gz': body }, { classes: ['a', 'b'] });
    const result = await get(entry, { onProgress: ({ received, total }) => progress.push(received / total) });
    expect(result).toEqual({ folder: path.join(dir, 'set'), downloaded: true, licence: 'none' });
    expect(fs.readFileSync(path.join(dir, 'set/body.gz'))).toEqual(body);
    expect(fs.readFileSync(path.join(dir, 'set/classes.txt'), 'utf8')).toBe('a\nb\n');
    expect(progress.at(-1)).toBe(1);
    expect(fs.readdirSync(dir)).toEqual(['set']);
    expect(await get(entry)).toMatchObject({ downloaded: false });
    expect(requests.length).toBe(1);
  });

  it('unpacks an archive: the members that it should have, and no others', async () => {
    handle = honest(archive);
    const members = [{ name: 'a.bin', bytes: 700 }, { name: 'b.txt' }];
    await get(entryOf({ 'set.tar.gz': archive }, { packing: 'tar.gz', members }), { url: `${url}mirror/renamed.tar.gz` });
    expect(requests[0]!.path).toBe('/mirror/renamed.tar.gz');
    expect(fs.readdirSync(dir)).toEqual(['set']);
    expect(fs.readdirSync(path.join(dir, 'set')).sort()).toEqual(['a.bin', 'b.txt']);
    expect(fs.readFileSync(path.join(dir, 'set/a.bin'))).toEqual(body.subarray(0, 700));
  });

  it('goes on where a connection was cut', async () => {
    handle = (request, response, count) => (count === 1 ? cut(response, body, 20_000) : honest(body)(request, response, count));
    await get(plain());
    expect(requests.length).toBe(2);
    expect(requests[1]!.range).toBe('bytes=20000-');
    expect(requests[1]!.ifRange).toBe('"v1"');
    expect(fs.readFileSync(path.join(dir, 'set/body.gz'))).toEqual(body);
  });

  it('goes on where an earlier run gave up, also after a stall', async () => {
    handle = (_, response) => {
      response.writeHead(200, { 'content-length': body.length, etag: '"v1"' });
      response.write(body.subarray(0, 10_000));
    };
    const error = await expectDataError(get(plain(), { stallTimeoutMs: 500, attempts: 1 }), {
      file: `${url}body.gz`,
      record: null,
      reason: 'stalled',
    });
    expect(error.message).toContain('10000 of 50000 bytes are kept');
    handle = honest(body);
    await get(plain());
    expect(requests[1]!.range).toBe('bytes=10000-');
    expect(fs.readFileSync(path.join(dir, 'set/body.gz'))).toEqual(body);
  });

  it('gives up on a server that never answers', async () => {
    handle = () => {};
    await expectDataError(get(plain(), { stallTimeoutMs: 40, attempts: 2 }), { reason: 'stalled' });
    expect(requests.length).toBe(2);
  });

  it('gives up on a server that cuts at the same place for ever, and keeps what came', async () => {
    handle = (_, response) => cut(response, body, 20_000);
    await expectDataError(get(plain()), { reason: 'cut' });
    expect(requests.length).toBe(3);
    expect(fs.existsSync(path.join(dir, 'set'))).toBe(false);
  });

  it('starts again when the server ignores ranges, and when the file has changed', async () => {
    handle = (_, response, count) => {
      if (count === 1) return cut(response, body, 20_000);
      response.writeHead(200, { 'content-length': body.length });
      return response.end(body);
    };
    await get(plain());
    expect(requests[1]!.range).toBeDefined();
    expect(fs.readFileSync(path.join(dir, 'set/body.gz'))).toEqual(body);

    dir = tempFolder();
    const old = Buffer.alloc(body.length, 1);
    const first = requests.length + 1;
    handle = (request, response, count) =>
      count === first ? cut(response, old, 20_000, { etag: '"v0"' }) : honest(body)(request, response, count);
    await get(plain());
    expect(requests.at(-1)!.ifRange).toBe('"v0"');
    expect(fs.readFileSync(path.join(dir, 'set/body.gz'))).toEqual(body);
  });

  it('starts again when pieces do not belong together', async () => {
    write(path.join(dir, 'set.download'), {
      'body.gz.part': Buffer.alloc(10_000, 1),
      'body.gz.part.json': JSON.stringify({ url: `${url}body.gz`, validator: null }),
    });
    handle = honest(body);
    await get(plain());
    expect(requests.map((request) => request.range)).toEqual(['bytes=10000-', undefined]);
    expect(fs.readFileSync(path.join(dir, 'set/body.gz'))).toEqual(body);
  });

  it('does not go on from what came from another address, or is too long', async () => {
    for (const [length, address] of [
      [10_000, 'http://elsewhere/body.gz'],
      [60_000, `${url}body.gz`],
    ] as const) {
      dir = tempFolder();
      write(path.join(dir, 'set.download'), {
        'body.gz.part': Buffer.alloc(length, 1),
        'body.gz.part.json': JSON.stringify({ url: address, validator: null }),
      });
      handle = honest(body);
      await get(plain());
      expect(requests.at(-1)!.range).toBeUndefined();
    }
  });

  it('refuses a server that lies about the length', async () => {
    handle = (_, response) => {
      response.writeHead(200, { 'content-length': body.length + 1 });
      response.end(body);
    };
    await expectDataError(get(plain()), { reason: 'length' });
    expect(requests.length).toBe(1);
    // Says nothing, sends too much.
    handle = (_, response) => response.end(Buffer.concat([body, body]));
    await expectDataError(get(plain()), { reason: 'length' });
    // Says the right length, sends less.
    handle = (_, response) => cut(response, body, 100);
    await expectDataError(get(plain(), { attempts: 1 }), { reason: 'cut' });
    // Sends another range than was asked for.
    handle = (_, response) => {
      response.writeHead(206, { 'content-range': `bytes 5-${body.length - 1}/${body.length}` });
      response.end(body.subarray(5));
    };
    await expectDataError(get(plain()), { reason: 'length' });
    expect(fs.existsSync(path.join(dir, 'set'))).toBe(false);
  });

  it('starts again when the server has less than what had arrived', async () => {
    handle = (request, response, count) => {
      if (count === 1) return cut(response, body, 20_000);
      if (count === 2) return response.writeHead(416).end();
      return honest(body)(request, response, count);
    };
    await get(plain());
    expect(requests[2]!.range).toBeUndefined();
  });

  it('refuses a wrong digest, and keeps nothing of it', async () => {
    handle = honest(Buffer.alloc(body.length, 7));
    const error = await expectDataError(get(plain()), { file: `${url}body.gz`, reason: 'digest' });
    expect(error.message).toContain(sha256(body));
    expect(requests.length).toBe(1);
    expect(fs.existsSync(staged())).toBe(false);
    expect(fs.existsSync(path.join(dir, 'set'))).toBe(false);
  });

  it('refuses what was encoded on the way', async () => {
    handle = (_, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' });
      response.end(gzip(body));
    };
    await expectDataError(get(plain()), { reason: 'encoded' });
  });

  it.each([
    [404, 'not-found', 1],
    [403, 'http-status', 1],
    [503, 'http-status', 3],
  ])('answers %i with %s after %i requests', async (status, reason, count) => {
    handle = (_, response) => response.writeHead(status).end('no');
    const error = await expectDataError(get(plain()), { file: `${url}body.gz`, reason });
    expect(error.message).toContain(String(status));
    expect(requests.length).toBe(count);
  });

  it('says so when nobody is there', async () => {
    const gone = 'http://127.0.0.1:9/';
    await expectDataError(get(plain(), { url: gone, fetch: () => Promise.reject(new TypeError('fetch failed')) }), {
      file: `${gone}body.gz`,
      reason: 'unreachable',
    });
  });

  it('leaves a folder of that name alone when it is not the data set', async () => {
    write(path.join(dir, 'set'), { 'body.gz': 'mine', 'diary.txt': 'mine too' });
    await expectDataError(get(plain()), { file: path.join(dir, 'set'), reason: 'incomplete' });
    expect(requests.length).toBe(0);
    fs.rmSync(path.join(dir, 'set'), { recursive: true });
    fs.mkdirSync(path.join(dir, 'set'));
    handle = honest(body);
    expect((await get(plain())).downloaded).toBe(true);
  });

  it('fetches only the files that are missing', async () => {
    const entry = entryOf({ 'one.gz': body, 'two.gz': archive });
    handle = (request, response, count) =>
      request.url === '/one.gz' ? honest(body)(request, response, count) : response.writeHead(404).end();
    await expectDataError(get(entry), { file: `${url}two.gz`, reason: 'not-found' });
    handle = honest(archive);
    await get(entry);
    expect(requests.map((request) => request.path)).toEqual(['/one.gz', '/two.gz', '/two.gz']);
  });

  it('stops when it is told to', async () => {
    handle = () => {};
    await expect(get(plain(), { signal: AbortSignal.timeout(30) })).rejects.toMatchObject({ name: 'TimeoutError' });
  });

  it('makes what openSource opens', async () => {
    const files = {
      'train-images-idx3-ubyte.gz': gzip(idx([1, 1, 1], [5])),
      'train-labels-idx1-ubyte.gz': gzip(idx([1], [1])),
    };
    handle = (request, response, count) => honest(files[request.url!.slice(1) as keyof typeof files])(request, response, count);
    const { folder } = await get(entryOf(files, { classes: ['a', 'b'] }));
    const source = await openSource(folder, { split: 'train' });
    expect(source.classes[source.label(0)]).toBe('b');
  });
});

describe('getDataset', () => {
  it('refuses names that it does not know and addresses that are none', async () => {
    await expect(getDataset('mnist' as 'cifar10', { dir })).rejects.toThrow(ConfigError);
    await expect(getDataset('cifar10', { dir, url: 'not an address' })).rejects.toMatchObject({ key: 'url' });
  });

  it('asks for the official files', async () => {
    const asked: string[] = [];
    const refuse: typeof fetch = (address) => {
      asked.push(String(address));
      return Promise.resolve(new Response(null, { status: 404 }));
    };
    for (const name of ['cifar10', 'cifar100', 'fashion-mnist'] as const) {
      await expectDataError(getDataset(name, { dir, fetch: refuse }), { reason: 'not-found' });
    }
    expect(asked).toEqual([
      'https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz',
      'https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz',
      'http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/train-images-idx3-ubyte.gz',
    ]);
  });

  it('pins every file', () => {
    for (const entry of Object.values(catalog)) {
      for (const file of entry.files) expect(file.sha256).toMatch(/^[0-9a-f]{64}$/);
    }
  });
});
