import { fnv1a32, threefry } from './random.ts';

/** The order of the samples in an epoch: a permutation of 0 … size − 1 made from `seed` and `epoch` alone. */
export function epochOrder(seed: number, epoch: number, size: number): Uint32Array {
  const order = Uint32Array.from({ length: size }, (_, i) => i);
  const stream = fnv1a32('epoch order');
  for (let i = size - 1; i > 0; i--) {
    const j = Math.floor(threefry(seed, stream, epoch, i)[0] * 2 ** -32 * (i + 1));
    const swapped = order[i] as number;
    order[i] = order[j] as number;
    order[j] = swapped;
  }
  return order;
}
