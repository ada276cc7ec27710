import fc from 'fast-check';
import { encode } from 'jpeg-js';
import { describe, expect, test } from 'vitest';
import { readPicture } from '../../compiler/data/index.ts';
import { jpegOrientation, upright } from '../../compiler/data/orientation.ts';
import { put, temporaryFolder } from './files.ts';

/** Exif data with other tags around the orientation. */
function exif(orientation: number, little: boolean): Uint8Array {
  const tags = [
    [0x10f, 0],
    [0x112, orientation],
    [0x11a, 3],
  ] as const;
  const bytes = new Uint8Array(4 + 6 + 8 + 2 + 12 * tags.length + 4);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, 0xffe1);
  view.setUint16(2, bytes.length - 2);
  bytes.set(new TextEncoder().encode('Exif\0\0'), 4);
  view.setUint16(10, little ? 0x4949 : 0x4d4d);
  view.setUint16(12, 42, little);
  view.setUint32(14, 8, little);
  view.setUint16(18, tags.length, little);
  tags.forEach(([tag, value], i) => {
    view.setUint16(20 + 12 * i, tag, little);
    view.setUint16(22 + 12 * i, 3, little);
    view.setUint32(24 + 12 * i, 1, little);
    view.setUint16(28 + 12 * i, value, little);
  });
  return bytes;
}

/** A JPEG of 32×16 pixels, its quarters red, green (above), blue and white (below), with a segment before its others. */
function quarters(segment: Uint8Array): Uint8Array {
  const [width, height] = [32, 16];
  const data = new Uint8Array(width * height * 4);
  for (let i = 0; i < width * height; i++) {
    const [left, above] = [i % width < 16, i < (width * height) / 2];
    data.set(above ? (left ? [255, 0, 0, 255] : [0, 255, 0, 255]) : left ? [0, 0, 255, 255] : [255, 255, 255, 255], 4 * i); // prettier-ignore
  }
  const file = encode({ width, height, data }, 100).data;
  return Uint8Array.from([...file.subarray(0, 2), ...segment, ...file.subarray(2)]);
}

/** The colours of the corners, row by row. */
function corners({ width, height, data }: Awaited<ReturnType<typeof readPicture>>): string {
  const at = (x: number, y: number): string => {
    const [r = 0, g = 0, b = 0] = data.subarray(4 * (y * width + x));
    return r > 128 ? (g > 128 ? 'W' : 'R') : g > 128 ? 'G' : b > 128 ? 'B' : '?';
  };
  return `${at(0, 0)}${at(width - 1, 0)} ${at(0, height - 1)}${at(width - 1, height - 1)}`;
}

test('a picture that is not there', async () => {
  const folder = temporaryFolder();
  const reading = (path: string) => readPicture(path).catch((error: Error) => error.message);
  expect(await reading(`${folder}/no.png`)).toBe(`${folder}/no.png: there is no such file or folder`);
  expect(await reading(folder)).toBe(`${folder}: it is a folder, not a file`);
});

describe('a JPEG file is shown as the camera was held', () => {
  // What the Exif standard says of row 0 and column 0: 6 has the top at the right-hand side of the stored picture.
  test.each([
    [1, 'RG BW', 32],
    [2, 'GR WB', 32],
    [3, 'WB GR', 32],
    [4, 'BW RG', 32],
    [5, 'RB GW', 16],
    [6, 'BR WG', 16],
    [7, 'WG BR', 16],
    [8, 'GW RB', 16],
    [0, 'RG BW', 32],
    [9, 'RG BW', 32],
  ])('orientation %i', async (orientation, seen, width) => {
    for (const little of [true, false]) {
      const file = put(`${temporaryFolder()}/a.jpg`, quarters(exif(orientation, little)));
      const picture = await readPicture(file);
      expect([corners(picture), picture.width, picture.height]).toEqual([seen, width, 48 - width]);
    }
  });
  test('without Exif data, or with what is none, as it stands', () => {
    expect(jpegOrientation(quarters(new Uint8Array(0)))).toBe(1);
    const cut = exif(6, true);
    new DataView(cut.buffer).setUint32(14, 0xfffffff0, true);
    expect(jpegOrientation(quarters(cut))).toBe(1);
    fc.assert(fc.property(fc.uint8Array(), (bytes) => jpegOrientation(bytes) === 1));
  });
  test('pixels of any size', () => {
    const data = Uint8ClampedArray.from({ length: 24 }, (_, i) => i);
    expect([...upright({ width: 3, height: 2, data }, 6).data.filter((_, i) => i % 4 === 0)]).toEqual([
      12, 0, 16, 4, 20, 8,
    ]);
  });
});
