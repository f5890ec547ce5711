import { DataError } from '#dist/errors.js';
import { rank, ratesAt } from '#dist/metrics/attack-detection/index.js';
import { parseScores } from '#dist/pad/scores/index.js';
import { agree, type Reader } from '../reader.js';

const header = 'claimed_id,test_label,is_bonafide,attack_type,sample_n,score';

export const scores: Reader = {
  name: 'scores',
  samples: [
    `${header},device\n7,v1.mov,True,,0,0.75,phone\n7,v2.mov,False,print,0,-2e-3,"tab\nlet"\n8,v3.mov,1,None,12,nan,\n`,
    'score,is_live,species\r\ninf,yes,-\r\n-inf,no,mask\r\n',
    '001 001 live.mov 0.9\n001 print photo.mov -0.5\n002 002 live2.mov nan\n',
  ].map((text, i) => ({ name: `form ${i}`, bytes: Buffer.from(text) })),
  refusesWith: DataError,
  read(bytes) {
    const { scores, extraColumns } = parseScores('x.csv', Buffer.from(bytes));
    const lines = Buffer.from(bytes).toString('utf8').split('\n').length;
    agree(scores.length > 0 && scores.length <= lines, `${scores.length} scores on ${lines} lines`);
    for (const { extra, attackType } of scores) {
      agree(Object.keys(extra).length === extraColumns.length, 'a score without all further columns');
      agree(attackType !== '', 'a species without a name');
    }
    const presentations = scores.map(({ attackType, score, claimedId }) => ({ species: attackType, score, subject: claimedId }));
    const { fta, apcer } = ratesAt(rank(presentations), 0);
    agree(fta !== null && fta >= 0 && fta <= 1, `failures to acquire are ${fta}`);
    for (const rate of Object.values(apcer)) agree(rate === null || (rate >= 0 && rate <= 1), `an APCER of ${rate}`);
  },
  tokens: [
    ...[
      '"',
      ',',
      '\n',
      '\r',
      ' ',
      '\t',
      '\0',
      '\ufeff',
      header,
      'true',
      'false',
      '1',
      '0',
      'nan',
      'inf',
      '-inf',
      '1e999',
      '-0',
      '__proto__',
    ],
    ...['score', 'label', 'subject', 'x'.repeat(5000), '9'.repeat(400)],
  ].map((text) => Buffer.from(text)),
};
