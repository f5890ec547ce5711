import fs from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';

export interface SiteOptions {
  /** Where addresses lead: a folder, or a file's content. The longest that fits counts. */
  readonly places: Readonly<Record<string, string | Uint8Array>>;
  /** Sends what makes a page cross-origin isolated. */
  readonly isolated?: boolean;
  readonly policy?: string;
  /** Content types that differ from the usual. */
  readonly types?: Readonly<Record<string, string>>;
}

export interface Site {
  readonly origin: string;
  /** Paths that were asked for, in order, with what they were answered with where that is not 200. */
  readonly requests: readonly string[];
  close(): Promise<void>;
}

/** No inline script or style, nothing from elsewhere: only WebAssembly beyond the strictest. */
export const STRICT_POLICY = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; img-src data:";

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.wasm': 'application/wasm',
};

/** A plain static server on the loopback. */
export async function openSite({ places, isolated = false, policy = STRICT_POLICY, types = {} }: SiteOptions): Promise<Site> {
  const requests: string[] = [];
  const headers = {
    'Content-Security-Policy': policy,
    'Cache-Control': 'no-store',
    ...(isolated && { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' }),
  };
  const server = http.createServer((request, response) => {
    const { pathname } = new URL(request.url!, 'http://localhost');
    const content = find(places, pathname);
    requests.push(content ? pathname : `${pathname} 404`);
    const extension = path.extname(pathname);
    const type = types[extension] ?? TYPES[extension] ?? 'application/octet-stream';
    response.writeHead(content ? 200 : 404, { ...headers, 'Content-Type': type });
    response.end(content);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}

function find(places: SiteOptions['places'], pathname: string): Uint8Array | null {
  const [prefix] = Object.keys(places)
    .filter((place) => pathname.startsWith(place))
    .sort((a, b) => b.length - a.length);
  const place = prefix === undefined ? undefined : places[prefix];
  if (place === undefined || typeof place !== 'string') return place ?? null;
  const file = path.join(place, pathname.slice(prefix!.length));
  return fs.existsSync(file) && fs.statSync(file).isFile() ? fs.readFileSync(file) : null;
}
