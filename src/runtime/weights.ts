import type { Engine } from '../engine/engine.js';
import type { Address, Conv2dGeometry } from '../engine/kernels.js';
import type { StoredTensor } from '../formats/dtypes.js';
import { unpackBits } from '../formats/packed/bits.js';

/** Tensors of a packed model in the engine's memory, as its kernels take them. */
export class Weights {
  private readonly addresses: Address[] = [];

  constructor(
    private readonly engine: Engine,
    private readonly tensors: ReadonlyMap<string, StoredTensor>,
  ) {}

  /** Float32; 0 for null. */
  floats(name: string | null): Address {
    if (name === null) return 0;
    const { data } = this.tensors.get(name) as { readonly data: Float32Array };
    return this.write(name, data);
  }

  /** Bits as +1 and -1, in float32. */
  signs(name: string, channels: number): Address {
    return this.write(name, this.unpacked(name, channels));
  }

  /** Bits as 1-bit convolutions take them. */
  packedSigns(name: string, g: Conv2dGeometry): Address {
    const values = this.unpacked(name, g.inChannels / g.groups);
    const signs = this.engine.allocate(values.length, 'float32', name, [values.length]);
    try {
      this.engine.floats(signs, values.length).set(values);
      const integers = this.engine.kernels.packedWeightInts(g);
      const packed = this.keep(this.engine.allocate(integers, 'int32', name, [integers]));
      this.engine.kernels.packSignWeights(g, signs, packed);
      return packed;
    } finally {
      this.engine.free(signs);
    }
  }

  dispose(): void {
    for (const address of this.addresses.splice(0)) this.engine.free(address);
  }

  private unpacked(name: string, channels: number): Float32Array {
    return unpackBits(this.tensors.get(name)!.data as Uint8Array, channels);
  }

  private write(name: string, values: Float32Array): Address {
    const address = this.keep(this.engine.allocate(values.length, 'float32', name, [values.length]));
    this.engine.floats(address, values.length).set(values);
    return address;
  }

  private keep(address: Address): Address {
    this.addresses.push(address);
    return address;
  }
}
