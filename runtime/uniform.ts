import { threefry, unit } from './random.ts';
import type { Draw } from './program.ts';

/** Evenly in ± `limit`. */
export function uniform(limit: number): Draw {
  return (seed, stream, index) => (2 * unit(threefry(seed, stream, 0, index)[0]) - 1) * limit;
}
