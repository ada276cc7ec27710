import { describe, expect, test } from 'vitest';
import { imageToInput } from '../../runtime/image.ts';

const port = (height: number, width: number, channels: number, dtype: 'u8' | 'f32' = 'u8') => ({
  name: 'image',
  dtype,
  shape: [height, width, channels],
});
const grey = (width: number, height: number, ...data: number[]) => ({
  data: Uint8Array.from(data),
  width,
  height,
});

describe('imageToInput', () => {
  test('keeps a picture of the right size', () => {
    expect([...imageToInput(grey(3, 2, 1, 2, 3, 4, 5, 6), port(2, 3, 1))]).toEqual([1, 2, 3, 4, 5, 6]);
  });
  test('shrinks to means', () => {
    const picture = grey(4, 2, 0, 100, 10, 30, 200, 100, 20, 40);
    expect([...imageToInput(picture, port(1, 2, 1))]).toEqual([100, 25]);
  });
  test('counts pixels that a border cuts by their share', () => {
    // 3 → 2: the first place takes pixel 0 and half of pixel 1.
    expect([...imageToInput(grey(3, 1, 90, 30, 0), port(1, 2, 1))]).toEqual([70, 10]);
  });
  test('grows linearly between the middles of pixels', () => {
    expect([...imageToInput(grey(2, 1, 0, 100), port(1, 4, 1))]).toEqual([0, 25, 75, 100]);
  });
  test('scales both axes on their own', () => {
    expect([...imageToInput(grey(1, 4, 0, 10, 20, 30), port(2, 2, 1))]).toEqual([5, 5, 25, 25]);
  });
  test('makes grey of colours, and colours of grey', () => {
    const rgb = { data: Uint8Array.of(255, 0, 0, 0, 255, 0, 0, 0, 255), width: 3, height: 1 };
    expect([...imageToInput(rgb, port(1, 3, 1))]).toEqual([76, 150, 29]);
    expect([...imageToInput(grey(1, 1, 7), port(1, 1, 3))]).toEqual([7, 7, 7]);
    expect([...imageToInput(rgb, port(1, 3, 3))]).toEqual([...rgb.data]);
  });
  test('puts what is transparent on black', () => {
    const rgba = { data: Uint8ClampedArray.of(200, 100, 50, 51, 9, 9, 9, 0), width: 2, height: 1 };
    expect([...imageToInput(rgba, port(1, 2, 3))]).toEqual([40, 20, 10, 0, 0, 0]);
    const greyAlpha = { data: Uint8Array.of(200, 51), width: 1, height: 1 };
    expect([...imageToInput(greyAlpha, port(1, 1, 1))]).toEqual([40]);
  });
  test('gives an f32 input 0 to 1', () => {
    const result = imageToInput(grey(2, 1, 0, 255), port(1, 2, 1, 'f32'));
    expect(result).toEqual(Float32Array.of(0, 1));
  });
  test('keeps the mean of a picture at any size', () => {
    const data = Array.from({ length: 37 * 23 }, (_, i) => (i * 7919) % 256);
    const mean = (list: Iterable<number>): number => [...list].reduce((a, b) => a + b, 0) / [...list].length;
    const small = imageToInput(grey(37, 23, ...data), port(8, 9, 1, 'f32'));
    expect(mean(small) * 255).toBeCloseTo(mean(data), 4);
  });
  test.each([
    [{ data: new Uint8Array(5), width: 2, height: 2 }],
    [{ data: new Uint8Array(0), width: 0, height: 0 }],
    [{ data: new Uint8Array(20), width: 2, height: 2 }],
  ])('refuses what is no picture', (picture) => {
    expect(() => imageToInput(picture, port(2, 2, 1))).toThrow(expect.objectContaining({ code: 'input' }));
  });
});
