import type { Engine } from '../engine/engine.js';
import type { ForwardKernels } from '../engine/forward-kernels.js';
import type { Address, Conv2dGeometry, DynamicGeometry, PackedFilters } from '../engine/kernels.js';
import type { StoredTensor } from '../formats/dtypes.js';
import { unpackBits } from '../formats/packed/bits.js';

/** Tensors of a packed model in the engine's memory, as its kernels take them. */
export class Weights {
  private readonly addresses: Address[] = [];

  constructor(
    private readonly engine: Engine<ForwardKernels>,
    private readonly tensors: ReadonlyMap<string, StoredTensor>,
  ) {}

  /** Float32; 0 for null. */
  floats(name: string | null): Address {
    if (name === null) return 0;
    const { data } = this.tensors.get(name) as { readonly data: Float32Array };
    return this.write(name, data);
  }

  /** Float32 weights and a bias (null: none) as float convolutions take them. */
  packedFilters(name: string, biasName: string | null, g: Conv2dGeometry): PackedFilters {
    const { kernels } = this.engine;
    const [w, bias] = [this.floats(name), this.floats(biasName)];
    const floats = kernels.packedFilterFloats(g);
    const packed = floats === 0 ? 0 : this.keep(this.engine.allocate(floats, 'float32', name, [floats]));
    kernels.packFilters(g, w, bias, packed);
    return { w, bias, packed };
  }

  /** Bits as +1 and -1, in float32. */
  signs(name: string, channels: number): Address {
    return this.write(name, unpackBits(this.tensors.get(name)!.data as Uint8Array, channels));
  }

  /** Bits as 1-bit convolutions take them. */
  packedSigns(name: string, g: Conv2dGeometry): Address {
    const bytes = this.tensors.get(name)!.data as Uint8Array;
    const words = Math.ceil(bytes.length / 4);
    const bits = this.engine.allocate(words, 'int32', name, [words]);
    try {
      const view = this.engine.ints(bits, words);
      new Uint8Array(view.buffer, view.byteOffset, bytes.length).set(bytes);
      const integers = this.engine.kernels.packedWeightInts(g);
      const packed = this.keep(this.engine.allocate(integers, 'int32', name, [integers]));
      this.engine.kernels.packSignBits(g, bits, packed);
      return packed;
    } finally {
      this.engine.free(bits);
    }
  }

  /** Weights of a dynamic convolution as its kernels take them. */
  packedDynamic(name: string, g: DynamicGeometry): Address {
    const { kernels } = this.engine;
    const { data } = this.tensors.get(name) as { readonly data: Float32Array };
    const plain = this.engine.allocate(data.length, 'float32', name, [data.length]);
    try {
      this.engine.floats(plain, data.length).set(data);
      const floats = kernels.packedDynamicWeightFloats(g);
      const packed = this.keep(this.engine.allocate(floats, 'float32', name, [floats]));
      kernels.packDynamicWeights(g, plain, packed);
      return packed;
    } finally {
      this.engine.free(plain);
    }
  }

  dispose(): void {
    for (const address of this.addresses.splice(0)) this.engine.free(address);
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
