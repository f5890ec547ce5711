import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));

export interface Installed {
  /** `node_modules/gossamer` in the folder. */
  readonly place: string;
  /** What the package holds, as paths in it. */
  readonly files: readonly string[];
}

/** Leaves in a folder what `npm install` of the packed package would, dependencies excepted. */
export function installPackage(folder: string): Installed {
  const pack = ['pack', '--ignore-scripts', '--json', '--pack-destination', folder];
  const [packed] = JSON.parse(execFileSync('npm', pack, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
  const place = path.join(folder, 'node_modules', 'gossamer');
  fs.mkdirSync(place, { recursive: true });
  execFileSync('tar', ['-xzf', path.join(folder, packed.filename), '-C', place, '--strip-components', '1']);
  return { place, files: packed.files.map((file: { path: string }) => file.path) };
}

/** Puts what the package declares beside it. */
export function linkDependencies(folder: string): void {
  const { dependencies } = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8'));
  for (const name of Object.keys(dependencies)) {
    const place = path.join(folder, 'node_modules', name);
    fs.mkdirSync(path.dirname(place), { recursive: true });
    fs.symlinkSync(path.join(root, 'node_modules', name), place);
  }
}
