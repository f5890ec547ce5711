import fs from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { gossamer, gossamerWhile, sample, scratchFolder } from './gossamer.js';

const scratch = scratchFolder();
afterAll(() => fs.rmSync(scratch, { recursive: true, force: true }));

describe('gossamer data check', () => {
  it('counts what is there, by split and class', () => {
    const { status, stdout } = gossamer(['data', 'check', sample]);
    expect(status).toBe(0);
    expect(stdout).toContain('train: 10,000 images of 28 x 28 x 1');
    expect(stdout).toMatch(/^Ankle boot +1,000 +200$/m);
    expect(stdout).toContain('No bad records.');
  });

  it('lists bad records, and fails', () => {
    const folder = path.join(scratch, 'pictures/train');
    for (const name of ['cat', 'dog']) {
      fs.mkdirSync(path.join(folder, name), { recursive: true });
      // The smallest PNG there is: one black pixel.
      const pixel = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg==';
      fs.writeFileSync(path.join(folder, name, 'good.png'), Buffer.from(pixel, 'base64'));
    }
    fs.writeFileSync(path.join(folder, 'dog/bad.png'), 'not a picture');
    const { status, stdout } = gossamer(['data', 'check', path.join(scratch, 'pictures')]);
    expect(status).toBe(1);
    expect(stdout).toContain('1 bad record:');
    expect(stdout).toContain(path.join(folder, 'dog/bad.png'));
    expect(stdout).toContain('There is no test split');

    const json = gossamer(['data', 'check', path.join(scratch, 'pictures'), '--json']);
    const { splits } = JSON.parse(json.stdout) as { splits: { problems: { reason: string }[] }[] };
    expect(splits[0]!.problems.map(({ reason }) => reason)).toEqual(['undecodable']);

    fs.rmSync(path.join(folder, 'dog/bad.png'));
    fs.mkdirSync(path.join(folder, 'eel'));
    const empty = gossamer(['data', 'check', path.join(scratch, 'pictures')]);
    expect(empty.status).toBe(1);
    expect(empty.stdout).toContain('No bad records, but:\n');
    expect(empty.stdout).toContain('the class "eel" has no picture');
  });
});

describe('gossamer data get', () => {
  it('says what the server said', async () => {
    const server = http.createServer((_request, response) => response.writeHead(404).end());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
      const words = ['data', 'get', 'cifar10', '--dir', scratch, '--url', url];
      const { status, stderr } = await gossamerWhile(words, () => {});
      expect(status).toBe(1);
      expect(stderr).toContain(`${url}cifar-10-binary.tar.gz`);
      expect(stderr).toContain('404');
    } finally {
      server.close();
    }
  });
});
