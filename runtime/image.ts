import { arrayTypes, sizeOf } from './arrays.ts';
import { ModelError } from './errors.ts';
import type { Elements, Pixels, PortInfo } from './model-types.ts';

/** A picture as an input: rounded bytes for u8, byte / 255 for f32; transparent is black; both axes scaled to fit. */
export function imageToInput({ data, width, height }: Pixels, { dtype, shape }: PortInfo): Elements {
  const [rows = 0, columns = 0, channels = 0] = shape;
  const bytes = data.length / (width * height);
  if (![1, 2, 3, 4].includes(bytes))
    throw new ModelError('input', `a picture of ${width}×${height} pixels with ${data.length} bytes`);
  const colour = (pixel: number, channel: number): number => {
    const at = (i: number): number => data[pixel * bytes + i] as number;
    const alpha = bytes % 2 ? 1 : at(bytes - 1) / 255;
    if (bytes < 3) return alpha * at(0);
    return alpha * (channels === 3 ? at(channel) : 0.299 * at(0) + 0.587 * at(1) + 0.114 * at(2));
  };
  const down = shares(height, rows);
  const across = shares(width, columns);
  const result = new arrayTypes[dtype](sizeOf(shape));
  for (let i = 0; i < result.length; i++) {
    const place = Math.floor(i / channels);
    let sum = 0;
    for (const [y, a] of down[Math.floor(place / columns)] ?? []) {
      for (const [x, b] of across[place % columns] ?? []) sum += a * b * colour(y * width + x, i % channels);
    }
    result[i] = dtype === 'f32' ? sum / 255 : Math.floor(sum + 0.5);
  }
  return result;
}

/**
 * For each place, the pixels that count and how much: a shrinking axis takes the mean over [i·from/to, (i + 1)·from/to), a
 * growing one interpolates linearly at (i + ½)·from/to − ½.
 */
function shares(from: number, to: number): [pixel: number, share: number][][] {
  const scale = from / to;
  return Array.from({ length: to }, (_, i) => {
    const middle = Math.min(Math.max((i + 0.5) * scale - 0.5, 0), from - 1);
    const start = scale > 1 ? i * scale : middle;
    const end = Math.min(start + Math.max(scale, 1), from);
    const first = Math.floor(start);
    return Array.from({ length: Math.ceil(end) - first }, (_, k) => {
      const pixel = first + k;
      return [pixel, (Math.min(end, pixel + 1) - Math.max(start, pixel)) / (end - start)];
    });
  });
}
