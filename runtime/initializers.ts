import type { Elements } from './model-types.ts';
import type { Tensor } from './program.ts';
import { fnv1a32 } from './random.ts';

/** Fills a tensor as it begins. Random numbers depend on seed, name and place only. */
export function initialize(data: Elements, { name, fill, draw }: Tensor, seed: number): void {
  const stream = fnv1a32(name);
  for (let i = 0; i < data.length; i++) {
    if (fill) data[i] = fill[i % fill.length] as number;
    else if (draw) data[i] = draw(seed, stream, i);
  }
}
