import type { Doubt, Presentation } from './presentation.js';

/** Finds pictures that are in two presentations which ought to have nothing in common. */
export class Duplicates {
  private readonly ownersOf = new Map<string, Set<number>>();
  private readonly told = new Set<string>();

  constructor(
    private readonly presentations: readonly Presentation[],
    private readonly areAllowed = false,
  ) {}

  /** A picture of presentation number `presentation`; what it brings up, each pair of presentations once. */
  add(presentation: number, digest: string): Doubt[] {
    const owners = this.ownersOf.get(digest) ?? new Set();
    this.ownersOf.set(digest, owners);
    const doubts: Doubt[] = [];
    for (const owner of owners) {
      const pair = `${owner} ${presentation}`;
      if (owner === presentation || this.told.has(pair)) continue;
      const doubt = this.judge(this.presentations[owner]!, this.presentations[presentation]!);
      if (!doubt) continue;
      this.told.add(pair);
      doubts.push(doubt);
    }
    owners.add(presentation);
    return doubts;
  }

  private judge(first: Presentation, second: Presentation): Doubt | null {
    const protocol = Object.keys(first.splits).find((name) => second.splits[name] && second.splits[name] !== first.splits[name]);
    if (protocol !== undefined) {
      const [a, b] = [first.splits[protocol], second.splits[protocol]];
      const message = `the same picture is in ${first.id} (${a} of protocol ${protocol}) and in ${second.id} (${b}).`;
      return { severity: this.areAllowed ? 'warning' : 'error', reason: 'duplicate-frame', about: second.id, message };
    }
    if (first.label === second.label) return null;
    const message = `the same picture is ${first.label} in ${first.id} and ${second.label} in ${second.id}.`;
    return { severity: 'warning', reason: 'duplicate-label', about: second.id, message };
  }
}
