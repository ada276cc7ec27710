/** PNG and JPEG files as pixels, and pixels as what a model's input takes. */
import { readFile } from 'node:fs/promises';
import { convertIndexedToRgb, decode as decodePng } from 'fast-png';
import { decode as decodeJpeg } from 'jpeg-js';
import { fileError, fileReason } from './error.ts';
import { jpegOrientation, upright } from './orientation.ts';

/** Red, green, blue, alpha bytes, row by row: what a browser calls ImageData. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8ClampedArray;
}

/** By its first bytes, not by its name. */
export function pictureKind(start: Uint8Array): 'png' | 'jpeg' | undefined {
  const begins = (...bytes: number[]): boolean => bytes.every((byte, i) => start[i] === byte);
  if (begins(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)) return 'png';
  return begins(0xff, 0xd8, 0xff) ? 'jpeg' : undefined;
}

export function notAPicture(file: string): Error {
  return fileError('data-format', file, 'is not a picture: neither PNG nor JPEG');
}

/** Decodes a PNG or JPEG file; a JPEG stands as its Exif orientation says. Throws a `DataError` that names the file where it cannot be read or is not one. */
export async function readPicture(file: string): Promise<Picture> {
  let content: Uint8Array;
  try {
    content = await readFile(file);
  } catch (error) {
    throw fileError('data-file', file, fileReason(error));
  }
  const kind = pictureKind(content);
  if (!kind) throw notAPicture(file);
  try {
    return kind === 'png' ? fromPng(content) : fromJpeg(content);
  } catch (error) {
    // fast-png's message ends in a colon, behind which it leaves an error of its own arithmetic to the cause.
    const why = (error instanceof Error ? error.message : String(error)).replace(/:$/u, '');
    throw fileError('data-format', file, `is a damaged ${kind === 'png' ? 'PNG' : 'JPEG'} picture (${why})`);
  }
}

function fromJpeg(content: Uint8Array): Picture {
  const { width, height, data } = decodeJpeg(content, {
    useTArray: true,
    formatAsRGBA: true,
    tolerantDecoding: false,
    maxResolutionInMP: 200,
    maxMemoryUsageInMB: 2048,
  });
  // Copied, because a picture that is turned is read by fours of bytes.
  return upright({ width, height, data: new Uint8ClampedArray(data) }, jpegOrientation(content));
}

/** Unpacks `depth`-bit numbers, rows begin at a byte, to one number each. */
function unpack(data: ArrayLike<number>, width: number, height: number, depth: number): Uint8Array {
  const out = new Uint8Array(width * height);
  const perByte = 8 / depth;
  const stride = Math.ceil(width / perByte);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const byte = data[y * stride + Math.floor(x / perByte)]!;
      out[y * width + x] = (byte >> (8 - depth * ((x % perByte) + 1))) & (2 ** depth - 1);
    }
  }
  return out;
}

function fromPng(content: Uint8Array): Picture {
  const png = decodePng(content, { checkCrc: true });
  const { width, height } = png;
  const channels = png.palette ? (png.palette[0]?.length ?? 3) : png.channels;
  const values = png.palette
    ? convertIndexedToRgb(png)
    : png.depth < 8
      ? unpack(png.data, width, height, png.depth)
      : png.data;
  const most = png.palette ? 255 : 2 ** png.depth - 1;
  const clear = png.palette ? undefined : png.transparency;
  const data = new Uint8ClampedArray(4 * width * height);
  for (let i = 0; i < width * height; i++) {
    const at = (c: number): number => values[i * channels + c]!;
    const grey = channels <= 2;
    for (let c = 0; c < 3; c++) data[4 * i + c] = Math.round((at(grey ? 0 : c) * 255) / most);
    const seeThrough =
      clear !== undefined &&
      Array.from({ length: grey ? 1 : 3 }, (_, c) => c).every((c) => at(c) === clear[c]);
    const alpha = channels % 2 === 0 ? Math.round((at(channels - 1) * 255) / most) : 255;
    data[4 * i + 3] = seeThrough ? 0 : alpha;
  }
  return { width, height, data };
}
