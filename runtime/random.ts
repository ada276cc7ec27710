const rotations = [13, 15, 26, 6, 17, 29, 16, 24];

/** Threefry-2x32-20: random bits as a function of keys and counters. */
export function threefry(key0: number, key1: number, counter0: number, counter1: number): [number, number] {
  const keys = [key0, key1, key0 ^ key1 ^ 0x1bd11bda];
  let x = (counter0 + key0) | 0;
  let y = (counter1 + key1) | 0;
  for (let round = 0; round < 20; round++) {
    const turn = rotations[round % 8] as number;
    x = (x + y) | 0;
    y = ((y << turn) | (y >>> (32 - turn))) ^ x;
    if (round % 4 === 3) {
      const block = (round + 1) / 4;
      x = (x + (keys[block % 3] as number)) | 0;
      y = (y + (keys[(block + 1) % 3] as number) + block) | 0;
    }
  }
  return [x >>> 0, y >>> 0];
}

/** FNV-1a: the key of a stream of random numbers is its name. */
export function fnv1a32(name: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(name)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

/** 24 of 32 random bits, in [0, 1). */
export const unit = (bits: number): number => (bits >>> 8) * 2 ** -24;
