/** What `cnnc train` does when things do not go as hoped. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { folder, tinyData, tinyModel } from './support.ts';
import type { Folder } from './support.ts';

const train = ['train', 'tiny.cnn', '--data', tinyData];

function withModel(text = tinyModel): Folder {
  const place = folder();
  writeFileSync(place.file('tiny.cnn'), text);
  return place;
}

const bytes = (place: Folder, name: string): string => readFileSync(place.file(name)).toString('base64');

test('--early-stopping ends with the weights of the best epoch; --resume keeps to that', async () => {
  // A step that is too large: the loss falls, then wavers.
  const place = withModel(tinyModel.replace('0.01', '0.05'));
  const early = [...train, '--epochs', '60', '--early-stopping', '2'];
  const ended = await place.cnnc(...early);
  expect(ended.status, ended.err).toBe(0);
  const [, best] = /^the weights are those of epoch (\d+), the best one/mu.exec(ended.out) ?? [];
  expect(Number(best)).toBeGreaterThan(0);
  const epochs = ended.out.match(/^epoch \d+ /gmu) ?? [];
  expect(epochs).toHaveLength(Number(best) + 2);
  const kept = bytes(place, 'tiny.safetensors');
  const resumed = await place.cnnc(...early, '--resume');
  expect(resumed.err).toMatch(/goes on from tiny\.checkpoint[^]*nothing was left to train/u);
  expect(bytes(place, 'tiny.safetensors')).toBe(kept);
  // The same bits as a run of so many epochs.
  await place.cnnc(...train, '--epochs', best ?? '', '-o', 'short.safetensors');
  expect(bytes(place, 'short.safetensors')).toBe(kept);
  const without = await place.cnnc(...early, '--validation', '0');
  expect([without.status, without.err]).toEqual([2, expect.stringMatching(/goes by validation data/u)]);
});

test('what cannot be written is said before training; a checkpoint that fails later does not end it', async () => {
  const place = withModel();
  mkdirSync(place.file('folder'));
  const early = await place.cnnc(...train, '-o', 'folder');
  expect([early.status, early.out, early.err]).toEqual([1, '', 'cnnc: folder: it is a folder, not a file\n']);
  const { status, err } = await place.cnncWith(
    {
      out(text) {
        if (!text.startsWith('epoch 1 ')) return;
        rmSync(place.file('tiny.checkpoint'));
        mkdirSync(place.file('tiny.checkpoint'));
      },
    },
    ...train,
  );
  expect(err.match(/tiny\.checkpoint: it is a folder, not a file: training goes on/gu)).toHaveLength(1);
  expect(status).toBe(1);
  expect(existsSync(place.file('tiny.safetensors'))).toBe(true);
  expect(err).not.toContain(place.path);
});

test('--resume says what is wrong with which checkpoint, and that nothing is left', async () => {
  const place = withModel();
  await place.cnnc(...train);
  expect((await place.cnnc(...train, '--resume')).err).toMatch(/has trained 3 epochs; more with --epochs N/u);
  const other = await place.cnnc(...train, '--resume', '--set', 'width=3');
  expect([other.status, other.err]).toEqual([
    1,
    expect.stringMatching(/tiny\.checkpoint: these are weights of another model/u),
  ]);
});

test('a loss of probabilities on numbers that are none: not the learning rate', async () => {
  const place = withModel(tinyModel.replace(', activation: softmax', ''));
  const { err } = await place.cnnc(...train);
  expect(err).toMatch(/step 1 [^]*in the first step this is not the learning_rate: .*softmax/u);
});
