import type { Unsupported } from '../../ops/index.js';
import type { TracedCall } from '../trace.js';
import type { GraphBuilder } from './graph.js';

export type CallName = TracedCall['operator'];
type CallOf<Name extends CallName> = Extract<TracedCall, { readonly operator: Name }>;

/** Adds the nodes that do what a call does, and gives the name of its output; in the graph's layout, as all that it takes. */
export type RuleOf<Name extends CallName> = (call: CallOf<Name>, graph: GraphBuilder) => string;

/** The same for whatever operator has no attributes. */
export type PlainRule = (call: Pick<TracedCall, 'inputs' | 'output'>, graph: GraphBuilder) => string;

export type Rule<Name extends CallName> = RuleOf<Name> | Unsupported;
