/** Puts a drawing where the pictures of MNIST have it. */
import type { Pixels } from '../../runtime/types.ts';

/** Ink takes at most this share of the picture's height and width. */
const share = 20 / 28;

/**
 * A square part of the drawing (RGBA) whose middle is the middle of the ink, with as much around the ink as MNIST has; the
 * drawing itself where it has no ink. `paper`: the brightness of what is not ink, 0…255.
 */
export function centred({ data, width, height }: Pixels, paper: number): Pixels {
  const ink = (x: number, y: number): number => Math.abs((data[4 * (y * width + x)] as number) - paper);
  let [left, right, top, bottom] = [width, -1, height, -1];
  let [sum, sumX, sumY] = [0, 0, 0];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const amount = ink(x, y);
      if (amount === 0) continue;
      [left, right, top, bottom] = [
        Math.min(left, x),
        Math.max(right, x),
        Math.min(top, y),
        Math.max(bottom, y),
      ];
      sum += amount;
      sumX += amount * (x + 0.5);
      sumY += amount * (y + 0.5);
    }
  }
  if (sum === 0) return { data, width, height };
  const side = Math.ceil(Math.max(right - left + 1, bottom - top + 1) / share);
  /** Where the square begins, so that no ink is outside. */
  const begin = (middle: number, low: number, high: number): number =>
    Math.min(Math.max(Math.round(middle - side / 2), high + 1 - side), low);
  const [fromX, fromY] = [begin(sumX / sum, left, right), begin(sumY / sum, top, bottom)];
  const square = new Uint8ClampedArray(4 * side * side);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const [atX, atY] = [fromX + x, fromY + y];
      const outside = atX < 0 || atY < 0 || atX >= width || atY >= height;
      const place = 4 * (y * side + x);
      if (outside) square.set([paper, paper, paper, 255], place);
      else square.set(data.subarray(4 * (atY * width + atX), 4 * (atY * width + atX) + 4), place);
    }
  }
  return { data: square, width: side, height: side };
}
