import { ops } from '../../../dist/node.js';
import { type Bench, THREADS, type Threads } from '../../bench.js';
import { computing, random, withEngines } from '../../engine.js';
import { alternate, local, type Subject } from '../../measure.js';
import { Peer, type PeerName } from '../../peer.js';
import { figure } from '../../result.js';
import { type Layer, label, macs, RESNET18, RESNET20, work } from './layers.js';

/** Of a 3x3 convolution at batch 1 on one thread, in effect: however it is multiplied. */
const REACH_GIGAFLOPS = 60;

const LAYERS: readonly Layer[] = [
  ...RESNET18,
  { batch: 1, side: 14, channels: 256, kernel: 1, groups: 1 },
  { batch: 1, side: 28, channels: 128, kernel: 3, groups: 128 },
  ...RESNET20,
];

const SCRIPTED: readonly PeerName[] = ['tfjs-wasm', 'jax-js'];

/** jax-js takes seconds for a call: it is measured once, on this layer. */
const JAX_LAYER = LAYERS[1];

/** Float convolutions forward: effective GFLOP/s (2 x multiply-accumulates), beside everybody's. */
export async function benchConvolutions(bench: Bench): Promise<void> {
  for (const threads of THREADS) {
    const peers = startPeers(threads);
    try {
      for (const layer of LAYERS) await benchLayer(bench, layer, threads, peers);
    } finally {
      for (const peer of peers.values()) peer[Symbol.dispose]();
    }
  }
}

function startPeers(threads: Threads): ReadonlyMap<PeerName, Peer> {
  // The last two have no threads in Node.
  const names: PeerName[] = ['pytorch', 'onnxruntime-node', 'onnxruntime-web', ...(threads === 1 ? SCRIPTED : [])];
  return new Map(names.map((name) => [name, new Peer(name, threads)]));
}

async function benchLayer(bench: Bench, layer: Layer, threads: Threads, peers: ReadonlyMap<PeerName, Peer>): Promise<void> {
  const { batch, side, channels, kernel, groups } = layer;
  const forward = work(layer, 'forward');
  const others = [...peers].flatMap(([name, peer]): [PeerName, Subject][] => {
    if (name === 'jax-js') return layer === JAX_LAYER ? [[name, peer.subject(forward, 1)]] : [];
    return [[name, peer.subject(forward)]];
  });
  const times = await withEngines((engines) => {
    const engine = engines[threads];
    const x = random(engine, [batch, side, side, channels]);
    const w = random(engine, [channels, kernel, kernel, channels / groups]);
    const ours = local(computing(engine, () => ops.conv2d(x, w, { padding: (kernel - 1) / 2, groups })));
    return alternate<string>({ ours, ...Object.fromEntries(others) }, bench.kernelEffort);
  });
  const { ours, ...peerTimes } = times;
  const reach = kernel === 3 && groups === 1 && batch === 1 && threads === 1 ? REACH_GIGAFLOPS : null;
  const row = { name: `conv ${label(layer)}, forward`, unit: 'GFLOP/s', threads, peers: peerTimes, reach };
  bench.report(figure(row, ours!, ({ seconds }) => (2 * macs(layer)) / 1e9 / seconds));
}
