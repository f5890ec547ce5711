/** `npx tsx bench/write-scaling.ts`: puts what bench/results/ranks.json says, and what follows from it, into docs/mpi.md. */
import { readFile } from 'node:fs/promises';
import { writeFileAtomic } from '../dist/node.js';
import type { Report } from './report.js';
import { withScaling } from './scaling.js';

const place = (name: string) => new URL(`../${name}`, import.meta.url);
const report = JSON.parse(await readFile(place('bench/results/ranks.json'), 'utf8')) as Report;
const page = await readFile(place('docs/mpi.md'), 'utf8');
await writeFileAtomic(place('docs/mpi.md').pathname, new TextEncoder().encode(withScaling(page, report)));
