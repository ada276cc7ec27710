import { describe, expect, test } from 'vitest';
import { openData } from '../../compiler/data/index.ts';
import { permutation, randomStream } from '../../compiler/data/random.ts';
import { port, wants } from './files.ts';

const wanted = wants([28, 28, 1], { classes: 10 });
const bytes = 28 * 28;

function pictures(
  spec: string,
  indices: readonly number[],
  part: 'train' | 'test' = 'train',
): { image: Uint8Array; truth: Int32Array } {
  const image = new Uint8Array(indices.length * bytes);
  const truth = new Int32Array(indices.length);
  openData(spec, wanted)[part]!.read(Uint32Array.from(indices), { image, truth });
  return { image, truth };
}

describe('synthetic:digits', () => {
  test('a sample is a function of seed and index alone', () => {
    const one = pictures('synthetic:digits?count=50&seed=7', [41]);
    const among = pictures('synthetic:digits?count=3000&seed=7', [3, 41, 0]);
    expect(among.image.subarray(bytes, 2 * bytes)).toEqual(one.image);
    expect(pictures('synthetic:digits?count=50&seed=8', [41]).image).not.toEqual(one.image);
  });

  test('the pictures are those of every other machine', () => {
    // FNV-1a over the first twenty, noted once: a change here changes everybody's training runs.
    let hash = 0x811c9dc5;
    for (const byte of pictures(
      'synthetic:digits',
      Array.from({ length: 20 }, (_, i) => i),
    ).image) {
      hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
    }
    expect(hash.toString(16)).toMatchInlineSnapshot(`"7daf23f"`);
  });

  test('ten classes in turn; test pictures are not training pictures', () => {
    const all = Array.from({ length: 200 }, (_, i) => i);
    const train = pictures('synthetic:digits', all);
    const held = pictures('synthetic:digits', all, 'test');
    expect([...train.truth.subarray(0, 12)]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]);
    const key = (image: Uint8Array, i: number): string => image.subarray(i * bytes, (i + 1) * bytes).join();
    const seen = new Set(all.map((i) => key(train.image, i)));
    expect(seen.size).toBe(200);
    expect(all.some((i) => seen.has(key(held.image, i)))).toBe(false);
  });

  test('ink stands out, pictures differ, and pixels alone do not give the class away', () => {
    const count = 1000;
    const train = pictures(
      'synthetic:digits',
      Array.from({ length: count }, (_, i) => i),
    );
    const held = pictures(
      'synthetic:digits',
      Array.from({ length: 300 }, (_, i) => i),
      'test',
    );
    for (let i = 0; i < count; i++) {
      const picture = train.image.subarray(i * bytes, (i + 1) * bytes);
      expect(Math.max(...picture) - Math.min(...picture), `contrast of sample ${i}`).toBeGreaterThan(60);
    }
    // The nearest mean picture: better than chance, as digits have shapes, and far from good, as they vary.
    const means = new Float64Array(10 * bytes);
    for (let i = 0; i < count; i++) {
      for (let p = 0; p < bytes; p++)
        means[(i % 10) * bytes + p]! += train.image[i * bytes + p]! / (count / 10);
    }
    let right = 0;
    for (let i = 0; i < 300; i++) {
      const distances = Array.from({ length: 10 }, (_, digit) => {
        let sum = 0;
        for (let p = 0; p < bytes; p++) sum += (held.image[i * bytes + p]! - means[digit * bytes + p]!) ** 2;
        return sum;
      });
      if (distances.indexOf(Math.min(...distances)) === held.truth[i]) right++;
    }
    expect(right / 300).toBeGreaterThan(0.2);
    expect(right / 300).toBeLessThan(0.8);
  });

  test('other sizes and colours for other models', () => {
    const data = openData(
      'synthetic:digits?count=20&size=32&channels=3',
      wants([32, 32, 3], { classes: 10 }),
    );
    const image = new Uint8Array(32 * 32 * 3);
    const truth = new Int32Array(1);
    data.train.read(Uint32Array.of(4), { image, truth });
    expect(truth[0]).toBe(4);
    expect(image.some((byte, i) => i % 3 > 0 && byte !== image[i - (i % 3)])).toBe(true);
  });

  test('f32 inputs get the same picture between 0 and 1', () => {
    const one = pictures('synthetic:digits', [5]);
    const image = new Float32Array(bytes);
    const truth = new Float32Array(10).fill(9);
    openData('synthetic:digits', {
      inputs: [port('image', 'f32', 28, 28, 1)],
      labels: [port('truth', 'f32', 10)],
    }).train.read(Uint32Array.of(5), { image, truth });
    expect([...image]).toEqual([...one.image].map((byte) => Math.fround(byte / 255)));
    expect([...truth]).toEqual([0, 0, 0, 0, 0, 1, 0, 0, 0, 0]);
  });
});

describe('random numbers', () => {
  test('streams are even and independent of one another', () => {
    const [a, b] = [randomStream(1, 2, 3), randomStream(1, 2, 4)];
    let [sum, product] = [0, 0];
    for (let i = 0; i < 10000; i++) {
      const [x, y] = [a(), b()];
      sum += x;
      product += (x - 0.5) * (y - 0.5);
    }
    expect(sum / 10000).toBeCloseTo(0.5, 1);
    expect(Math.abs(product / 10000)).toBeLessThan(0.005);
  });

  test('a permutation has every number once and depends on its seed', () => {
    expect([...permutation(1000, 3)].sort((a, b) => a - b)).toEqual(
      Array.from({ length: 1000 }, (_, i) => i),
    );
    expect(permutation(1000, 3)).toEqual(permutation(1000, 3));
    expect(permutation(1000, 3)).not.toEqual(permutation(1000, 4));
  });
});
