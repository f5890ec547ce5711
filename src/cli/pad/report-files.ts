import fs from 'node:fs';
import path from 'node:path';
import { notWritable, writeFileAtomic } from '../../formats/file.js';
import type { ProtocolEvaluation, ScoreEvaluation } from '../../pad/evaluation/index.js';
import { worstErrorPictures } from './pictures.js';

/** What is reported: one evaluation, with pictures of its errors from a folder where there is one, or a protocol. */
export type Reported =
  | { readonly evaluation: ScoreEvaluation; readonly images: string | undefined }
  | { readonly protocol: ProtocolEvaluation };

/** Writes the page and, beside it, the figures as JSON; returns both files. */
export async function writeReport(folder: string, document: unknown, reported: Reported): Promise<string[]> {
  const page = await pageOf(reported);
  await fs.promises.mkdir(folder, { recursive: true }).catch((cause: unknown) => {
    throw notWritable(folder, cause);
  });
  const files = { 'index.html': page, 'evaluation.json': `${JSON.stringify(document, null, 2)}\n` };
  const written: string[] = [];
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(folder, name);
    await writeFileAtomic(file, Buffer.from(text));
    written.push(file);
  }
  return written;
}

/** Charts are loaded where they are drawn: no other verb waits for them. */
async function pageOf(reported: Reported): Promise<string> {
  if ('protocol' in reported) {
    const { protocolPage } = await import('../../report/attack-detection/protocol-page.js');
    return protocolPage(reported.protocol);
  }
  const { evaluationPage, mostErrors } = await import('../../report/attack-detection/page.js');
  const { evaluation, images } = reported;
  const pictures = images === undefined ? null : await worstErrorPictures(evaluation, images, mostErrors);
  return evaluationPage(evaluation, pictures);
}
