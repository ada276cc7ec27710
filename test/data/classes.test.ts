/** Which class of the data becomes which number of the model. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openData } from '../../compiler/data/index.ts';
import { png, put, temporaryFolder, wants } from './files.ts';

/** The labels of the first eight digits among `only`, for a model with these classes. */
async function labels(only: readonly string[] | undefined, classes: readonly string[]): Promise<number[]> {
  const { train } = openData('synthetic:digits?count=40', {
    inputs: [{ name: 'image', dtype: 'u8', shape: [28, 28, 1] }],
    labels: [{ name: 'truth', dtype: 'i32', shape: [] }],
    classes,
    ...(only && { only }),
  });
  const truth = new Int32Array(8);
  await train.read(
    Uint32Array.from({ length: 8 }, (_, i) => i),
    { image: new Uint8Array(8 * 784), truth },
  );
  return [...truth];
}

test('digits that the model calls by their names are those, in whatever order', async () => {
  const inTurn = [0, 1, 0, 1, 0, 1, 0, 1];
  expect(await labels(['3', '5'], ['3', '5'])).toEqual(inTurn);
  expect(await labels(['5', '3'], ['3', '5'])).toEqual(inTurn);
});

test('other names are numbered in the order of --only', async () => {
  expect(await labels(['5', '3'], ['five', 'three'])).toEqual([1, 0, 1, 0, 1, 0, 1, 0]);
});

test('the message names the classes of the model', async () => {
  await expect(labels(undefined, ['3', '5'])).rejects.toThrow(/keep 2 of them: --only 3,5/u);
});

test('a class of the model that --only leaves out is not one whose folder is missing', () => {
  const classes = ['red', 'blue', 'green'];
  const folder = temporaryFolder();
  for (const name of classes) put(join(folder, name, 'a.png'), png(4, 4, [0, 255, 0]));
  const wanted = wants([4, 4, 3], { classes, only: ['red', 'blue'] });
  expect(() => openData(`folder:${folder}`, wanted)).toThrow(
    /^--only red,blue keeps 2 classes, the model has 3: red, blue, green$/u,
  );
});
