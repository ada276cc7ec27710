/** The 16 bits of the nearest half-precision float, ties to the even one. */
export function toHalf(value: number): number {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const size = Math.abs(value);
  if (size >= 65520) return sign | 0x7c00;
  if (Number.isNaN(size)) return 0x7e00;
  // Counted in steps of the last bit: 2^-24 below the smallest normal number, else 2^-10 of the power of two.
  const exponent = Math.max(-14, Math.floor(Math.log2(size || 1e-9)));
  const steps = size * 2 ** (10 - exponent);
  const floor = Math.floor(steps);
  const rest = steps - floor;
  const rounded = floor + (rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? 1 : 0);
  return sign | (rounded + ((exponent + 14) << 10));
}
