/** The same initial weights and batches as losses.py makes, from a hash of integers. */

const { imul } = Math;

/** `count` u32 numbers: fmix32 of MurmurHash3 over fnv1a32(name) + index * 0x9e3779b9, modulo 2^32. */
export function bits(name: string, count: number): Uint32Array {
  let seed = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(name)) seed = imul(seed ^ byte, 0x01000193);
  const result = new Uint32Array(count);
  for (let index = 0; index < count; index++) {
    let h = seed + imul(index, 0x9e3779b9);
    h = imul(h ^ (h >>> 16), 0x85ebca6b);
    h = imul(h ^ (h >>> 13), 0xc2b2ae35);
    result[index] = h ^ (h >>> 16);
  }
  return result;
}

const product = (extents: readonly number[]): number => extents.reduce((a, b) => a * b, 1);

/** Glorot's uniform numbers in ±sqrt(6 / (fan in + fan out)) by the parameter's name; kernels are [..., in, out]. */
export function uniform(name: string, shape: readonly number[]): Float32Array {
  const [fanIn = 1, fanOut = 1] = shape.slice(-2);
  const limit = Math.sqrt(6 / (product(shape.slice(0, -2)) * (fanIn + fanOut)));
  return Float32Array.from(bits(name, product(shape)), (b) => ((2 * (b >>> 8)) / 2 ** 24 - 1) * limit);
}

/** Any parameter by its name and kind, as logits.py has it; gains and variances are not all alike. */
export function weight(name: string, shape: readonly number[]): Float32Array {
  const drawn = bits(name, product(shape));
  const scaled = (from: number, to: number) => {
    const result = new Float32Array(drawn.length);
    drawn.forEach((b, i) => (result[i] = from + (to - from) * ((b >>> 8) / 2 ** 24)));
    return result;
  };
  if (name.endsWith('kernel')) {
    const fanIn = product(name.includes('depthwise') ? shape.slice(0, 2) : shape.slice(0, -1));
    const limit = Math.sqrt(6 / fanIn);
    return scaled(-limit, limit);
  }
  if (name.endsWith('gamma')) return scaled(0.5, 1);
  if (name.endsWith('moving_variance')) return scaled(0.5, 1.5);
  return scaled(-0.2, 0.2);
}

/** Batch `step` of u8 pictures with `pixels` numbers each, and their classes. */
export function batch(step: number, size: number, pixels: number, classes: number) {
  const labels = Int32Array.from(bits(`labels ${step}`, size), (b) => b % classes);
  const noise = bits(`noise ${step}`, size * pixels);
  const pattern = bits('pattern', classes * pixels);
  const image = Uint8Array.from(noise, (b, i) => {
    const label = labels[Math.floor(i / pixels)] ?? 0;
    return (b & 127) + ((pattern[label * pixels + (i % pixels)] ?? 0) & 128);
  });
  return { image, labels };
}
