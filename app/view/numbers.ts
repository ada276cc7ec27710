/** What is said about many numbers. */
export interface Range {
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  /** The largest distance from 0. */
  readonly bound: number;
}

/** Of the numbers `from`, `from + stride` … before `end`. */
export function rangeOf(values: ArrayLike<number>, from = 0, stride = 1, end = values.length): Range {
  let min = Infinity;
  let max = -Infinity;
  let sum = 0;
  let count = 0;
  for (let i = from; i < end; i += stride) {
    const value = values[i] ?? 0;
    if (value < min) min = value;
    if (value > max) max = value;
    sum += value;
    count++;
  }
  if (count === 0 || min > max) return { min: 0, max: 0, mean: 0, bound: 0 };
  return { min, max, mean: sum / count, bound: Math.max(Math.abs(min), Math.abs(max)) };
}

/** Three digits: `0.123`, `−4.56`, `1.23e−9`. */
export function figure(value: number): string {
  if (value === 0) return '0';
  const size = Math.abs(value);
  const text = size < 1e-3 || size >= 1e5 ? value.toExponential(2) : String(Number(value.toPrecision(3)));
  return text.replaceAll('-', '−');
}

export const percent = (value: number): string => `${(100 * value).toFixed(1)} %`;

/** `26 × 26 × 32` */
export const times = (shape: readonly number[]): string => (shape.length === 0 ? '1' : shape.join(' × '));

export const count = (n: number, word: string): string => `${n} ${word}${n === 1 ? '' : 's'}`;
