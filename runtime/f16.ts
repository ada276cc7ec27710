/** One half-precision number as its 16 bits, from a float: rounded to the nearest, ties to even. */
export function toHalf(value: number): number {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const size = Math.abs(value);
  if (size >= 65520) return sign | 0x7c00;
  if (Number.isNaN(size)) return 0x7e00;
  // In steps of 2^-24 below the smallest normal number, else of 11 bits. Adding and taking away rounds to the step.
  const exponent = Math.max(-14, Math.floor(Math.log2(size || 1e-9)));
  const steps = roundHalfToEven(size * 2 ** (10 - exponent));
  return sign | (steps + ((exponent + 14) << 10));
}

export function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}

function roundHalfToEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return floor + (rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? 1 : 0);
}
