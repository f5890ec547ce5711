import { Module } from '../nn/index.js';

/** What a model option may be: plain data, since options go into recipes and checkpoints. */
export type OptionValue = number | string | boolean | null | readonly number[];

/** From what `createModel` made a network, every option present: enough to make it again. */
export interface ModelSpec {
  readonly name: string;
  readonly options: Readonly<Record<string, OptionValue>>;
}

/** A whole network: an image batch [batch, height, width, channels] to logits [batch, classes], or to a map [batch, height, width]. */
export abstract class Network extends Module {
  /** Null for a network that its constructor made, not `createModel`. */
  spec: ModelSpec | null = null;
}
