import { ConfigError } from '../errors.js';

export interface RedisAddress {
  readonly host: string;
  readonly port: number;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly database: number;
  /** TLS: `rediss://`. */
  readonly secure: boolean;
  /** For logs: without the password. */
  readonly label: string;
}

/** Where a password belongs: other users of a machine see the words of every command line, but not this. */
export const passwordVariable = 'GOSSAMER_REDIS_PASSWORD';

/**
 * `redis://[user@]host[:port][/database]`, `rediss://` for TLS; the password comes from the environment.
 * @throws ConfigError for anything else, a password in the address among it; the text does not repeat it
 */
export function parseRedisAddress(text: string, environment: Readonly<Record<string, string | undefined>>): RedisAddress {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url?.password) {
    throw new ConfigError(
      'redis',
      `the address holds a password, which everyone on this machine can read: leave it out and set ${passwordVariable}.`,
    );
  }
  const database = url?.pathname.replace(/^\/$/, '') || '/0';
  if (!url || !/^rediss?:$/.test(url.protocol) || !url.hostname || !/^\/\d{1,4}$/.test(database)) {
    throw new ConfigError('redis', 'needs an address such as redis://127.0.0.1:6379 or rediss://user@host:6380/1.');
  }
  const port = Number(url.port || 6379);
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port,
    username: url.username ? decodeURIComponent(url.username) : undefined,
    password: environment[passwordVariable],
    database: Number(database.slice(1)),
    secure: url.protocol === 'rediss:',
    label: `${url.hostname}:${port}${database}`,
  };
}
