/** Pictures in a terminal: two pixels per character, or letters of different weight where there is no colour. */

interface Raster {
  readonly width: number;
  readonly height: number;
  /** 1 (grey) or 3 (RGB). */
  readonly channels: number;
  /** Bytes 0–255, row by row, channels last. */
  readonly data: Uint8Array;
}

const weights = ' .:-=+*#%@';

/** Lines of text that show `picture`, at most `columns` wide. */
export function pictureLines(picture: Raster, color: boolean, columns = 32): string[] {
  const width = Math.min(picture.width, columns);
  const rows = Math.max(1, Math.round((picture.height * width) / picture.width / 2));
  const at = (x: number, y: number): readonly number[] => average(picture, x, y, width, 2 * rows);
  return Array.from({ length: rows }, (_, row) => {
    const cells = Array.from({ length: width }, (_, x) => {
      const [top, bottom] = [at(x, 2 * row), at(x, 2 * row + 1)];
      return color ? `\x1b[38;2;${rgb(top)}m\x1b[48;2;${rgb(bottom)}m▀` : letter(top, bottom);
    });
    return cells.join('') + (color ? '\x1b[0m' : '');
  });
}

const rgb = (colour: readonly number[]): string =>
  [0, 1, 2].map((c) => Math.round(colour[c] ?? colour[0]!)).join(';');

function letter(top: readonly number[], bottom: readonly number[]): string {
  const light = [...top, ...bottom].reduce((sum, value) => sum + value, 0) / (top.length + bottom.length);
  return weights[Math.min(weights.length - 1, Math.floor((light / 256) * weights.length))]!;
}

/** The mean colour of the pixels under cell (x, y) of a grid of `across`×`down` cells. */
function average(
  { width, height, channels, data }: Raster,
  x: number,
  y: number,
  across: number,
  down: number,
): number[] {
  const [left, top] = [Math.floor((x * width) / across), Math.floor((y * height) / down)];
  const right = Math.max(left + 1, Math.floor(((x + 1) * width) / across));
  const bottom = Math.max(top + 1, Math.floor(((y + 1) * height) / down));
  const sum = new Array<number>(channels).fill(0);
  for (let py = top; py < bottom; py++) {
    for (let px = left; px < right; px++) {
      for (let c = 0; c < channels; c++) sum[c]! += data[(py * width + px) * channels + c]!;
    }
  }
  return sum.map((value) => value / ((right - left) * (bottom - top)));
}
