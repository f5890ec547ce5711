import { OutOfMemoryError } from '../errors.js';
import type { MemoryFacts } from './engine.js';
import type { Address } from './kernels.js';

/** Blocks start at cache lines, so that no two threads write one line for different tensors. */
const ALIGNMENT = 64;

/**
 * Best-fit allocator over one growing range of addresses. Neighbouring free blocks join; a training step asks for the
 * same sizes in the same order, so after the first step it finds them all and the memory stops growing.
 */
export class Allocator {
  private readonly used = new Map<Address, number>();
  private readonly freeByStart = new Map<Address, number>();
  private readonly freeByEnd = new Map<Address, Address>();
  /** Start addresses of the free blocks, ordered by size, then by address. */
  private readonly bySize: Address[] = [];
  private end: Address;
  private inUse = 0;
  private peak = 0;

  /**
   * @param start first address to hand out
   * @param limit bytes that may be handed out in all
   * @param grow makes addresses below its argument valid; false when that cannot be done
   */
  constructor(
    private readonly start: Address,
    private readonly limit: number,
    private readonly grow: (end: Address) => boolean,
  ) {
    this.end = start;
  }

  allocate(bytes: number, what: string, shape: readonly number[]): Address {
    const size = Math.max(ALIGNMENT, Math.ceil(bytes / ALIGNMENT) * ALIGNMENT);
    const place = this.firstNotSmaller(size, 0);
    const start = this.bySize[place];
    const address = start === undefined ? this.extend(size, what, shape) : this.carve(start, size);
    this.used.set(address, size);
    this.inUse += size;
    this.peak = Math.max(this.peak, this.inUse);
    return address;
  }

  free(address: Address): void {
    let size = this.used.get(address);
    if (size === undefined) throw new RangeError(`no block starts at ${address}`);
    this.used.delete(address);
    this.inUse -= size;
    let start = address;
    const before = this.freeByEnd.get(start);
    if (before !== undefined) {
      size += this.freeByStart.get(before)!;
      this.removeFree(before);
      start = before;
    }
    const after = this.freeByStart.get(start + size);
    if (after !== undefined) {
      this.removeFree(start + size);
      size += after;
    }
    if (start + size === this.end) this.end = start;
    else this.addFree(start, size);
  }

  facts(): MemoryFacts {
    return { bytesInUse: this.inUse, bytesPeak: this.peak, bytesLimit: this.limit, allocations: this.used.size };
  }

  private carve(start: Address, size: number): Address {
    const available = this.freeByStart.get(start)!;
    this.removeFree(start);
    if (available > size) this.addFree(start + size, available - size);
    return start;
  }

  private extend(size: number, what: string, shape: readonly number[]): Address {
    const address = this.end;
    if (address + size - this.start > this.limit || !this.grow(address + size)) {
      throw new OutOfMemoryError(what, shape, size, this.inUse, this.limit);
    }
    this.end = address + size;
    return address;
  }

  private addFree(start: Address, size: number): void {
    this.freeByStart.set(start, size);
    this.freeByEnd.set(start + size, start);
    this.bySize.splice(this.firstNotSmaller(size, start), 0, start);
  }

  private removeFree(start: Address): void {
    const size = this.freeByStart.get(start)!;
    this.bySize.splice(this.firstNotSmaller(size, start), 1);
    this.freeByStart.delete(start);
    this.freeByEnd.delete(start + size);
  }

  /** Place in `bySize` of the first block that is larger than `size`, or as large and not before `start`. */
  private firstNotSmaller(size: number, start: Address): number {
    let low = 0;
    let high = this.bySize.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const candidate = this.bySize[middle]!;
      const candidateSize = this.freeByStart.get(candidate)!;
      if (candidateSize < size || (candidateSize === size && candidate < start)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
