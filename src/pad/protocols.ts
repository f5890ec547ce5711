import { ConfigError } from '../errors.js';
import { didYouMean } from '../nearest.js';
import type { PreparedPresentation } from './prepared/format.js';
import type { Prepared } from './prepared/open.js';
import type { Protocol, Split } from './presentation.js';

/*
 * Protocols of prepared data: those that its set has, by their names, and those that are made of them by leaving out an attack species. Of the protocol P
 * `P:leave-out.print` learns from all of P's species but print, and is judged by print alone; bona fide presentations stay where P has them.
 */

/** A protocol with what it makes of each presentation. */
export interface ProtocolSplits {
  readonly protocol: Protocol;
  /** Undefined for what has no part in the protocol. */
  readonly splitOf: (presentation: PreparedPresentation) => Split | undefined;
}

const LEAVE_OUT = ':leave-out.';

/**
 * A protocol by its name.
 * @param name may be left out where the data has one only
 * @throws ConfigError of key `protocol` for an unknown protocol or species, or none where there are several
 */
export function findProtocol(prepared: Prepared, name: string | undefined): ProtocolSplits {
  const own = prepared.manifest.protocols.find((protocol) => protocol.name === name);
  const mark = own ? -1 : (name?.indexOf(LEAVE_OUT) ?? -1);
  if (own || mark < 0) {
    const protocol = own ?? ownProtocol(prepared, name);
    return { protocol, splitOf: ({ splits }) => splits[protocol.name] };
  }
  const base = ownProtocol(prepared, name!.slice(0, mark));
  const left = name!.slice(mark + LEAVE_OUT.length);
  const known = testedSpecies(prepared, base);
  if (!known.includes(left)) {
    const detail = `protocol ${base.name} of ${prepared.folder} judges no attack of species "${left}".${didYouMean(left, known)}`;
    throw new ConfigError('protocol', `${detail} It has ${known.join(', ') || 'none'}.`);
  }
  return {
    protocol: { ...base, name: name!, description: `${base.description}; unseen attack species: ${left}` },
    splitOf: ({ splits, species }) => {
      const split = splits[base.name];
      return species === null || (species === left) === (split === 'test') ? split : undefined;
    },
  };
}

/**
 * The protocols whose names begin with `name` and a dot: of `3` those from 3.1 to 3.6, of OULU-NPU.
 * @throws ConfigError of key `folds.protocol` when there are less than two
 */
export function protocolParts({ manifest, folder }: Prepared, name: string): readonly string[] {
  const names = manifest.protocols.map((protocol) => protocol.name);
  const parts = names.filter((other) => other.startsWith(`${name}.`));
  if (parts.length > 1) return parts;
  const detail = `the protocol ${name} of ${folder} has no parts (${name}.1, ${name}.2 …). There are ${names.join(', ')}.`;
  throw new ConfigError('folds.protocol', detail);
}

/**
 * A protocol for each attack species of `name`, which leaves it out of training and is judged by it.
 * @throws ConfigError of key `protocol` for an unknown protocol, `folds.leaveOneSpeciesOut` for one with less than two species
 */
export function leaveOneSpeciesOutProtocols(prepared: Prepared, name: string): readonly string[] {
  const base = ownProtocol(prepared, name);
  const species = testedSpecies(prepared, base);
  if (species.length > 1) return species.map((left) => `${name}${LEAVE_OUT}${left}`);
  const detail = `protocol ${name} of ${prepared.folder} judges ${species.length} attack species; two are needed.`;
  throw new ConfigError('folds.leaveOneSpeciesOut', detail);
}

function ownProtocol({ manifest: { protocols }, folder }: Prepared, name: string | undefined): Protocol {
  const names = protocols.map((protocol) => protocol.name);
  if (name === undefined) {
    if (protocols.length === 1) return protocols[0]!;
    throw new ConfigError('protocol', `${folder} has ${names.length} protocols: name one of ${names.join(', ')}.`);
  }
  const found = protocols.find((protocol) => protocol.name === name);
  if (found) return found;
  throw new ConfigError('protocol', `${folder} has no protocol "${name}".${didYouMean(name, names)} It has ${names.join(', ')}.`);
}

/** In the order of their names. */
function testedSpecies({ presentations }: Prepared, { name }: Protocol): readonly string[] {
  const species = presentations.flatMap((one) => (one.splits[name] === 'test' && one.species !== null ? [one.species] : []));
  return [...new Set(species)].sort();
}
