/** Towards zero; what does not fit becomes the nearest integer that does, NaN becomes 0. */
export function toI32(x: number): number {
  return x >= 2147483647 ? 2147483647 : x <= -2147483648 ? -2147483648 : x | 0;
}
