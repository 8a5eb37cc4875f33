// Writes a report's folder: the page, and a capture of one read for each path.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { capturedBytes } from '../apps/compare/index.js';
import type { Experiment, PointResult, Source } from '../experiments/index.js';
import { findings } from '../experiments/report/finding.js';
import { pageOf } from '../experiments/report/page.js';
import { rowsOf, studyOf } from '../experiments/report/study.js';
import { textBlocks } from '../experiments/report/text-table.js';
import { print, style, table } from './terminal.js';

const { version } = JSON.parse(
  readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'),
) as { version: string };

/** Prints the comparison, and writes the folder; where the page is. */
export async function writeReport(
  folder: string,
  experiment: Experiment,
  source: Source,
  results: readonly PointResult[],
  jobs: number | undefined,
): Promise<string> {
  const rows = rowsOf(experiment, results);
  for (const { title, head, rows: lines } of textBlocks(rows)) {
    print(`\n${style.layer(title)}`);
    print(table(head, lines));
  }
  print('');
  for (const sentence of findings(rows)) print(`- ${sentence}`);
  const study = await studyOf(experiment, source, rows, {
    version,
    ...(jobs !== undefined && { jobs }),
  });
  mkdirSync(folder, { recursive: true });
  for (const { record, file } of study.reads)
    writeFileSync(join(folder, file), capturedBytes({ paths: [record] }));
  const page = join(folder, 'index.html');
  writeFileSync(page, pageOf(study));
  const lines = results.map((result) => JSON.stringify(result)).join('\n');
  writeFileSync(join(folder, 'results.jsonl'), `${lines}\n`);
  print(`\nThe page: ${page}; captures and results.jsonl are beside it.`);
  return page;
}
