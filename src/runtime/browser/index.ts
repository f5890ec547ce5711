/** `gossamer/runtime` as a page gets it: the values of `../index.ts`, whose types it shares. */
export * from '../errors.js';
export { load } from './page.js';
