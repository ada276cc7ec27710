import { threefry, unit } from './random.ts';
import type { Draw } from './program.ts';

/**
 * A normal distribution of this deviation, cut at twice of it: rejection sampling under exp(-z²/2) on [-2, 2), by sums and
 * products only, because engines differ in log and cos.
 */
export function truncatedNormal(deviation: number): Draw {
  return (seed, stream, index) => {
    for (let attempt = 0; ; attempt++) {
      const [a, b] = threefry(seed, stream, attempt, index);
      const z = 4 * unit(a) - 2;
      // exp(-z²/2) as the 8th power of a Taylor series.
      let power = 1;
      for (let k = 14; k > 0; k--) power = 1 - (z * z * power) / 16 / k;
      for (let k = 0; k < 3; k++) power *= power;
      if (unit(b) < power) return z * deviation;
    }
  };
}
