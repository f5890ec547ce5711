import { engineDisposed } from '../disposed.js';
import type { MemoryFacts } from '../engine.js';
import type { Address } from '../kernels.js';

/** Memory of the reference engine: each address names an array of its own, floats in double precision. */
export class ReferenceMemory {
  private readonly blocks = new Map<Address, Float64Array | Int32Array>();
  private next = 1;
  private bytes = 0;
  private peak = 0;
  private disposed = false;

  add(block: Float64Array | Int32Array): Address {
    if (this.disposed) throw engineDisposed();
    this.blocks.set(this.next, block);
    this.bytes += block.byteLength;
    this.peak = Math.max(this.peak, this.bytes);
    return this.next++;
  }

  remove(address: Address): void {
    if (this.disposed) return;
    const block = this.blocks.get(address);
    if (!block) throw new RangeError(`no block has the address ${address}`);
    this.bytes -= block.byteLength;
    this.blocks.delete(address);
  }

  floats(address: Address): Float64Array {
    if (this.disposed) throw engineDisposed();
    const block = this.blocks.get(address);
    if (!(block instanceof Float64Array)) throw new RangeError(`no floats have the address ${address}`);
    return block;
  }

  ints(address: Address): Int32Array {
    if (this.disposed) throw engineDisposed();
    const block = this.blocks.get(address);
    if (!(block instanceof Int32Array)) throw new RangeError(`no integers have the address ${address}`);
    return block;
  }

  dispose(): void {
    this.disposed = true;
    this.blocks.clear();
    this.bytes = 0;
  }

  facts(): MemoryFacts {
    return { bytesInUse: this.bytes, bytesPeak: this.peak, bytesLimit: Number.POSITIVE_INFINITY, allocations: this.blocks.size };
  }
}
