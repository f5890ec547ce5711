import { describe, expect, it } from 'vitest';
import type { PreparedPresentation } from '../../src/pad/prepared/format.js';
import type { Prepared } from '../../src/pad/prepared/open.js';
import { findProtocol, leaveOneSpeciesOutProtocols, protocolParts } from '../../src/pad/protocols.js';

function presentation(id: string, split: 'train' | 'dev' | 'test', species: string | null): PreparedPresentation {
  const label = species === null ? 'bona-fide' : 'attack';
  const unknown = { subject: null, session: null, device: null, attributes: {} };
  return { id, label, species, splits: { all: split }, ...unknown };
}

const presentations = (['train', 'dev', 'test'] as const).flatMap((split) =>
  [null, 'print', 'replay'].map((species) => presentation(`${split} ${species}`, split, species)),
);

function prepared(...names: readonly string[]): Prepared {
  const protocols = names.map((name) => ({ name, description: `learn ${name}` }));
  return { folder: 'prepared', manifest: { protocols } as unknown as Prepared['manifest'], presentations, frames: [] };
}

const splitsBy = (name: string) => {
  const { splitOf } = findProtocol(prepared('all'), name);
  return presentations.map((one) => splitOf(one) ?? '-').join(' ');
};

describe('protocols of prepared data', () => {
  it('leave an attack species out of learning and of the choice of the threshold, and judge by it alone', () => {
    expect(splitsBy('all')).toBe('train train train dev dev dev test test test');
    expect(splitsBy('all:leave-out.print')).toBe('train - train dev - dev test test -');
    expect(splitsBy('all:leave-out.replay')).toBe('train train - dev dev - test - test');
    expect(leaveOneSpeciesOutProtocols(prepared('all'), 'all')).toEqual(['all:leave-out.print', 'all:leave-out.replay']);
  });

  it('that a set has go before those that are made of them', () => {
    const own = 'all:leave-out.print';
    expect(findProtocol(prepared('all', own), own).protocol.description).toBe(`learn ${own}`);
    expect(findProtocol(prepared('all'), own).protocol).toEqual({
      name: own,
      description: 'learn all; unseen attack species: print',
    });
  });

  it('have parts, as those of OULU-NPU', () => {
    const phones = ['3.1', '3.2', '3.3', '3.4', '3.5', '3.6'];
    expect(protocolParts(prepared('1', '2', ...phones, '33.1', '4.1'), '3')).toEqual(phones);
    expect(() => protocolParts(prepared('1', '2'), '1')).toThrow('the protocol 1 of prepared has no parts (1.1, 1.2 …)');
  });

  it('are refused with what there is', () => {
    expect(() => findProtocol(prepared('all'), 'al:leave-out.print')).toThrow('no protocol "al". Did you mean "all"?');
    expect(() => findProtocol(prepared('all'), 'all:leave-out.prin')).toThrow('species "prin". Did you mean "print"?');
    expect(() => leaveOneSpeciesOutProtocols(prepared('all', 'other'), 'other')).toThrow(
      'judges 0 attack species; two are needed',
    );
  });
});
