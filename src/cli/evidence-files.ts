import path from 'node:path';
import { writeFileAtomic } from '../formats/file.js';
import { evidenceChart } from '../report/evidence.js';
import { evidencePage } from '../report/evidence-page.js';
import { type EvidenceTable, type RowResults, writeResults } from '../train/tables/index.js';

/** Writes all files of a table: figures, logs, chart and page; returns those that a reader opens. */
export async function writeEvidence(
  table: EvidenceTable,
  rows: readonly RowResults[],
  place: { readonly out: string; readonly folder: string },
): Promise<string[]> {
  const written = await writeResults(table, rows, place);
  const chart = evidenceChart(table, rows);
  const write = async (name: string, text: string) => {
    const file = path.join(place.folder, name);
    await writeFileAtomic(file, Buffer.from(text));
    written.push(file);
  };
  if (chart) {
    // Charts are loaded where they are drawn: no other verb waits for them.
    const { renderEvidence } = await import('../report/evidence-chart.js');
    await write(`${table.name}.svg`, renderEvidence(chart));
  }
  await write(`${table.name}.md`, evidencePage(table, rows, { hasChart: chart !== null }));
  return written;
}
