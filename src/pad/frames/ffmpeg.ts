import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { DataError, UnsupportedError } from '../../errors.js';
import type { Raster } from '../../images/raster.js';
import { chosenFrames, type FrameChoice } from './choice.js';
import { readPpms } from './ppm.js';

/*
 * Videos are decoded by ffmpeg, a program of its own: it is called with the name of a file, and answers with pictures on its output.
 */

/** A frame, and its number in the video, from 0. */
export interface VideoFrame {
  readonly number: number;
  readonly picture: Raster;
}

type Child = ChildProcessByStdio<null, Readable, Readable>;

const advice =
  'it needs ffmpeg 5.1 or newer (with its ffprobe) on the path: `apt install ffmpeg`, `brew install ffmpeg`, or ffmpeg.org. ' +
  'Without it, decode the videos into folders of pictures, called as the videos are: they are read in their place.';

/**
 * The version of the ffmpeg on the path.
 * @throws UnsupportedError when there is none, or one that is too old
 */
export async function ffmpegVersion(): Promise<string> {
  const child = start('ffmpeg', ['-version']);
  const [text] = await Promise.all([textOf(child.stdout), ended(child)]);
  const version = /^ffmpeg version (\S+)/.exec(text)?.[1] ?? 'of no known version';
  // Builds from its sources (N-12345-gabcdef) are newer than they can say.
  const [, major, minor] = /^n?(\d+)\.(\d+)/.exec(version) ?? [];
  if (major !== undefined && (Number(major) < 5 || (Number(major) === 5 && Number(minor) < 1))) {
    throw new UnsupportedError('Reading videos', `${advice} The one on the path is ${version}.`);
  }
  return version;
}

/**
 * The chosen frames of a video, one after the other, turned as the file says that they are to be shown.
 * @param onDamage hears what ffmpeg had to complain of, once, when frames came all the same
 * @throws DataError with reason `unreadable` when no frame comes; UnsupportedError when there is no ffmpeg
 */
export async function* videoFrames(
  file: string,
  choice: FrameChoice,
  onDamage: (complaint: string) => void,
): AsyncGenerator<VideoFrame> {
  const numbers = choice.kind === 'evenly' ? chosenFrames(choice, await countFrames(file)) : null;
  const child = start('ffmpeg', [
    ...['-v', 'error', '-nostdin', '-i', url(file), '-map', '0:v:0'],
    ...filterOf(choice, numbers),
    // Exact conversion, so that the same version gives the same bytes everywhere; no frame is left out or repeated to keep a rate.
    ...['-sws_flags', 'bicubic+accurate_rnd+full_chroma_int+bitexact', '-fps_mode', 'passthrough'],
    ...['-f', 'image2pipe', '-c:v', 'ppm', '-pix_fmt', 'rgb24', 'pipe:1'],
  ]);
  const complaints = textOf(child.stderr);
  const end = ended(child);
  let count = 0;
  let isWhole = false;
  try {
    for await (const picture of readPpms(child.stdout)) {
      const number = numbers ? numbers[count] : choice.kind === 'every' ? count * choice.step : count;
      if (number === undefined) break;
      count++;
      yield { number, picture };
    }
    isWhole = true;
  } finally {
    if (!isWhole) child.kill('SIGKILL');
  }
  const status = await end;
  const complaint = firstLine(await complaints, file);
  if (count === 0) throw unreadable(file, complaint || 'it has no frame');
  if (status !== 0 || complaint !== '') onDamage(complaint || `ffmpeg ended with status ${status}`);
  if (numbers && count < numbers.length) onDamage(`${count} of ${numbers.length} frames could be decoded`);
}

/** Counted by decoding: what a file says of itself is often wrong. */
async function countFrames(file: string): Promise<number> {
  const child = start('ffprobe', [
    ...['-v', 'error', '-select_streams', 'v:0', '-count_frames'],
    ...['-show_entries', 'stream=nb_read_frames', '-of', 'csv=p=0', url(file)],
  ]);
  const [text, complaints] = await Promise.all([textOf(child.stdout), textOf(child.stderr), ended(child)]);
  const count = Number.parseInt(text, 10);
  if (!(count > 0)) throw unreadable(file, firstLine(complaints, file) || 'it has no frame');
  return count;
}

function filterOf(choice: FrameChoice, numbers: readonly number[] | null): string[] {
  if (numbers) return ['-vf', `select=${numbers.map((number) => `eq(n\\,${number})`).join('+')}`];
  return choice.kind === 'every' ? ['-vf', `select=not(mod(n\\,${choice.step}))`] : [];
}

/** Named so, a file is never taken for an option or an address. */
function url(file: string): string {
  return `file:${file}`;
}

function unreadable(file: string, complaint: string): DataError {
  return new DataError(file, null, 'unreadable', `it does not decode as a video (${complaint}).`);
}

function firstLine(text: string, file: string): string {
  const line = text.split('\n').find((candidate) => candidate.trim() !== '') ?? '';
  return line
    .replaceAll(`${url(file)}: `, '')
    .replace(/^\[[^\]]*\] /, '')
    .trim();
}

function start(program: string, words: readonly string[]): Child {
  return spawn(program, words, { stdio: ['ignore', 'pipe', 'pipe'] });
}

/** @throws UnsupportedError when the program is not there */
function ended(child: Child): Promise<number | null> {
  const end = new Promise<number | null>((resolve, reject) => {
    child.on('error', (cause) => reject(new UnsupportedError('Reading videos', `${advice} (${cause.message})`)));
    child.on('close', resolve);
  });
  // It is awaited when the output has been read; until then a failure is not an unhandled one.
  end.catch(() => {});
  return end;
}

async function textOf(stream: Readable): Promise<string> {
  let text = '';
  stream.setEncoding('utf8');
  // Some files bring a complaint for each of thousands of frames; the first ones say enough.
  for await (const chunk of stream) if (text.length < 10_000) text += chunk as string;
  return text;
}
