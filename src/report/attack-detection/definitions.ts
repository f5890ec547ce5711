/** What each rate means, as the report says it. Terms of ISO/IEC 30107-3 where it has them. */
export const definitions: readonly (readonly [term: string, meaning: string])[] = [
  [
    'APCER of a species',
    'Attack presentation classification error rate: of the attacks of one instrument species (print, replay, …) that got an answer, the share taken for bona fide.',
  ],
  [
    'APCER, worst species (APCER_AP)',
    'The highest APCER of all species in the file. An attacker chooses the species; a mean over species would let many easy attacks hide one that works.',
  ],
  [
    'APCER, pooled (FAR)',
    'The same share of all attacks together. It depends on how many attacks of each species a set happens to hold.',
  ],
  [
    'BPCER (FRR)',
    'Bona fide presentation classification error rate: of the bona fide presentations that got an answer, the share taken for attacks.',
  ],
  [
    'ACER',
    '(APCER of the worst species + BPCER) / 2. Papers are compared by it; the standard reports the two errors side by side, since their mean hides which one is made.',
  ],
  ['HTER', '(pooled APCER + BPCER) / 2.'],
  [
    'EER',
    'Equal error rate: (pooled APCER + BPCER) / 2 at the threshold where the two are nearest on this very set. It describes the scores, not a decision.',
  ],
  [
    'AUC',
    'Area under the ROC curve: the share of pairs of a bona fide presentation and an attack in which the bona fide one scores higher, ties counted as half.',
  ],
  [
    'BPCER at APCER 10, 5, 1, 0.1 %',
    'The lowest BPCER that a threshold reaches on this very set while no species has a higher APCER than that (BPCER10, BPCER20, BPCER100, BPCER1000).',
  ],
  [
    'Failure to acquire (FTA)',
    'The share of presentations with the score nan: no answer. They are in no other rate. APNRR and BPNRR are the same share of the attacks of a species and of the bona fide presentations.',
  ],
];
