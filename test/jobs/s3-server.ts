import { createHash, createHmac } from 'node:crypto';
import http from 'node:http';
import type net from 'node:net';

const REGION = 'eu-test-1';
const PAGE = 2;

/** A server of one bucket on the loopback that speaks as much of the S3 API as a store needs, and checks every signature by the rules of version 4. */
export class S3Server {
  /** By key. */
  readonly objects = new Map<string, Buffer>();
  readonly requests: string[] = [];
  /** Looks at each request that was let in, and may answer in place of the server. */
  hook: (request: { readonly method: string; readonly key: string }, response: http.ServerResponse) => boolean = () => false;

  private constructor(
    private readonly server: http.Server,
    private readonly secret: string,
    readonly bucket: string,
  ) {}

  static async start(secret = 'a+secret/of#tests', bucket = 'results-bucket'): Promise<S3Server> {
    const server = http.createServer();
    const store = new S3Server(server, secret, bucket);
    server.on('request', (request, response) => void store.serve(request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return store;
  }

  /** What a user sets to work with it. */
  get environment(): Record<string, string> {
    const { port } = this.server.address() as net.AddressInfo;
    return {
      AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
      AWS_SECRET_ACCESS_KEY: this.secret,
      AWS_REGION: REGION,
      AWS_ENDPOINT_URL: `http://127.0.0.1:${port}`,
    };
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async serve(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const url = new URL(request.url!, 'http://host');
    const refuse = (status: number, code: string) => answer(response, status, `<Error><Code>${code}</Code></Error>`);
    if (request.headers.authorization !== this.authorization(request, url)) return refuse(403, 'SignatureDoesNotMatch');
    if (request.headers['x-amz-content-sha256'] !== sha256(body)) return refuse(400, 'XAmzContentSHA256Mismatch');
    const [, bucket, ...parts] = url.pathname.split('/');
    if (bucket !== this.bucket) return refuse(404, 'NoSuchBucket');
    const key = parts.join('/');
    const method = request.method!;
    this.requests.push(`${method} ${key}`);
    if (this.hook({ method, key }, response)) return;
    const found = this.objects.get(key);
    if (method === 'PUT') this.objects.set(key, body);
    else if (method === 'DELETE') this.objects.delete(key);
    else if (key === '') return answer(response, 200, this.list(url.searchParams));
    else return found ? answer(response, 200, found) : refuse(404, 'NoSuchKey');
    answer(response, method === 'DELETE' ? 204 : 200, '');
  }

  private list(query: URLSearchParams): string {
    const after = query.get('continuation-token') ?? '';
    const keys = [...this.objects.keys()].filter((key) => key.startsWith(query.get('prefix')!) && key > after).sort();
    const page = keys.slice(0, PAGE);
    const next = keys.length > PAGE ? `<NextContinuationToken>${page.at(-1)}</NextContinuationToken>` : '';
    return `<ListBucketResult>${page.map((key) => `<Contents><Key>${key}</Key></Contents>`).join('')}${next}</ListBucketResult>`;
  }

  /** The header that the owner of the secret sends: AWS Signature Version 4, from its description. */
  private authorization(request: http.IncomingMessage, url: URL): string {
    const { headers, method } = request;
    const signed = /SignedHeaders=([^,]*)/.exec(headers.authorization ?? '')?.[1] ?? '';
    for (const needed of ['host', 'x-amz-content-sha256', 'x-amz-date'])
      if (!signed.split(';').includes(needed)) return 'unsigned';
    const time = String(headers['x-amz-date']);
    const encode = (text: string) =>
      encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
    const query = [...url.searchParams].map(([name, value]) => `${encode(name)}=${encode(value)}`).sort();
    const canonical = [
      method,
      url.pathname
        .split('/')
        .map((part) => encode(decodeURIComponent(part)))
        .join('/'),
      query.join('&'),
      ...signed.split(';').map((name) => `${name}:${headers[name]}`),
      '',
      signed,
      headers['x-amz-content-sha256'],
    ].join('\n');
    const scope = [time.slice(0, 8), REGION, 's3', 'aws4_request'];
    const text = ['AWS4-HMAC-SHA256', time, scope.join('/'), sha256(canonical)].join('\n');
    const key = scope.reduce<string | Buffer>(
      (from, part) => createHmac('sha256', from).update(part).digest(),
      `AWS4${this.secret}`,
    );
    const signature = createHmac('sha256', key).update(text).digest('hex');
    return `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/${scope.join('/')}, SignedHeaders=${signed}, Signature=${signature}`;
  }
}

function answer(response: http.ServerResponse, status: number, body: string | Buffer): void {
  response.writeHead(status).end(body);
}

function sha256(data: string | Buffer): string {
  return createHash('sha256').update(data).digest('hex');
}
