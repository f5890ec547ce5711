import { type Operation, parseOperation } from '../../models/index.js';
import { markColors, type PageColor, pageColors } from '../drawing.js';

/** What operations of a cell have in common, in the order of legends; each has a colour of its own. */
export const families = ['central difference', 'plain', '1-bit', 'dynamic', 'skip', 'none'] as const;
export type Family = (typeof families)[number];

export const familyColors: Readonly<Record<Family, PageColor>> = {
  'central difference': markColors.orange,
  plain: markColors.green,
  '1-bit': markColors.blue,
  dynamic: markColors.purple,
  skip: pageColors.quiet,
  none: pageColors.grid,
};

/** @throws ConfigError for a name that is no operation's */
export function familyOf(name: string): Family {
  const { kind, theta }: Operation = parseOperation(name);
  switch (kind) {
    case 'cdc':
      return theta === 0 ? 'plain' : 'central difference';
    case 'conv':
      return (theta ?? 0) > 0 ? 'central difference' : 'plain';
    case 'binary':
      return '1-bit';
    default:
      return kind;
  }
}
