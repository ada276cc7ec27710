/** Brings a picture to the shape that a model's input takes. */
import type { Picture } from './picture.ts';

/** Bytes 0–255, `[height, width, channels]`: resized and, for one channel, grey. */
export function fitPicture(
  picture: Picture,
  [height, width, channels]: readonly [number, number, number],
): Uint8Array {
  const out = new Uint8Array(height * width * channels);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const sy = Math.floor(((y + 0.5) * picture.height) / height);
      const sx = Math.floor(((x + 0.5) * picture.width) / width);
      const at = 4 * (sy * picture.width + sx);
      for (let c = 0; c < channels; c++)
        out[(y * width + x) * channels + c] = picture.data[at + (channels === 1 ? 0 : c)]!;
    }
  }
  return out;
}
