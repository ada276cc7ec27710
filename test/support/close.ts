import { expect } from 'vitest';

/** The largest distance from 0. */
export const largestOf = (values: ArrayLike<number>): number =>
  Array.from(values).reduce((most, value) => Math.max(most, Math.abs(value)), 0);

/**
 * The largest difference, as a part of the largest of the expected numbers, or of `scale` where that is larger; Infinity where
 * there is none.
 */
export function differenceOf(actual: ArrayLike<number>, expected: ArrayLike<number>, scale = 0): number {
  if (actual.length !== expected.length) return Infinity;
  const numbers = Array.from(expected);
  const largest = Math.max(largestOf(numbers), scale);
  return numbers.reduce((most, value, i) => {
    const is = actual[i] ?? NaN;
    const error = is === value ? 0 : Math.abs(is - value) / largest;
    return Math.max(most, Number.isNaN(error) ? Infinity : error);
  }, 0);
}

/**
 * Checks that numbers are near others, each for itself: the difference is at most `tolerance` of the expected one, or of this
 * `part` of the largest, since a sum whose terms nearly cancel has the error of its terms.
 */
export function closeTo(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
  part = 1 / 100,
): void {
  expect(actual.length).toBe(expected.length);
  const least = largestOf(expected) * part;
  for (let i = 0; i < expected.length; i++) {
    const [is, should] = [actual[i] ?? NaN, expected[i] ?? NaN];
    if (Object.is(is, should)) continue;
    const near = Math.abs(is - should) <= tolerance * Math.max(Math.abs(should), least);
    if (!near) expect.fail(`element ${i} of ${expected.length} is ${is} instead of ${should}`);
  }
}
