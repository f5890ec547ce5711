import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Bench } from '../../bench.js';
import { alternate, fastest, local, type Measured } from '../../measure.js';
import { Peer, type PeerName } from '../../peer.js';
import { figure, timeRatio } from '../../result.js';
import { type Answering, answering, isNewNode, onnxFile } from './networks.js';

const THREADS = 1;
const FLOAT: Answering = { name: 'resnet18', side: 224 };
const CDCN: Answering = { name: 'cdcn', side: 256 };
const peerNames: readonly PeerName[] = ['onnxruntime-node', 'onnxruntime-web', 'tfjs-wasm'];

/** Of the time that these take on the float ResNet-18, or on CDCN: on Node 20, and where relaxed SIMD is on. */
const reaches = {
  'ftbnn-compact': { native: [0.45, 0.28], web: [1 / 10, 1 / 15] },
  'ftbnn-base': { native: [0.7, 0.5], web: null },
} as const;
const HALF_OF_WEB = 0.5;
const CDCN_OF_WEB = 0.4;

/** Packed networks at the size of ImageNet, beside native and WebAssembly engines that run the float one. */
export async function benchBesidePeers(bench: Bench): Promise<void> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'gossamer-bench-'));
  const peers = new Map(peerNames.map((name) => [name, new Peer(name, THREADS)] as const));
  try {
    await besideResnet18(bench, peers, await onnxFile(FLOAT, folder));
    await besideCdcn(bench, peers, await onnxFile(CDCN, folder));
  } finally {
    for (const peer of peers.values()) peer[Symbol.dispose]();
    rmSync(folder, { recursive: true });
  }
}

async function besideResnet18(bench: Bench, peers: ReadonlyMap<PeerName, Peer>, file: string): Promise<void> {
  const binary = Object.keys(reaches) as (keyof typeof reaches)[];
  const own = await Promise.all([...binary, FLOAT.name].map((name) => answering({ ...FLOAT, name }, THREADS)));
  try {
    const [compact, base, float] = own.map(({ call }) => local(call));
    const work = { kind: 'network', name: FLOAT.name, side: FLOAT.side, file } as const;
    const times = await alternate<string>(
      {
        ...{ 'ftbnn-compact': compact!, 'ftbnn-base': base!, [FLOAT.name]: float! },
        ...Object.fromEntries([...peers].map(([name, peer]) => [name, peer.subject(work)])),
      },
      bench.stepEffort,
    );
    const others = Object.fromEntries(peerNames.map((name) => [name, times[name]!]));
    for (const name of binary) {
      reportTime(bench, `${name} at 224, packed`, times[name]!, others);
      const { native, web } = reaches[name];
      const row = { threads: THREADS, better: 'lower' } as const;
      const over = (peer: string) => `${name} at 224, packed: time over ${peer}'s float ResNet-18`;
      bench.report(
        timeRatio(
          { ...row, name: over('onnxruntime-node'), reach: native[isNewNode ? 1 : 0] },
          times[name]!,
          times['onnxruntime-node']!,
        ),
      );
      const reach = web?.[isNewNode ? 1 : 0];
      bench.report(timeRatio({ ...row, name: over('onnxruntime-web'), reach }, times[name]!, times['onnxruntime-web']!));
    }
    reportTime(bench, 'resnet18 at 224, packed', times[FLOAT.name]!, others);
    const web = fastest([times['onnxruntime-web']!, times['tfjs-wasm']!]);
    const ratio = {
      name: 'resnet18 at 224, packed: time over the best WebAssembly peer',
      threads: THREADS,
      better: 'lower',
    } as const;
    bench.report(timeRatio({ ...ratio, reach: HALF_OF_WEB }, times[FLOAT.name]!, web));
  } finally {
    for (const { model } of own) model.dispose();
  }
}

async function besideCdcn(bench: Bench, peers: ReadonlyMap<PeerName, Peer>, file: string): Promise<void> {
  const { model, call } = await answering(CDCN, THREADS);
  try {
    const work = { kind: 'network', name: CDCN.name, side: CDCN.side, file } as const;
    const { ours, ...others } = await alternate<string>(
      {
        ours: local(call),
        'onnxruntime-node': peers.get('onnxruntime-node')!.subject(work),
        'onnxruntime-web': peers.get('onnxruntime-web')!.subject(work),
      },
      bench.stepEffort,
    );
    reportTime(bench, 'cdcn at 256, packed', ours!, others);
    const ratio = { name: "cdcn at 256, packed: time over onnxruntime-web's", threads: THREADS, better: 'lower' } as const;
    bench.report(timeRatio({ ...ratio, reach: CDCN_OF_WEB }, ours!, others['onnxruntime-web']!));
  } finally {
    model.dispose();
  }
}

function reportTime(bench: Bench, name: string, ours: Measured, peers: Readonly<Record<string, Measured>>): void {
  bench.report(figure({ name, unit: 'ms', threads: THREADS, better: 'lower', peers }, ours, ({ seconds }) => 1000 * seconds));
}
