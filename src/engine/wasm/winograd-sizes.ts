/** Sizes that all kernels of Winograd's algorithm share (`src/kernels/assembly/winograd.ts`). */
export const FREQUENCIES = 36;
export const PANEL_COLUMNS = 8;
export const QUAD = 4;
export const QUADS_AT_ONCE = 4;
export const BLOCK_CHANNELS = 16;
export const BLOCK_BYTES = FREQUENCIES * QUAD * BLOCK_CHANNELS * 4;
export const PANEL_BLOCK_BYTES = FREQUENCIES * BLOCK_CHANNELS * PANEL_COLUMNS * 4;
export const PRODUCTS_BYTES = FREQUENCIES * QUADS_AT_ONCE * QUAD * PANEL_COLUMNS * 4;
export const SCRATCH_BYTES = 2 * FREQUENCIES * 16;

/** What a product (one of 36 instead of 144) and an element of each transform take, in the time of one product of the direct convolution: found by timing. */
export const PRODUCT_TIME = 1.1;
export const TRANSFORM_TIME = 13;

export const whole = (length: number, multiple: number): number => Math.ceil(length / multiple) * multiple;
