/** Numbers that are the same on every machine: integer arithmetic only. */

/** Uniform in [0, 1), 32 bits each. */
export type Random = () => number;

/** An independent stream per key (sfc32, seeded with three whole numbers). */
export function randomStream(a: number, b: number, c: number): Random {
  let [x, y, z, counter] = [a | 0, b | 0, c | 0, 1];
  const next = (): number => {
    const t = (((x + y) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    x = y ^ (y >>> 9);
    y = (z + (z << 3)) | 0;
    z = (z << 21) | (z >>> 11);
    z = (z + t) | 0;
    return (t >>> 0) / 4294967296;
  };
  for (let i = 0; i < 15; i++) next(); // until every bit of the key has reached every bit of the state
  return next;
}

/** The numbers 0 … count-1 in an order that depends on `seed` alone (Fisher and Yates). */
export function permutation(count: number, seed: number): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  const random = randomStream(seed, count, 0x5917);
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    const held = order[i]!;
    order[i] = order[j]!;
    order[j] = held;
  }
  return order;
}
