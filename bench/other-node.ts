import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Runs the same command again on the Node of this major version that `bench/package.json` brings. @returns its exit code */
export function runOnNode(version: string): number {
  const { platform, arch } = process;
  const folder = `./node_modules/node${version}-${platform.replace('win32', 'win')}-${arch}/bin/`;
  const binary = fileURLToPath(new URL(`${folder}${platform === 'win32' ? 'node.exe' : 'node'}`, import.meta.url));
  if (!existsSync(binary)) {
    console.error(`There is no Node ${version} for ${platform} ${arch} in bench/: npm ci --prefix bench brings Node 24.`);
    return 2;
  }
  const [, script, ...args] = process.argv;
  const at = args.findIndex((arg) => arg === '--node' || arg.startsWith('--node='));
  args.splice(at, args[at] === '--node' ? 2 : 1);
  return spawnSync(binary, [...process.execArgv, script!, ...args], { stdio: 'inherit' }).status ?? 1;
}
