import { genotypeText } from '../../models/index.js';
import type { Candidate, SearchResult } from '../../search/result.js';

/** The candidate that became the search's result; of equals the best; undefined where none did. */
export function chosenCandidate({ candidates, genotype }: SearchResult): Candidate | undefined {
  const text = genotypeText(genotype);
  return candidates
    .filter((candidate) => genotypeText(candidate.genotype) === text)
    .reduce<Candidate | undefined>((best, each) => (best && best.score >= each.score ? best : each), undefined);
}
