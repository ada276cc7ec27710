import { bits, floats } from './bits.ts';

/** The 32 bits of a float, as a signed integer. */
export function bitsOfFloat(x: number): number {
  floats[0] = x;
  return bits[0] as number;
}
