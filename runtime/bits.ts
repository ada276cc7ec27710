export const floats = new Float32Array(1);
export const bits = new Int32Array(floats.buffer);

/** The float with these 32 bits. */
export function floatOfBits(x: number): number {
  bits[0] = x;
  return floats[0] as number;
}
