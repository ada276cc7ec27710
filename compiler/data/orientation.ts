/** How a camera was held: the orientation that a JPEG file's Exif data tells, 1 to 8. */
import type { Picture } from './picture.ts';

/** The orientation; 1 (as it stands) where the file says nothing, or nothing that can be read. */
export function jpegOrientation(content: Uint8Array): number {
  try {
    return readOrientation(new DataView(content.buffer, content.byteOffset, content.byteLength));
  } catch (error) {
    if (error instanceof RangeError) return 1;
    throw error;
  }
}

/** Reading behind the end throws a RangeError. */
function readOrientation(view: DataView): number {
  const exif = 0x45786966;
  // Segments follow each other until the one where the picture begins.
  for (let at = 2; view.getUint8(at) === 0xff && view.getUint8(at + 1) !== 0xda;) {
    const start = at + 4;
    if (view.getUint8(at + 1) === 0xe1 && view.getUint32(start) === exif) return fromTiff(view, start + 6);
    at += 2 + view.getUint16(at + 2);
  }
  return 1;
}

/** The tag 0x112 of the first directory of the TIFF that begins at `tiff`. */
function fromTiff(view: DataView, tiff: number): number {
  const little = view.getUint16(tiff) === 0x4949;
  const directory = tiff + view.getUint32(tiff + 4, little);
  const entries = view.getUint16(directory, little);
  for (let i = 0; i < entries; i++) {
    const entry = directory + 2 + 12 * i;
    if (view.getUint16(entry, little) !== 0x112) continue;
    const value = view.getUint16(entry + 8, little);
    return value >= 1 && value <= 8 ? value : 1;
  }
  return 1;
}

/** The picture as it was seen by who took it. */
export function upright(picture: Picture, orientation: number): Picture {
  const { width, height, data } = picture;
  const lies = orientation >= 5;
  const [newWidth, newHeight] = lies ? [height, width] : [width, height];
  const fromRight = [2, 3, 7, 8].includes(orientation);
  const fromBelow = [3, 4, 6, 7].includes(orientation);
  if (orientation === 1) return picture;
  const from = new Uint32Array(data.buffer, data.byteOffset, width * height);
  const turned = new Uint32Array(from.length);
  for (let y = 0; y < newHeight; y++) {
    for (let x = 0; x < newWidth; x++) {
      const [column, row] = lies ? [y, x] : [x, y];
      const place = (fromBelow ? height - 1 - row : row) * width + (fromRight ? width - 1 - column : column);
      turned[y * newWidth + x] = from[place]!;
    }
  }
  return { width: newWidth, height: newHeight, data: new Uint8ClampedArray(turned.buffer) };
}
