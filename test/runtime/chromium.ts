import fs from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

/** Debian's; `CHROMIUM` names another. */
const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';

/** The tests of pages are left out only where one says so: a machine without the browser fails them. */
export const skipsBrowser = process.env.GOSSAMER_SKIP_BROWSER === '1';

export function startChromium(): Promise<Browser> {
  if (!fs.existsSync(executablePath)) {
    throw new Error(
      `There is no Chromium at ${executablePath}. Install it (Debian: apt-get install chromium), name yours by CHROMIUM=/path, ` +
        'or leave the tests of pages out by GOSSAMER_SKIP_BROWSER=1.',
    );
  }
  const quiet = ['--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run'];
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu', '--disable-quic', ...quiet] });
}
