import { join } from 'node:path';
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { DataError, openData, splitDataset } from '../../compiler/data/index.ts';
import type { Data, FingerprintedDataset } from '../../compiler/data/index.ts';
import { countingPictures, idx, idxFolder, jpeg, png, port, put, temporaryFolder, wants } from './files.ts';

/** Everything in a dataset, one batch. */
async function all(
  dataset: FingerprintedDataset,
  bytes: number,
): Promise<{ image: Uint8Array; truth: number[] }> {
  const image = new Uint8Array(dataset.size * bytes);
  const truth = new Int32Array(dataset.size);
  await dataset.read(
    Uint32Array.from({ length: dataset.size }, (_, i) => i),
    { image, truth },
  );
  return { image, truth: [...truth] };
}

/** The error of `action`, which must be a DataError. */
async function fault(action: () => unknown): Promise<DataError> {
  try {
    await action();
  } catch (error) {
    if (error instanceof DataError) return error;
    throw error;
  }
  throw new Error('there was no error');
}

const small = wants([4, 4, 1], { classes: 10 });

describe('idx', () => {
  test.each([false, true])('reads pictures and labels, gzip: %s', async (gzip) => {
    const data = openData(`idx:${idxFolder([5, 0, 4, 1], { gzip, test: [7, 2] })}`, small);
    expect(await all(data.train, 16)).toEqual({ image: countingPictures(4, 16), truth: [5, 0, 4, 1] });
    expect(await all(data.test!, 16)).toEqual({ image: countingPictures(2, 16), truth: [7, 2] });
  });

  test('reads any samples in any order', () => {
    const data = openData(`idx:${idxFolder([5, 0, 4, 1])}`, small);
    const image = new Uint8Array(3 * 16);
    const truth = new Int32Array(3);
    data.train.read(Uint32Array.of(3, 0, 3), { image, truth });
    expect([...truth]).toEqual([1, 5, 1]);
    expect(image.subarray(0, 16)).toEqual(countingPictures(4, 16).subarray(48));
    expect(image.subarray(16, 32)).toEqual(countingPictures(4, 16).subarray(0, 16));
  });

  test('the fingerprint is of the content, not of the place or the packing', () => {
    const print = (labels: readonly number[], gzip = false): string =>
      openData(`idx:${idxFolder(labels, { gzip })}`, small).train.fingerprint;
    expect(print([1, 2, 3])).toBe(print([1, 2, 3], true));
    expect(print([1, 2, 3])).not.toBe(print([1, 2, 4]));
  });

  test.each<[string, string, Uint8Array, RegExp]>([
    [
      'wrong magic',
      'train-images-idx3-ubyte',
      idx([2, 4, 4], countingPictures(2, 16), 0x801),
      /begins with 0x00000801.*pictures begins with 0x00000803/u,
    ],
    [
      'labels in place of pictures',
      'train-labels-idx1-ubyte',
      idx([2, 4, 4], countingPictures(2, 16)),
      /labels begins with 0x00000801/u,
    ],
    ['empty', 'train-images-idx3-ubyte', new Uint8Array(0), /only 0 bytes/u],
    [
      'short header',
      'train-images-idx3-ubyte',
      idx([2, 4, 4], new Uint8Array(0)).subarray(0, 9),
      /middle of its header/u,
    ],
    [
      'too short',
      'train-images-idx3-ubyte',
      idx([2, 4, 4], countingPictures(1, 16)),
      /promises 2×4×4 bytes/u,
    ],
    ['too long', 'train-images-idx3-ubyte', idx([2, 4, 4], countingPictures(3, 16)), /promises 2×4×4 bytes/u],
    [
      'counts disagree',
      'train-labels-idx1-ubyte',
      idx([3], Uint8Array.of(1, 2, 3)),
      /3 labels for 2 pictures/u,
    ],
    [
      'truncated gzip',
      'train-images-idx3-ubyte',
      gzipSync(idx([2, 4, 4], countingPictures(2, 16))).subarray(0, 30),
      /cut short/u,
    ],
    [
      'damaged gzip',
      'train-images-idx3-ubyte',
      Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255),
      /damaged/u,
    ],
  ])('%s: the file is named', async (_, name, content, message) => {
    const folder = idxFolder([1, 2]);
    const file = put(join(folder, name), content);
    const error = await fault(() => openData(`idx:${folder}`, small));
    expect(error.code).toBe('data-format');
    expect(error.file).toBe(file);
    expect(error.message).toContain(file);
    expect(error.message).toMatch(message);
  });

  test('a missing file or folder is named', async () => {
    expect((await fault(() => openData(`idx:${temporaryFolder()}`, small))).message).toMatch(
      /no train-images-idx3-ubyte/u,
    );
    expect((await fault(() => openData('idx:/nowhere/at/all', small))).message).toMatch(/no such folder/u);
  });

  test('a label beyond the classes of the model is named', async () => {
    const folder = idxFolder([1, 2, 5]);
    const error = await fault(() => openData(`idx:${folder}`, wants([4, 4, 1], { classes: 3 })));
    expect(error.code).toBe('data-classes');
    expect(error.message).toMatch(/train-labels-idx1-ubyte: sample 2 has the label 5/u);
  });
});

describe('cifar10', () => {
  /** Records whose planes are counted separately. */
  const records = (labels: readonly number[]): Uint8Array => {
    const out = new Uint8Array(labels.length * 3073);
    labels.forEach((label, i) => {
      out[i * 3073] = label;
      for (let p = 0; p < 1024; p++) {
        for (let c = 0; c < 3; c++) out[i * 3073 + 1 + c * 1024 + p] = (p + 85 * c + i) % 256;
      }
    });
    return out;
  };
  const colour = wants([32, 32, 3], { classes: 10 });

  test('planes become channels', async () => {
    const file = put(join(temporaryFolder(), 'some.bin'), records([3, 9]));
    const { image, truth } = await all(openData(`cifar10:${file}`, colour).train, 3072);
    expect(truth).toEqual([3, 9]);
    for (const [sample, place, channel] of [
      [0, 0, 0],
      [0, 700, 1],
      [1, 1023, 2],
    ] as const) {
      expect(image[sample * 3072 + place * 3 + channel]).toBe((place + 85 * channel + sample) % 256);
    }
  });

  test('a folder: batches in order, the test batch apart', async () => {
    const folder = temporaryFolder();
    put(join(folder, 'data_batch_2.bin'), records([4]));
    put(join(folder, 'data_batch_1.bin'), records([1, 2]));
    put(join(folder, 'test_batch.bin'), records([8]));
    const data = openData(`cifar10:${folder}`, colour);
    expect((await all(data.train, 3072)).truth).toEqual([1, 2, 4]);
    expect((await all(data.test!, 3072)).truth).toEqual([8]);
    const dogs = openData(`cifar10:${folder}`, wants([32, 32, 3], { only: ['deer', 'bird'], classes: 2 }));
    expect((await all(dogs.train, 3072)).truth).toEqual([1, 0]);
  });

  test('a file of another length and a label beyond ten are named', async () => {
    const folder = temporaryFolder();
    const short = put(join(folder, 'short.bin'), records([1]).subarray(1));
    expect((await fault(() => openData(`cifar10:${short}`, colour))).message).toContain(
      `${short}: is 3072 bytes long`,
    );
    const wrong = put(join(folder, 'wrong.bin'), records([1, 12]));
    expect((await fault(() => openData(`cifar10:${wrong}`, colour))).message).toContain(
      `${wrong}: record 1 has the label 12`,
    );
  });
});

describe('folder', () => {
  const wanted = wants([4, 4, 3], { classes: ['red', 'blue'] });
  const make = (): string => {
    const folder = temporaryFolder();
    put(join(folder, 'blue', '1.jpg'), jpeg(16, 8, [0, 0, 255]));
    put(join(folder, 'red', '1.png'), png(5, 7, [255, 0, 0]));
    put(join(folder, 'red', '2.png'), png(4, 4, [200, 10, 20]));
    put(join(folder, 'red', '.DS_Store'), 'litter');
    return folder;
  };

  test('the folders are the classes, numbered as the model does', async () => {
    const data = openData(`folder:${make()}`, wanted);
    const { image, truth } = await all(data.train, 48);
    expect(truth).toEqual([1, 0, 0]);
    expect(data.classes).toEqual(['red', 'blue']);
    const near = (at: number, rgb: readonly number[]): void =>
      rgb.forEach((value, c) => expect(Math.abs(image[at + c]! - value)).toBeLessThanOrEqual(6));
    near(0, [0, 0, 255]);
    near(48, [255, 0, 0]);
    near(96 + 45, [200, 10, 20]);
  });

  test('pictures decoded a second time are the same', async () => {
    const { train } = openData(`folder:${make()}`, wanted);
    expect(await all(train, 48)).toEqual(await all(train, 48));
  });

  test('train and test folders', async () => {
    const folder = temporaryFolder();
    for (const [part, shade] of [
      ['train', 10],
      ['test', 20],
    ] as const) {
      for (const name of ['blue', 'red']) put(join(folder, part, name, 'a.png'), png(4, 4, [shade, 0, 0]));
    }
    const data = openData(`folder:${folder}`, wanted);
    expect((await all(data.train, 48)).image[0]).toBe(10);
    expect((await all(data.test!, 48)).image[0]).toBe(20);
  });

  test('numbered folders are in the order of their numbers', async () => {
    const folder = temporaryFolder();
    for (const name of ['10', '2', '0']) put(join(folder, name, 'a.png'), png(4, 4, [1, 2, 3]));
    expect(openData(`folder:${folder}`, wants([4, 4, 3])).classes).toEqual(['0', '2', '10']);
  });

  test('folders that are not the classes: both are listed', async () => {
    const folder = make();
    put(join(folder, 'green', 'a.png'), png(4, 4, [0, 255, 0]));
    const error = await fault(() =>
      openData(`folder:${folder}`, wants([4, 4, 3], { classes: ['red', 'yellow', 'blue'] })),
    );
    expect(error.code).toBe('data-classes');
    expect(error.message).toMatch(
      /folders: blue, green, red[^]*classes: red, yellow, blue[^]*no folder for: yellow[^]*no class for: green/u,
    );
    const kept = openData(`folder:${folder}`, { ...wanted, only: ['blue', 'red'] });
    expect((await all(kept.train, 48)).truth).toEqual([1, 0, 0]);
  });

  test('a file that is no picture, and one that is damaged, are named', async () => {
    const folder = make();
    const text = put(join(folder, 'red', 'note.txt'), 'hello');
    expect((await fault(() => openData(`folder:${folder}`, wanted))).message).toContain(
      `${text}: is not a picture`,
    );
    const other = make();
    const whole = png(4, 4, [9, 9, 9]);
    const torn = put(join(other, 'red', 'torn.png'), whole.subarray(0, whole.length - 20));
    const error = await fault(() => all(openData(`folder:${other}`, wanted).train, 48));
    expect(error.message).toBe(`${torn}: is a damaged PNG picture (Error while decompressing the data)`);
    expect(error.file).toBe(torn);
  });

  test('no folders, an empty folder', async () => {
    expect((await fault(() => openData(`folder:${temporaryFolder()}`, wanted))).message).toMatch(
      /found no folders/u,
    );
    const folder = make();
    put(join(folder, 'white', '.keep'), '');
    expect((await fault(() => openData(`folder:${folder}`, wants([4, 4, 3])))).message).toMatch(
      /white: holds no pictures/u,
    );
  });

  test('the fingerprint changes with a picture', () => {
    const folder = make();
    const before = openData(`folder:${folder}`, wanted).train.fingerprint;
    expect(openData(`folder:${folder}`, wanted).train.fingerprint).toBe(before);
    put(join(folder, 'red', '2.png'), png(4, 4, [200, 10, 21]));
    expect(openData(`folder:${folder}`, wanted).train.fingerprint).not.toBe(before);
  });
});

describe('what fits a model', () => {
  const open = (spec: string, more: Parameters<typeof wants>[1] = {}): Data =>
    openData(spec, wants([28, 28, 1], more));

  test('--only keeps classes and numbers them in its order', async () => {
    const data = open('synthetic:digits?count=40', { only: ['5', '3'], classes: 2 });
    expect(data.train.size).toBe(8);
    expect((await all(data.train, 784)).truth).toEqual([1, 0, 1, 0, 1, 0, 1, 0]);
    expect(data.train.fingerprint).not.toBe(
      open('synthetic:digits?count=40', { only: ['3', '5'] }).train.fingerprint,
    );
  });

  test.each<[string, Parameters<typeof wants>[1], RegExp]>([
    ['three classes for two', { only: ['1', '2', '3'], classes: 2 }, /keeps 3 classes, the model has 2/u],
    ['two classes for ten', { only: ['1', '2'], classes: 10 }, /keeps 2 classes, the model has 10/u],
    ['an unknown class', { only: ['1', 'cat'] }, /no class `cat`; it has 0, 1, 2/u],
    ['one class', { only: ['1'] }, /two or more/u],
    ['the same class twice', { only: ['1', '1'] }, /two or more/u],
    ['ten classes for two', { classes: 2 }, /10 classes, the model has 2.*--only 0,1/u],
    ['ten classes for 0 or 1', { labels: [port('truth', 'f32', 1)] }, /10 classes, the model has 2/u],
    ['one-hot with too few places', { labels: [port('truth', 'f32', 4)] }, /10 classes, the model has 4/u],
    ['a label that is no class', { labels: [port('box', 'f32', 2, 2)] }, /label `box` is f32\[2, 2\]/u],
    ['two labels', { labels: [port('a', 'i32'), port('b', 'i32')] }, /labels `a` and `b`/u],
    [
      'two inputs',
      { inputs: [port('l', 'u8', 28, 28, 1), port('r', 'u8', 28, 28, 1)] },
      /takes `l` and `r`/u,
    ],
    ['no picture', { inputs: [port('x', 'f32', 3)] }, /input `x` is f32\[3\], no picture/u],
    [
      'larger pictures',
      { inputs: [port('x', 'u8', 32, 32, 3)] },
      /pictures of 28x28x1, input `x` takes 32x32x3; synthetic:digits\?size=32&channels=3 or cifar10:PATH or folder:DIR would fit/u,
    ],
  ])('%s', async (_, more, message) => {
    expect((await fault(() => open('synthetic:digits', more))).message).toMatch(message);
  });

  test.each<[string, RegExp]>([
    ['mnist', /`mnist` is no data: expected synthetic:digits, idx:DIR/u],
    ['http://x', /is no data/u],
    ['idx:', /is no data/u],
    ['synthetic:letters', /called `synthetic:digits`/u],
    ['synthetic:digits?colour=1', /no option `colour`; synthetic takes count, test, seed/u],
    ['synthetic:digits?count=-1', /`count` is a whole number from 1/u],
    ['synthetic:digits?__proto__=1', /no option `__proto__`/u],
    ['idx:DIR?seed=1', /idx takes count/u],
  ])('the spec %s', async (spec, message) => {
    const error = await fault(() => open(spec));
    expect(error.code).toBe('data-spec');
    expect(error.message).toMatch(message);
  });

  test('binary labels', () => {
    const truth = new Float32Array(4).fill(-1);
    const image = new Uint8Array(4 * 784);
    const data = open('synthetic:digits', { labels: [port('truth', 'f32', 1)], only: ['7', '2'] });
    data.train.read(Uint32Array.of(0, 1, 2, 3), { image, truth });
    expect([...truth]).toEqual([1, 0, 1, 0]);
  });

  test('count takes the first samples', () => {
    expect(openData(`idx:${idxFolder([1, 2, 3])}?count=2`, small).train.size).toBe(2);
  });
});

describe('splitDataset', () => {
  const whole = openData('synthetic:digits?count=100', wants([28, 28, 1])).train;

  test('shuffled, disjoint, complete and always the same', async () => {
    const { train, validation } = splitDataset(whole, 0.2, 3);
    expect([train.size, validation.size]).toEqual([80, 20]);
    const keys = async (data: FingerprintedDataset): Promise<string[]> => {
      const { image } = await all(data, 784);
      return Array.from({ length: data.size }, (_, i) => image.subarray(i * 784, (i + 1) * 784).join());
    };
    const [a, b, every] = [await keys(train), await keys(validation), await keys(whole)];
    expect([...a, ...b].sort()).toEqual([...every].sort());
    expect(await keys(splitDataset(whole, 0.2, 3).validation)).toEqual(b);
    expect(await keys(splitDataset(whole, 0.2, 4).validation)).not.toEqual(b);
    expect(train.fingerprint).not.toBe(splitDataset(whole, 0.3, 3).train.fingerprint);
    expect((await all(validation, 784)).truth).not.toEqual(Array.from({ length: 20 }, (_, i) => i % 10));
  });

  test.each([0, 1, -0.5, Number.NaN])('a fraction of %s is refused', async (fraction) => {
    expect((await fault(() => splitDataset(whole, fraction))).code).toBe('data-spec');
  });
});

const real = process.env['CNNC_DATA'];
describe('real data, where CNNC_DATA names a folder with mnist, fashion-mnist and cifar10-4000', () => {
  test('they open and look as published', async () => {
    if (real === undefined) {
      console.log('not run: CNNC_DATA is not set, so there are no real data to read');
      return;
    }
    for (const name of ['mnist', 'fashion-mnist']) {
      const data = openData(`idx:${join(real, name)}`, wants([28, 28, 1], { classes: 10 }));
      expect([data.train.size, data.test!.size]).toEqual([60000, 10000]);
    }
    const file = join(real, 'cifar10-4000', 'data_batch_1_first4000.bin');
    const cifar = openData(`cifar10:${file}`, wants([32, 32, 3], { classes: 10 }));
    const image = new Uint8Array(3072);
    const truth = new Int32Array(1);
    await cifar.train.read(Uint32Array.of(3999), { image, truth });
    const record = readFileSync(file).subarray(3999 * 3073);
    expect([truth[0], image[0], image[1], image[2]]).toEqual([
      record[0],
      record[1],
      record[1025],
      record[2049],
    ]);
  });
});
