import { ConfigError, FormatError } from '../errors.js';

/** A packed model's bytes, or the address where they are. */
export type ModelSource = Uint8Array | ArrayBuffer | URL | string;

export interface ModelBytes {
  readonly bytes: Uint8Array;
  /** What error texts call it. */
  readonly place: string;
}

/**
 * What a source is, a relative address made a whole one where there is a `base`.
 * @throws ConfigError for what is neither bytes nor an address
 */
export function bytesOrAddress(source: ModelSource, base?: string): Uint8Array | URL {
  if (source instanceof Uint8Array) return source;
  if (source instanceof ArrayBuffer) return new Uint8Array(source);
  if (source instanceof URL) return source;
  const address = typeof source === 'string' && parseAddress(source, base);
  if (address) return address;
  const got = typeof source === 'string' ? JSON.stringify(source) : typeof source;
  const wanted = base ? 'an address' : 'a whole address (https:, or file: as pathToFileURL makes it)';
  throw new ConfigError('source', `got ${got}, needs the bytes of a packed model or ${wanted}`);
}

/** Null for what is no address; `URL.canParse` is newer than the browsers that the rest needs. */
export function parseAddress(text: string, base?: string): URL | null {
  try {
    return new URL(text, base);
  } catch {
    return null;
  }
}

/**
 * @param readFile reads what a `file:` address names, where that can be done
 * @throws FormatError (`not-found`) for an address that gives nothing; ConfigError as `bytesOrAddress`
 */
export async function readSource(source: ModelSource, readFile?: (file: URL) => Promise<Uint8Array>): Promise<ModelBytes> {
  const found = bytesOrAddress(source);
  if (found instanceof Uint8Array) return { bytes: found, place: 'model' };
  const place = found.href;
  try {
    if (readFile && found.protocol === 'file:') return { bytes: await readFile(found), place };
    const response = await fetch(found);
    if (!response.ok) throw new Error(`${response.status} ${response.statusText}`);
    return { bytes: new Uint8Array(await response.arrayBuffer()), place };
  } catch (cause) {
    throw new FormatError(place, 'not-found', `cannot be read (${(cause as Error).message}).`, { cause });
  }
}
