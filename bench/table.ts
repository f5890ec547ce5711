import type { Result } from './result.js';

const WIDTH = 100;

/** A result in one line, its peers in those below. What is made of a row (`row: what`) stands indented, since the row goes before it. */
export function print(result: Result): void {
  const { name, unit, threads, ours, lowest, highest } = result;
  const [base, derived] = name.split(': ');
  const label = `${derived === undefined ? base : `  ${derived}`}, ${threads} thread${threads > 1 ? 's' : ''}`;
  const spread = ours === null || lowest === highest ? '' : `(${short(lowest!)} to ${short(highest!)})`;
  const value = ours === null ? 'none' : short(ours);
  console.log(`${label.padEnd(56)}${value.padStart(8)} ${unit.padEnd(9)} ${`${spread} ${verdict(result)}`.trim()}`);
  for (const line of lines(peerTexts(result))) console.log(`    ${line}`);
}

function verdict({ reach, met, better, absent }: Result): string {
  if (reach === null) return '';
  if (met === null) return `unknown: ${Object.values(absent)[0] ?? 'nothing to compare with'}`;
  return `${met ? 'reaches' : 'MISSES'} ${short(reach)}${better === 'lower' ? ' or less' : ''}`;
}

/** Each peer's figure after the factor by which ours is that. */
function peerTexts({ ours, peers, absent }: Result): string[] {
  return Object.entries(peers).map(([name, value]) => {
    if (value === null || ours === null) return `${name}: ${absent[name] ?? 'not measured'}`;
    return `${(ours / value).toFixed(2)} x ${name} ${short(value)}`;
  });
}

function lines(texts: readonly string[]): string[] {
  const made: string[] = [];
  for (const text of texts) {
    const last = made.at(-1);
    if (last !== undefined && last.length + text.length + 7 <= WIDTH) made[made.length - 1] = `${last}   ${text}`;
    else made.push(text);
  }
  return made;
}

function short(value: number): string {
  if (value >= 1000) return value.toFixed(0);
  return value.toPrecision(3);
}
