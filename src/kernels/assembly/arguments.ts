/** Where a kernel's arguments lie (`src/engine/wasm/protocol.ts`): 40 integers, then 24 floats. */

@inline
export function int(args: usize, index: i32): i32 {
  return load<i32>(args + (<usize>index << 2));
}

/** An integer argument as an address; 0 = absent. */
@inline
export function ptr(args: usize, index: i32): usize {
  return <usize>load<u32>(args + (<usize>index << 2));
}

@inline
export function float(args: usize, index: i32): f32 {
  return load<f32>(args + 160 + (<usize>index << 2));
}
