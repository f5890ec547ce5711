import fs from 'node:fs';
import path from 'node:path';
import { writeFileAtomic } from '../formats/file.js';
import { type CollectedRun, type ConfigurationSummary, collectedCsv, summaryCsv } from '../jobs/index.js';
import { renderSweep } from '../report/sweep/chart.js';
import { sweepChart } from '../report/sweep/chart-data.js';
import { sweepPage } from '../report/sweep/page.js';

export interface SweepFiles {
  readonly results: string;
  readonly page: string;
}

/** Writes what is known of a sweep into `folder`: tables for machines, the chart where there is something to draw, and a page of it all. */
export async function writeSweepFiles(
  folder: string,
  title: string,
  collected: readonly CollectedRun[],
  summaries: readonly ConfigurationSummary[],
): Promise<SweepFiles> {
  const drawn = sweepChart(title, summaries);
  const chart = drawn && renderSweep(drawn);
  const failures = collected.flatMap(({ run: { name }, failure }) => (failure ? [{ name, message: failure.message }] : []));
  const counts = { runs: collected.length, done: collected.filter(({ result }) => result).length };
  const write = async (name: string, text: string) => {
    const file = path.join(folder, name);
    await writeFileAtomic(file, new TextEncoder().encode(text));
    return file;
  };
  const results = await write('results.csv', collectedCsv(collected));
  await write('summary.csv', summaryCsv(summaries));
  if (chart === null) fs.rmSync(path.join(folder, 'sweep.svg'), { force: true });
  else await write('sweep.svg', chart);
  return { results, page: await write('sweep.html', sweepPage({ title, summaries, chart, failures, counts })) };
}
