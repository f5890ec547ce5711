import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freezeCheckpoint } from '../../src/freeze/index.js';
import { pretrained } from '../../src/train/index.js';
import { root } from '../package.js';
import { skipsBrowser, startChromium } from './chromium.js';

describe.skipIf(skipsBrowser)('examples/browser', () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'gossamer-example-'));
  const model = path.join(folder, 'model.safetensors');
  const servers: ChildProcess[] = [];
  let browser: Browser;
  beforeAll(async () => {
    browser = await startChromium();
    await freezeCheckpoint(pretrained('ftbnn-tiny-cifar10'), model);
  });
  afterAll(async () => {
    await browser?.close();
    for (const server of servers) server.kill();
    fs.rmSync(folder, { recursive: true, force: true });
  });

  async function visit(...options: string[]): Promise<Page> {
    const server = spawn(process.execPath, [path.join(root, 'examples/browser/serve.mjs'), model, '--port', '0', ...options]);
    servers.push(server);
    const [line] = await once(server.stdout, 'data');
    const page = await browser.newPage();
    await page.goto(String(line).trim());
    await page.locator('#file:enabled').waitFor();
    return page;
  }

  it('names what is on a picture, and says how many threads it has', async () => {
    const page = await visit();
    const picture = await page.evaluate(() => {
      const canvas = document.createElement('canvas');
      canvas.width = 300;
      canvas.height = 200;
      const context = canvas.getContext('2d')!;
      context.fillStyle = 'skyblue';
      context.fillRect(0, 0, 300, 200);
      context.fillStyle = 'white';
      context.fillRect(60, 90, 180, 20);
      return canvas.toDataURL('image/png').split(',')[1]!;
    });
    await page.setInputFiles('#file', { name: 'picture.png', mimeType: 'image/png', buffer: Buffer.from(picture, 'base64') });
    await page.locator('#answers li').first().waitFor();
    expect(await page.locator('#answers li').count()).toBe(3);
    expect(await page.locator('#answers li').first().textContent()).toMatch(/^[a-z]+ *\d+\.\d %$/);
    expect(await page.locator('#time').textContent()).toMatch(/^Answered in/);
    expect(await page.locator('#facts').textContent()).toMatch(/threads(on: \d+ threads|off: this machine has one processor)/);
    if (process.env.GOSSAMER_SCREENSHOT) await page.screenshot({ path: process.env.GOSSAMER_SCREENSHOT, fullPage: true });
  });

  it('says why it has no threads where it is not isolated, and what a file is that is no picture', async () => {
    const page = await visit('--not-isolated');
    expect(await page.locator('#facts').textContent()).toMatch(/threadsoff: no shared memory/);
    await page.setInputFiles('#file', { name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('no picture') });
    await page.getByText(/^notes.txt cannot be used/).waitFor();
  });
});
