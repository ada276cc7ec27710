/**
 * Colours of numbers. 0 has the colour of the page; what is positive goes to orange, what is negative to blue, and the
 * further from 0 the stronger, up to the bound of the scale. So maps that are never negative have the half from 0 on.
 */
type Rgb = readonly [red: number, green: number, blue: number];

interface Palette {
  readonly zero: Rgb;
  readonly positive: readonly [halfway: Rgb, bound: Rgb];
  readonly negative: readonly [halfway: Rgb, bound: Rgb];
}

/** On a light page strong is dark, on a dark one strong is light. */
const palettes: Readonly<Record<'light' | 'dark', Palette>> = {
  light: {
    zero: [246, 244, 240],
    positive: [
      [240, 150, 70],
      [140, 40, 4],
    ],
    negative: [
      [100, 160, 220],
      [8, 58, 120],
    ],
  },
  dark: {
    zero: [29, 32, 38],
    positive: [
      [200, 96, 24],
      [255, 224, 170],
    ],
    negative: [
      [40, 104, 176],
      [196, 228, 255],
    ],
  },
};

export type Theme = keyof typeof palettes;

/** Whether the text around is dark or light. */
export function themeOf(element: Element): Theme {
  const [red = 0, green = 0, blue = 0] = (getComputedStyle(element).color.match(/[\d.]+/g) ?? []).map(Number);
  return red + green + blue > 384 ? 'dark' : 'light';
}

/** Colours of -steps … steps, as fractions of the bound. */
const steps = 255;
const tables = new Map<Theme, Uint8Array>();

function tableOf(theme: Theme): Uint8Array {
  const known = tables.get(theme);
  if (known) return known;
  const table = new Uint8Array((2 * steps + 1) * 3);
  const { zero, positive, negative } = palettes[theme];
  for (let i = -steps; i <= steps; i++) {
    const [halfway, bound] = i < 0 ? negative : positive;
    const t = (2 * Math.abs(i)) / steps;
    const [from, to, part] = t < 1 ? [zero, halfway, t] : [halfway, bound, t - 1];
    table.set(
      from.map((c, k) => c + (to[k as 0 | 1 | 2] - c) * part),
      (i + steps) * 3,
    );
  }
  tables.set(theme, table);
  return table;
}

/** Writes the colour of `value` to a pixel of RGBA bytes; what is not a number is magenta. */
export function paint(
  pixels: Uint8ClampedArray,
  pixel: number,
  value: number,
  bound: number,
  theme: Theme,
): void {
  const at = 4 * pixel;
  pixels[at + 3] = 255;
  if (Number.isNaN(value)) {
    pixels[at] = pixels[at + 2] = 255;
    pixels[at + 1] = 0;
    return;
  }
  const part = bound > 0 ? Math.max(-1, Math.min(1, value / bound)) : 0;
  const table = tableOf(theme);
  const from = (Math.round(part * steps) + steps) * 3;
  for (let c = 0; c < 3; c++) pixels[at + c] = table[from + c] ?? 0;
}

/** For style sheets: the colours of -1, -½, 0, ½ and 1 times the bound, or of those from 0 on. */
export function gradientOf(theme: Theme, hasNegative: boolean): string {
  const { zero, positive, negative } = palettes[theme];
  const colours = [...(hasNegative ? [negative[1], negative[0]] : []), zero, ...positive];
  return `linear-gradient(to right, ${colours.map((c) => `rgb(${c.join(' ')})`).join(', ')})`;
}
