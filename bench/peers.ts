import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Figures of a peer by name; what it could not measure is missing. */
export type PeerFigures = Readonly<Record<string, number>>;

const script = fileURLToPath(new URL('./peers/pytorch.py', import.meta.url));

/** PyTorch in this run, on as many threads; null (and a line that says why) where `/usr/bin/python3` has no torch. */
export function measurePyTorch(threads: number): PeerFigures | null {
  const { OPENBLAS_CORETYPE: _type, OPENBLAS_L2_SIZE: _size, ...environment } = process.env;
  const { status, stdout, stderr } = spawnSync('/usr/bin/python3', [script, String(threads)], {
    encoding: 'utf8',
    env: environment,
  });
  if (status === 0) return JSON.parse(stdout) as PeerFigures;
  const why = stderr?.trim().split('\n').at(-1) || 'there is no /usr/bin/python3';
  console.log(`PyTorch was not measured: ${why}`);
  return null;
}
