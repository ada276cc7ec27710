/** What `cnnc train` does when things do not go as hoped. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { folder, lineModel, tinyData, tinyModel } from './support.ts';
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
  const others: [string[], RegExp][] = [
    [
      ['--data', tinyData.replace('200', '100')],
      /had other data: --data, --input or their files were others\n/u,
    ],
    [['--validation', '0.2'], /had other data: --validation was another\n/u],
    [['--data', `${tinyData}&seed=7`, '--validation', '0'], /--data, .*, --validation was another\n/u],
    [['--set', 'batch_size=10'], /that run had batches of 20 samples, this one has 10\n/u],
    // What the optimizer keeps of each is not said as well.
    [
      ['--set', 'width=3'],
      /weights of another model\n {2}of another shape in it: [^@]*\n.*--set that it began with\n/u,
    ],
  ];
  for (const [options, message] of others) {
    const { status, err } = await place.cnnc(...train, '--resume', ...options);
    expect([status, err]).toEqual([1, expect.stringMatching(message)]);
    expect(err).toMatch(/^cnnc: tiny\.checkpoint: /mu);
    expect(err).toMatch(
      /\n {2}without --resume, training begins anew and keeps it as tiny\.checkpoint\.previous\n$/u,
    );
  }
});

test('numbers from files, for models that take no picture', async () => {
  const place = folder();
  const x = Array.from({ length: 40 }, (_, i) => [(i % 7) / 7, (i % 5) / 5]);
  writeFileSync(place.file('x.json'), JSON.stringify(x));
  const truths = (bias: number) => JSON.stringify(x.map(([a = 0, b = 0]) => 2 * a - b + bias));
  writeFileSync(place.file('y.json'), truths(0));
  writeFileSync(place.file('line.cnn'), lineModel(60));
  const none = await place.cnnc('train', 'line.cnn');
  expect([none.status, none.err]).toEqual([
    1,
    expect.stringMatching(/no picture .*: --input x=FILE --input truth=FILE\n$/u),
  ]);
  const input = ['--input', 'x=x.json', '--input', 'truth=y.json'];
  const trained = await place.cnnc('train', 'line.cnn', ...input);
  expect([trained.status, trained.err]).toEqual([
    0,
    expect.stringContaining('36 samples of x=x.json truth=y.json, 4 for validation\n'),
  ]);
  expect(trained.out).toContain('\n  cnnc evaluate line.cnn --input x=x.json --input truth=y.json\n');
  expect(trained.out).toContain('\n  cnnc predict line.cnn --input x=FILE\n');
  const evaluated = JSON.parse((await place.cnnc('evaluate', 'line.cnn', ...input, '--json')).out) as {
    samples: number;
    scores: { loss: number };
  };
  expect(evaluated.samples).toBe(40);
  expect(evaluated.scores.loss).toBeLessThan(1e-3);
  const compared = await place.cnnc('compare', 'line.cnn', ...input, '--try', 'epochs=1,2', '--json');
  expect(compared.out.trim().split('\n')).toHaveLength(2);
  // The same names with other numbers in them are other data.
  writeFileSync(place.file('y.json'), truths(1));
  expect((await place.cnnc('train', 'line.cnn', ...input, '--resume')).err).toMatch(/had other data: /u);
  const usage = [
    [['train', '--validation', 'test'], /with --input, it is a fraction/u],
    [['evaluate', '--split', 'test'], /--split is about --data/u],
    [['train', '--input', 'z=x.json'], /expected NAME=FILE with a NAME of x, truth/u],
  ] as const;
  for (const [[command, ...options], message] of usage) {
    const { status, err } = await place.cnnc(command, 'line.cnn', ...input, ...options);
    expect([status, err]).toEqual([2, expect.stringMatching(message)]);
  }
});

test('a loss of probabilities on numbers that are none: not the learning rate', async () => {
  const place = withModel(tinyModel.replace(', activation: softmax', ''));
  const { err } = await place.cnnc(...train);
  expect(err).toMatch(/step 1 [^]*in the first step this is not the learning_rate: .*softmax/u);
});
