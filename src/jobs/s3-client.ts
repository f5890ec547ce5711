import { createHash } from 'node:crypto';
import process from 'node:process';
import { setTimeout as pause } from 'node:timers/promises';
import type { AwsClient } from 'aws4fetch';
import { ConfigError, StoreError, UnsupportedError } from '../errors.js';

/** Where objects lie. */
export interface S3Place {
  readonly bucket: string;
  /** Of all keys; empty for none, else without a slash at its end. */
  readonly prefix: string;
  /** `s3://bucket/prefix`, for messages. */
  readonly label: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Requests at a time: a sweep asks for hundreds of results at once. */
const AT_ONCE = 8;
/** Tries of a request where the server is not to be reached, or says to come again. */
const TRIES = 4;
const FIRST_PAUSE_MILLISECONDS = 200;

/**
 * `s3://bucket/prefix`.
 * @throws ConfigError for anything else; the text does not repeat it, for it might hold a secret
 */
export function parseS3Place(text: string): S3Place {
  const [, bucket, prefix = ''] = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])((?:\/[\w.-]+)*)\/?$/.exec(text) ?? [];
  if (bucket === undefined || prefix.split('/').some((part) => part === '.' || part === '..')) {
    const needed = 's3://BUCKET/PREFIX, of letters, digits, dots and dashes';
    throw new ConfigError('store', `needs ${needed}; credentials come from the environment (AWS_ACCESS_KEY_ID …).`);
  }
  return { bucket, prefix: prefix.slice(1), label: `s3://${bucket}${prefix}` };
}

/**
 * A client of a bucket by the S3 API. Credentials, region and server come from the environment alone (`AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`,
 * `AWS_SESSION_TOKEN`, `AWS_REGION`, `AWS_ENDPOINT_URL`), never from a command line or a queue, and stand in no message.
 * @throws UnsupportedError without aws4fetch; ConfigError where the environment does not say enough
 */
export async function openS3(place: S3Place, environment: Environment = process.env): Promise<S3Client> {
  const { AwsClient: Client } = await loadClient();
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = environment;
  if (!accessKeyId || !secretAccessKey) {
    throw new ConfigError('store', `${place.label} needs AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment.`);
  }
  const region = environment['AWS_REGION'] || environment['AWS_DEFAULT_REGION'] || 'us-east-1';
  const sessionToken = environment['AWS_SESSION_TOKEN'] || undefined;
  const aws = new Client({
    accessKeyId,
    secretAccessKey,
    service: 's3',
    region,
    retries: 0,
    ...(sessionToken && { sessionToken }),
  });
  return new S3Client(aws, place, bucketAddress(place.bucket, region, environment));
}

async function loadClient() {
  try {
    return await import('aws4fetch');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw cause;
    throw new UnsupportedError('a store by the S3 API', 'the package aws4fetch is not installed: npm install aws4fetch.');
  }
}

/** Amazon's own names the bucket in the host; other servers in the path. */
function bucketAddress(bucket: string, region: string, environment: Environment): string {
  const endpoint = environment['AWS_ENDPOINT_URL_S3'] || environment['AWS_ENDPOINT_URL'];
  if (!endpoint) return `https://${bucket}.s3.${region}.amazonaws.com`;
  const url = URL.canParse(endpoint) ? new URL(endpoint) : null;
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password || url.search || url.hash) {
    throw new ConfigError('store', 'AWS_ENDPOINT_URL needs an address such as https://minio.example:9000, without a password.');
  }
  return `${url.href.replace(/\/$/, '')}/${bucket}`;
}

/** Objects of a bucket below a prefix. Each method throws StoreError where the server refuses, or is not to be reached. */
export class S3Client {
  private active = 0;
  private readonly queue: (() => void)[] = [];

  constructor(
    private readonly aws: AwsClient,
    readonly place: S3Place,
    private readonly address: string,
  ) {}

  /** Null where there is no such object. */
  async get(name: string): Promise<Uint8Array | null> {
    const answer = await this.request('GET', name);
    return answer.status === 404 && answer.code !== 'NoSuchBucket' ? null : this.expectDone(answer).body;
  }

  /** Whole or not at all: the server compares the bytes with their digest. */
  async put(name: string, bytes: Uint8Array): Promise<void> {
    this.expectDone(await this.request('PUT', name, bytes));
  }

  async remove(name: string): Promise<void> {
    const answer = await this.request('DELETE', name);
    if (answer.status !== 404) this.expectDone(answer);
  }

  /** Names of the objects below a folder, without its own. */
  async list(folder: string): Promise<readonly string[]> {
    const start = this.keyOf(`${folder}/`);
    const names: string[] = [];
    let token: string | undefined;
    do {
      const query = new URLSearchParams({
        'list-type': '2',
        prefix: start,
        ...(token !== undefined && { 'continuation-token': token }),
      });
      const text = new TextDecoder().decode(this.expectDone(await this.request('GET', null, undefined, query)).body);
      names.push(...[...text.matchAll(/<Key>([^<]*)<\/Key>/g)].map(([, key]) => key!.slice(start.length)));
      token = /<NextContinuationToken>([^<]*)</.exec(text)?.[1]?.replaceAll('&amp;', '&');
    } while (token !== undefined);
    return names;
  }

  private keyOf(name: string): string {
    return this.place.prefix === '' ? name : `${this.place.prefix}/${name}`;
  }

  private async request(method: string, name: string | null, body?: Uint8Array, query?: URLSearchParams): Promise<Answer> {
    const path = name === null ? '/' : `/${this.keyOf(name)}`;
    const url = `${this.address}${path}${query ? `?${query.toString().replaceAll('+', '%20')}` : ''}`;
    const sha256 = createHash('sha256')
      .update(body ?? '')
      .digest('hex');
    // A redirection would take a session token to another server.
    const options = { method, redirect: 'manual' as const, headers: { 'x-amz-content-sha256': sha256 }, ...(body && { body }) };
    await this.begin();
    try {
      for (let attempt = 1; ; attempt++) {
        const answer = await this.attempt(url, options as RequestInit).catch((error: unknown) => error as Error);
        const isPassing = answer instanceof Error || answer.status >= 500 || answer.status === 429;
        if (!isPassing) return answer;
        if (attempt === TRIES) {
          if (!(answer instanceof Error)) return answer;
          throw new StoreError(this.place.label, null, `is not to be reached (${reasonOf(answer)}).`, { cause: answer });
        }
        await pause(FIRST_PAUSE_MILLISECONDS * 2 ** (attempt - 1));
      }
    } finally {
      this.end();
    }
  }

  private async attempt(url: string, options: RequestInit): Promise<Answer> {
    const response = await this.aws.fetch(url, options);
    const body = new Uint8Array(await response.arrayBuffer());
    const code = response.ok ? null : (/<Code>(\w{1,80})<\/Code>/.exec(new TextDecoder().decode(body))?.[1] ?? null);
    return { status: response.status, code, body };
  }

  private expectDone(answer: Answer): Answer {
    const { status, code } = answer;
    if (status >= 200 && status < 300) return answer;
    throw new StoreError(
      this.place.label,
      status,
      `the server refused (${status}${code ? ` ${code}` : ''}).${adviceOn(status, code)}`,
    );
  }

  private async begin(): Promise<void> {
    if (this.active >= AT_ONCE) await new Promise<void>((resolve) => this.queue.push(resolve));
    else this.active++;
  }

  /** Hands the place on to who waits, or leaves it. */
  private end(): void {
    const next = this.queue.shift();
    if (next) next();
    else this.active--;
  }
}

interface Answer {
  readonly status: number;
  /** What the server calls a failure. */
  readonly code: string | null;
  readonly body: Uint8Array;
}

function adviceOn(status: number, code: string | null): string {
  if (code === 'RequestTimeTooSkewed') return ' The clock of this machine is wrong.';
  if (status === 401 || status === 403) {
    return ' Are AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN) those of somebody who may write there?';
  }
  if (code === 'NoSuchBucket') return ' Make the bucket first.';
  if (status >= 300 && status < 400) return ' The bucket lies elsewhere: set AWS_REGION, or AWS_ENDPOINT_URL.';
  return '';
}

/** What fetch hides in the cause of its error. */
function reasonOf(error: Error): string {
  const { cause } = error;
  return cause instanceof Error ? ((cause as NodeJS.ErrnoException).code ?? cause.message) : error.message;
}
