// Serves this folder, the files of gossamer/runtime and a packed model on the loopback: node serve.mjs MODEL [--port N] [--not-isolated]
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const here = fileURLToPath(new URL('.', import.meta.url));
const runtime = fileURLToPath(new URL('../../dist/browser/', import.meta.url));
const types = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.wasm': 'application/wasm' };

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { port: { type: 'string', default: '8080' }, 'not-isolated': { type: 'boolean', default: false } },
});
const [model] = positionals;
if (!model) {
  console.error('Which model? Make one: npx gossamer freeze ftbnn-tiny-cifar10 --out model.safetensors');
  process.exit(2);
}

const headers = {
  // Nothing from elsewhere, nothing inline; WebAssembly must be allowed by name.
  'Content-Security-Policy':
    "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; img-src 'self' data:; media-src 'self' blob:",
  // These two make the page cross-origin isolated: only then it has threads.
  ...(!values['not-isolated'] && {
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Embedder-Policy': 'require-corp',
  }),
};

const server = http.createServer((request, response) => {
  const file = fileOf(new URL(request.url, 'http://localhost').pathname);
  if (!file || !fs.existsSync(file) || !fs.statSync(file).isFile()) {
    response.writeHead(404, headers).end('Not found');
    return;
  }
  const type = types[path.extname(file)] ?? 'application/octet-stream';
  response.writeHead(200, { ...headers, 'Content-Type': type }).end(fs.readFileSync(file));
});
server.listen(Number(values.port), '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}/`));

/** A parsed address has no `..` that leads out of a folder. */
function fileOf(pathname) {
  if (pathname === '/') return path.join(here, 'index.html');
  if (pathname === '/model.safetensors') return model;
  if (pathname.startsWith('/gossamer/')) return path.join(runtime, path.basename(pathname));
  return path.join(here, path.basename(pathname));
}
