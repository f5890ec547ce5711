import { parseRecipe, type Recipe, type RecipeInput } from '../recipe.js';

/*
 * A table of evidence as plain data: networks that differ in one thing, trained by one recipe, judged on the same images.
 */

/** One network of a table; it is trained once for each seed. */
export interface TableRow {
  /** Names its runs and files. */
  readonly id: string;
  readonly label: string;
  /** Rows of a series have one colour in the chart. */
  readonly series: string;
  readonly recipe: Recipe;
}

/** What the chart sets accuracy against; the rows of a `theta` chart are points of lines, one a series. */
export type ChartAxis = 'operations' | 'macs' | 'theta' | 'linearity';

export interface EvidenceTable {
  /** Names its folder and files. */
  readonly name: string;
  readonly title: string;
  /** What the rows are compared to find out. */
  readonly question: string;
  readonly rows: readonly TableRow[];
  /** Every row is trained with the seeds 0, 1, … below this. */
  readonly seeds: number;
  readonly chart: ChartAxis;
  /** What a reader must know to judge the figures, a sentence each. */
  readonly caveats: readonly string[];
}

interface RowInput {
  readonly id: string;
  readonly label: string;
  readonly series?: string;
  readonly model: RecipeInput['model'];
  /** What differs from the table's recipe besides the network. */
  readonly change?: Partial<RecipeInput>;
}

interface TableInput extends Omit<EvidenceTable, 'rows'> {
  /** How every row trains. */
  readonly training: Omit<RecipeInput, 'name' | 'model'>;
  readonly rows: readonly RowInput[];
}

/** @throws ConfigError when a row's recipe is wrong */
export function defineTable({ training, rows, ...table }: TableInput): EvidenceTable {
  return {
    ...table,
    rows: rows.map(({ id, label, series = '', model, change }) => ({
      id,
      label,
      series,
      recipe: parseRecipe({ name: `${table.name}-${id}`, description: label, ...training, ...change, model }),
    })),
  };
}

/** Training images of CIFAR-10, which all tables train on. */
const cifar10Images = 50_000;

/** Images that one run of a row trains on, times its epochs: what its time goes by. */
export function imagesTrained({ data, epochs, validation }: Recipe): number {
  const images = data.trainImages ?? cifar10Images;
  const heldOut = validation.count ?? Math.round(images * (validation.fraction ?? 0));
  return epochs * (images - heldOut);
}

/** A caveat of all tables that are trained on a part of CIFAR-10 for a few epochs. */
export const shortBudget =
  'Few epochs on a part of the images: all rows end far below what longer training gives, and the order may change with it.';
