import path from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { openFolder } from '../../src/data/folder.js';
import { reopenSource } from '../../src/data/reopen.js';
import { expectDataError, tempFolder, write } from './helpers.js';

const red = await picture(4, 4, '#f00');
const blue = await picture(4, 4, '#00f');
const grey = await sharp(Buffer.alloc(16, 90), { raw: { width: 4, height: 4, channels: 1 } })
  .toColourspace('b-w')
  .png()
  .toBuffer();

function picture(width: number, height: number, background: string): Promise<Buffer> {
  return sharp({ create: { width, height, channels: 3, background } })
    .png()
    .toBuffer();
}

async function first(
  source: { height: number; width: number; channels: number; read: (i: number, out: Uint8Array) => unknown },
  i = 0,
) {
  const out = new Uint8Array(source.height * source.width * source.channels);
  await source.read(i, out);
  return [...out.subarray(0, source.channels)];
}

describe('openFolder', () => {
  it('has a class for every folder and a record for every picture, in the order of their names', async () => {
    const folder = write(tempFolder(), {
      'b/2.png': blue,
      'b/1.png': red,
      'a/deep/er/x.PNG': blue,
      'a/notes.txt': 'not a picture',
      'a/.hidden.png': 'not even looked at',
    });
    const source = await openFolder(folder);
    expect(source).toMatchObject({ classes: ['a', 'b'], length: 3, height: 4, width: 4, channels: 3, problems: [] });
    expect([0, 1, 2].map((i) => source.label(i))).toEqual([0, 1, 1]);
    expect(await first(source, 0)).toEqual([0, 0, 255]);
    expect(await first(source, 1)).toEqual([255, 0, 0]);
    expect(await first(reopenSource(structuredClone(source.spec)), 1)).toEqual([255, 0, 0]);
  });

  it('resizes: cut, squeezed or with bars', async () => {
    const left = await sharp({ create: { width: 8, height: 4, channels: 3, background: '#0f0' } })
      .composite([{ input: await picture(2, 4, '#f00'), left: 0, top: 0 }])
      .removeAlpha()
      .png()
      .toBuffer();
    const folder = write(tempFolder(), { 'a/wide.png': left });
    const corner = async (fit: 'cover' | 'fill' | 'contain') => first(await openFolder(folder, { size: 4, fit }));
    expect(await corner('cover')).toEqual([0, 255, 0]);
    expect((await corner('fill'))[0]).toBeGreaterThan(200);
    expect(await corner('contain')).toEqual([0, 0, 0]);
  });

  it('turns pictures as their EXIF orientation says', async () => {
    const turned = await sharp({ create: { width: 6, height: 3, channels: 3, background: '#f00' } })
      .withMetadata({ orientation: 6 })
      .jpeg()
      .toBuffer();
    const source = await openFolder(write(tempFolder(), { 'a/x.jpg': turned }));
    expect([source.height, source.width]).toEqual([6, 3]);
    expect((await first(source))[0]).toBeGreaterThan(250);
  });

  it('converts only when channels are stated', async () => {
    const folder = write(tempFolder(), { 'a/1.png': red, 'a/2.png': blue, 'b/3.png': grey });
    await expectDataError(openFolder(folder), { file: path.join(folder, 'b/3.png'), record: 2, reason: 'mixed-channels' });
    const colour = await openFolder(folder, { channels: 3 });
    expect(await first(colour, 2)).toEqual([90, 90, 90]);
    const gray = await openFolder(folder, { channels: 1 });
    expect(await first(gray, 2)).toEqual([90]);
    const onlyGrey = await openFolder(write(tempFolder(), { 'a/1.png': grey }));
    expect(onlyGrey.channels).toBe(1);
    expect(await first(onlyGrey)).toEqual([90]);
  });

  it('puts transparent pictures on black only when channels are stated', async () => {
    const clear = await sharp({ create: { width: 4, height: 4, channels: 4, background: { r: 255, g: 0, b: 0, alpha: 0 } } })
      .png()
      .toBuffer();
    const folder = write(tempFolder(), { 'a/1.png': red, 'a/2.png': clear });
    await expectDataError(openFolder(folder), { file: path.join(folder, 'a/2.png'), record: 1, reason: 'transparent' });
    expect(await first(await openFolder(folder, { channels: 3 }), 1)).toEqual([0, 0, 0]);
  });

  it('brings 16 bits down to 8', async () => {
    const deep = await sharp(grey).toColourspace('grey16').png().toBuffer();
    expect((await sharp(deep).metadata()).depth).toBe('ushort');
    expect(await first(await openFolder(write(tempFolder(), { 'a/1.png': deep })))).toEqual([90]);
  });

  it('names the picture that is wrong', async () => {
    const cut = (
      await sharp(Buffer.from(Array.from({ length: 64 * 64 * 3 }, (_, i) => (i * 7919) % 256)), {
        raw: { width: 64, height: 64, channels: 3 },
      })
        .jpeg()
        .toBuffer()
    ).subarray(0, 900);
    const wide = await picture(20_000, 1, '#fff');
    const cases: [string, string, Uint8Array | string][] = [
      ['a/2.png', 'undecodable', 'no picture at all'],
      ['a/2.png', 'undecodable', ''],
      ['a/2.png', 'too-large', wide],
      ['a/2.png', 'mixed-sizes', await picture(5, 4, '#fff')],
    ];
    for (const [name, reason, content] of cases) {
      const folder = write(tempFolder(), { 'a/1.png': red, 'a/3.png': red, [name]: content });
      await expectDataError(openFolder(folder), { file: path.join(folder, name), record: 1, reason });
      const source = await openFolder(folder, { skipBad: true });
      expect(source.length).toBe(2);
      expect(source.problems).toMatchObject([{ file: path.join(folder, name), record: 1, reason, lost: 1 }]);
    }
    // A cut picture has a good header: it shows when it is read, or, with skipBad, when it is tried.
    const folder = write(tempFolder(), { 'a/1.png': red, 'a/2.jpg': cut });
    const fields = { file: path.join(folder, 'a/2.jpg'), record: 1, reason: 'undecodable' };
    const source = await openFolder(folder, { size: 4 });
    await expectDataError(first(source, 1), fields);
    expect((await openFolder(folder, { size: 4, skipBad: true })).problems).toMatchObject([fields]);
  });

  it('names the folder that is wrong', async () => {
    const folder = write(tempFolder(), { 'a/1.png': red, 'b/readme.txt': 'nothing' });
    await expectDataError(openFolder(folder), { file: path.join(folder, 'b'), record: null, reason: 'empty-class' });
    const source = await openFolder(folder, { skipBad: true });
    expect(source).toMatchObject({ classes: ['a', 'b'], length: 1, problems: [{ reason: 'empty-class', lost: 0 }] });
    await expectDataError(openFolder(folder, { classes: ['a'] }), { file: path.join(folder, 'b'), reason: 'unknown-class' });
    await expectDataError(openFolder(path.join(folder, 'none')), { file: /none$/, record: null, reason: 'not-found' });
    await expectDataError(openFolder(tempFolder()), { record: null, reason: 'empty' });
    await expectDataError(openFolder(write(tempFolder(), { 'a/1.png': 'x' }), { skipBad: true }), { reason: 'empty' });
  });
});
