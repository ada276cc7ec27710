import type { Elements } from './types.ts';
import type { Initializer } from './program.ts';
import { fnv1a32, threefry, unit } from './random.ts';

/** Fills a tensor as it begins. Its random numbers depend on `seed` and its name, not on what else the model has. */
export function initialize(data: Elements, initializer: Initializer, name: string, seed: number): void {
  switch (initializer.kind) {
    case 'zeros':
      data.fill(0);
      break;
    case 'ones':
      data.fill(1);
      break;
    case 'constant':
      if (initializer.values.length === 1) data.fill(initializer.values[0] as number);
      else data.set(initializer.values);
      break;
    case 'glorot_uniform': {
      const limit = Math.sqrt(6 / (initializer.fanIn + initializer.fanOut));
      const stream = fnv1a32(name);
      for (let i = 0; i < data.length; i++) data[i] = (2 * unit(threefry(seed, stream, 0, i)[0]) - 1) * limit;
      break;
    }
    case 'he_normal': {
      // The divisor is the deviation of a normal distribution cut at ±2: what comes out has the variance 2 / fanIn, as in Keras.
      const deviation = Math.sqrt(2 / initializer.fanIn) / 0.87962566103423978;
      const stream = fnv1a32(name);
      for (let i = 0; i < data.length; i++) data[i] = truncatedNormal(seed, stream, i) * deviation;
      break;
    }
  }
}

/** Rejection sampling under exp(-z²/2) on [-2, 2]. No logarithm or cosine: these differ between engines. */
function truncatedNormal(seed: number, stream: number, index: number): number {
  for (let attempt = 0; ; attempt++) {
    const [a, b] = threefry(seed, stream, attempt, index);
    const z = 4 * unit(a) - 2;
    if (unit(b) < expMinus(z * z * 0.5)) return z;
  }
}

/** exp(-x) for 0 <= x <= 2, from sums and products only. */
function expMinus(x: number): number {
  let sum = 1;
  for (let k = 14; k > 0; k--) sum = 1 - ((x / 8) * sum) / k;
  const square = sum * sum * (sum * sum);
  return square * square;
}
