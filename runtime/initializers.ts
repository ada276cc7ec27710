import type { Elements } from './model-types.ts';
import type { Tensor } from './program.ts';
import { fnv1a32, threefry } from './random.ts';

/** Fills a tensor as it begins. Random numbers depend on seed, name and place only. */
export function initialize(data: Elements, { name, fill, uniform, normal }: Tensor, seed: number): void {
  const stream = fnv1a32(name);
  for (let i = 0; i < data.length; i++) {
    if (fill) data[i] = fill[i % fill.length] as number;
    else if (uniform) data[i] = (2 * unit(threefry(seed, stream, 0, i)[0]) - 1) * uniform;
    else if (normal) data[i] = truncatedNormal(seed, stream, i) * normal;
  }
}

/** 24 random bits in [0, 1). */
const unit = (bits: number): number => (bits >>> 8) * 2 ** -24;

/** Rejection sampling under exp(-z²/2) on [-2, 2): sums and products only, because engines differ in log and cos. */
function truncatedNormal(seed: number, stream: number, index: number): number {
  for (let attempt = 0; ; attempt++) {
    const [a, b] = threefry(seed, stream, attempt, index);
    const z = 4 * unit(a) - 2;
    // exp(-z²/2) as the 8th power of a Taylor series.
    let power = 1;
    for (let k = 14; k > 0; k--) power = 1 - (z * z * power) / 16 / k;
    for (let k = 0; k < 3; k++) power *= power;
    if (unit(b) < power) return z;
  }
}
