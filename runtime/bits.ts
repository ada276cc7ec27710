const floats = new Float32Array(1);
const bits = new Int32Array(floats.buffer);

/** The 32 bits of a float, as a signed integer. */
export function bitsOfFloat(x: number): number {
  floats[0] = x;
  return bits[0] as number;
}

/** The float with these 32 bits. */
export function floatOfBits(x: number): number {
  bits[0] = x;
  return floats[0] as number;
}
