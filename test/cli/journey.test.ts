import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { encode as encodePng } from 'fast-png';
import { describe, expect, test } from 'vitest';
import { readSafetensors } from '../../runtime/safetensors.ts';
import { folder, tinyData, tinyModel } from './support.ts';
import type { Folder } from './support.ts';

const train = ['train', 'tiny.cnn', '--data', tinyData];

function withModel(text = tinyModel): Folder {
  const place = folder();
  writeFileSync(place.file('tiny.cnn'), text);
  return place;
}

const bytes = (place: Folder, name: string): string => readFileSync(place.file(name)).toString('base64');

describe('from an empty folder, with nothing but file names', () => {
  test('new, check, format, summary, train, evaluate, predict, build', async () => {
    const { cnnc, cnncWith, file, names } = folder();
    expect((await cnnc('new', 'my-digits')).out).toContain('cnnc train my-digits.cnn');
    expect((await cnnc('check', 'my-digits.cnn')).out).toBe('my-digits.cnn: good\n');
    expect((await cnnc('format', '--check', 'my-digits.cnn')).status).toBe(0);
    expect((await cnnc('summary', 'my-digits.cnn')).out).toMatch(
      /^MyDigits: image: u8\[28, 28, 1\] → digit: f32\[10\]/u,
    );
    expect((await cnnc('new', 'my-digits')).err).toMatch(/is there already/u);
    // The default 6000 samples and 5 epochs are for people; one smaller epoch shows the same.
    const small = ['--data', 'synthetic:digits?count=150', '--epochs', '1'];
    const trained = await cnnc('train', 'my-digits.cnn', ...small);
    expect(trained).toMatchObject({ status: 0 });
    expect(trained.out).toMatch(
      /^epoch 1 {2}loss [\d.]+ {2}accuracy [\d.]+ {2}│ validation loss [\d.]+ {2}accuracy [\d.]+/u,
    );
    expect((await cnnc('evaluate', 'my-digits.cnn')).out).toMatch(
      /^loss .* \(1 000 samples of synthetic:digits, test\)/u,
    );
    const predicted = await cnncWith({ color: true }, 'predict', 'my-digits.cnn');
    expect(predicted).toMatchObject({ status: 0 });
    expect(predicted.out.split('▀').length).toBeGreaterThan(5 * 28 * 14);
    expect((await cnnc('build', 'my-digits.cnn')).out).toMatch(/^my-digits\.ts {2}/u);
    expect(readFileSync(file('my-digits.ts'), 'utf8')).not.toMatch(/^import /mu);
    expect(names()).toEqual([
      'my-digits.checkpoint',
      'my-digits.cnn',
      'my-digits.safetensors',
      'my-digits.ts',
    ]);
  });
});

describe('train', () => {
  test('same seed, same bits; another seed, others; --init begins with weights', async () => {
    const place = withModel();
    for (const [output, seed] of [
      ['a', '3'],
      ['b', '3'],
      ['c', '4'],
    ] as const) {
      const { status, err } = await place.cnnc(
        ...train,
        '--epochs',
        '1',
        '--seed',
        seed,
        '-o',
        `${output}.safetensors`,
      );
      expect(status, err).toBe(0);
    }
    expect(bytes(place, 'a.safetensors')).toBe(bytes(place, 'b.safetensors'));
    expect(bytes(place, 'a.safetensors')).not.toBe(bytes(place, 'c.safetensors'));
    const init = await place.cnnc(
      ...train,
      '--epochs',
      '0',
      '--init',
      'a.safetensors',
      '-o',
      'd.safetensors',
    );
    expect(init.status, init.err).toBe(0);
    expect(bytes(place, 'd.safetensors')).toBe(bytes(place, 'a.safetensors'));
    const parity = `import Tiny from "./tiny.cnn"\n${tinyModel
      .replace(
        /->[^]*digit\(.*\)/u,
        '-> Tiny as tiny -> Dense(2, activation: softmax) -> output digit(classes: ["even", "odd"])',
      )
      .replaceAll('Tiny(width: int = 2)', 'Parity')
      .replace('train Tiny', 'train Parity')}`;
    writeFileSync(place.file('parity.cnn'), parity);
    const more = ['--data', tinyData, '--only', '2,3', '--epochs', '0', '--init'];
    const other = await place.cnnc('train', 'parity.cnn', ...more, 'tiny=a.safetensors');
    expect(other.status, other.err).toBe(0);
    const kernel = (name: string, path: string) =>
      readSafetensors(readFileSync(place.file(name))).tensors.get(path)?.data;
    expect(kernel('parity.safetensors', 'tiny.conv2d.kernel')).toEqual(
      kernel('a.safetensors', 'conv2d.kernel'),
    );
    const wrong = await place.cnnc('train', 'parity.cnn', ...more, 'tony=a.safetensors');
    expect([wrong.status, wrong.err]).toEqual([
      2,
      expect.stringMatching(/no layer `tony` has weights; those that have: tiny\.conv2d, /u),
    ]);
  });

  test('augmentation changes what is learnt', async () => {
    const place = withModel();
    const augmented = tinyModel.replace(
      'label truth: i32',
      '$&\n  augment image -> RandomTranslation(0.2, 0.2)',
    );
    writeFileSync(place.file('more.cnn'), augmented);
    for (const file of ['tiny.cnn', 'more.cnn']) {
      const { status, err } = await place.cnnc('train', file, '--data', tinyData, '--epochs', '1');
      expect(status, err).toBe(0);
    }
    expect(bytes(place, 'more.safetensors')).not.toBe(bytes(place, 'tiny.safetensors'));
  });

  test('--json is one object per line', async () => {
    const { status, out } = await withModel().cnnc(...train, '--epochs', '2', '--json');
    expect(status).toBe(0);
    const lines = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.map(({ event }) => event)).toEqual(['epoch', 'epoch', 'end']);
    expect(lines[0]).toMatchObject({
      epoch: 1,
      train: { loss: expect.any(Number) },
      validation: { accuracy: expect.any(Number) },
    });
    expect(lines[2]).toMatchObject({ weights: expect.stringMatching(/tiny\.safetensors$/u) });
  });

  test('validation: none, test data, other data', async () => {
    const { cnnc } = withModel();
    const run = async (what: string): Promise<string> =>
      (await cnnc(...train, '--epochs', '1', '--validation', what)).out;
    expect(await run('0')).not.toMatch(/validation/u);
    expect(await run('test')).toMatch(/validation/u);
    expect(await run('synthetic:digits?size=12&count=30&seed=5')).toMatch(/validation/u);
    expect((await cnnc(...train, '--validation', '1.5')).status).toBe(2);
    expect((await cnnc(...train, '--validation', 'elsewhere')).err).toMatch(/`elsewhere` is no data/u);
  });

  test('bars on a terminal, with time left', async () => {
    const drawn: string[] = [];
    const { PassThrough } = await import('node:stream');
    const stream = Object.assign(new PassThrough(), {
      isTTY: true,
      columns: 120,
      cursorTo: () => true,
      clearLine: () => true,
    });
    stream.on('data', (piece: Buffer) => drawn.push(piece.toString('utf8')));
    const { status } = await withModel().cnncWith({ terminal: true, stream }, ...train);
    expect(status).toBe(0);
    expect(drawn.join('')).toMatch(/epoch 1\/3 [█░]{24} \d+%.*loss/u);
    expect(drawn.join('')).toMatch(/\d s left/u);
  });

  test('Ctrl-C saves first; --resume ends in the same bits as a run that was never stopped', async () => {
    // Long enough that a timer has its turn before the end.
    const train = ['train', 'tiny.cnn', '--data', tinyData, '--epochs', '40'];
    const whole = withModel();
    expect((await whole.cnnc(...train)).status).toBe(0);
    const place = withModel();
    const stop = new AbortController();
    const stopping = {
      interruptible: <T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> => work(stop.signal),
      // Somewhere behind the first epoch.
      out: (text: string): void => void (text.startsWith('epoch 1') && setTimeout(() => stop.abort(), 3)),
    };
    const stopped = await place.cnncWith(stopping, ...train);
    expect(stopped.status).toBe(130);
    expect(stopped.err).toMatch(/tiny\.checkpoint is saved, and --resume goes on from it/u);
    expect(place.names()).toEqual(['tiny.checkpoint', 'tiny.cnn']);
    const resumed = await place.cnnc(...train, '--resume');
    expect(resumed.status, resumed.err).toBe(0);
    expect(resumed.out).not.toMatch(/^epoch 1 /mu);
    for (const name of ['tiny.safetensors', 'tiny.checkpoint'])
      expect(bytes(place, name)).toBe(bytes(whole, name));
    // And once more: what is finished stays finished.
    expect((await place.cnnc(...train, '--resume')).status).toBe(0);
    expect(bytes(place, 'tiny.safetensors')).toBe(bytes(whole, 'tiny.safetensors'));
  });

  test('--resume refuses other data and what is no checkpoint; without one it begins', async () => {
    const place = withModel();
    expect((await place.cnnc(...train, '--resume', '--epochs', '1')).err).toMatch(/begins anew/u);
    const other = await place.cnnc('train', 'tiny.cnn', '--data', `${tinyData}&seed=9`, '--resume');
    expect([other.status, other.err]).toEqual([
      1,
      expect.stringMatching(
        /tiny\.checkpoint: that run had other data: --data, --input or their files were others\n/u,
      ),
    ]);
    const seeded = await place.cnnc(...train, '--resume', '--seed', '5');
    expect([seeded.status, seeded.err]).toEqual([
      2,
      expect.stringMatching(/tiny\.checkpoint began with --seed 0/u),
    ]);
    expect((await place.cnnc(...train, '--resume', '--seed', '0', '--epochs', '1')).status).toBe(0);
    writeFileSync(
      place.file('tiny.checkpoint'),
      readFileSync(place.file('tiny.checkpoint')).subarray(0, 900),
    );
    expect((await place.cnnc(...train, '--resume')).status).toBe(1);
    expect((await place.cnnc(...train, '--resume', '--seed', '5')).status).toBe(1);
  });

  test('data with more classes than the loss tells apart, though the output names none', async () => {
    const place = withModel(tinyModel.replace(/\(classes: .*\)/u, '').replace('Dense(10', 'Dense(4'));
    const { status, err } = await place.cnnc(...train);
    expect([status, err]).toEqual([
      1,
      expect.stringMatching(/has 10 classes, the model has 4.*--only 0,1,2,3/u),
    ]);
  });

  test('a run that begins anew keeps the checkpoint of an earlier one', async () => {
    const place = withModel();
    await place.cnnc(...train, '--epochs', '1');
    const before = bytes(place, 'tiny.checkpoint');
    const again = await place.cnnc(...train, '--epochs', '1', '--seed', '2');
    expect(again.err).toMatch(/tiny\.checkpoint\.previous/u);
    expect(bytes(place, 'tiny.checkpoint.previous')).toBe(before);
  });

  test('a loss that is not finite: step, layer, weights of the step before, the last checkpoint kept', async () => {
    const place = withModel(tinyModel.replace('Adam(learning_rate: 0.01)', 'SGD(learning_rate: 3e38)'));
    const { status, err } = await place.cnnc(...train, '--checkpoint-every', '0');
    expect(status).toBe(1);
    expect(err).toMatch(
      /step \d+ \(epoch 1, batch \d+\): `[a-z_0-9.]+` \(tiny\.cnn:\d+\) is the first to give (-?Infinity|NaN)/u,
    );
    expect(err).toMatch(/saved in tiny\.safetensors, the last checkpoint is tiny\.checkpoint/u);
    expect(existsSync(place.file('tiny.safetensors'))).toBe(true);
    expect(existsSync(place.file('tiny.checkpoint'))).toBe(true);
  });

  test('data that do not fit are named with those that would', async () => {
    const { cnnc } = withModel();
    expect(await cnnc('train', 'tiny.cnn')).toEqual({
      status: 1,
      out: '',
      err: 'cnnc: synthetic:digits has pictures of 28x28x1, input `image` takes 12x12x1; synthetic:digits?size=12 or folder:DIR would fit\n',
    });
    expect((await cnnc(...train, '--only', '3,5')).err).toMatch(/keeps 2 classes, the model has 10/u);
  });

  test('a file without train cannot be trained', async () => {
    const { cnnc } = withModel(tinyModel.slice(0, tinyModel.indexOf('train Tiny')));
    const { status, err } = await cnnc(...train);
    expect([status, err]).toEqual([
      1,
      'cnnc: tiny.cnn: `Tiny` has no `train` block, so it cannot be trained\n',
    ]);
  });

  test('--set changes the model, and the next commands repeat it', async () => {
    const { cnnc } = withModel();
    const { status, out } = await cnnc(
      ...train,
      '--epochs',
      '1',
      '--set',
      'width=3',
      '--set',
      'batch_size=50',
    );
    expect(status).toBe(0);
    expect(out).toContain(`cnnc evaluate tiny.cnn --set width=3 --set batch_size=50 --data '${tinyData}'`);
  });
});

describe('weights', () => {
  test.each<[string, (whole: Buffer) => Buffer, RegExp]>([
    ['truncated', (whole) => whole.subarray(0, whole.length - 10), /tiny\.safetensors: .*ends/u],
    ['no safetensors at all', () => Buffer.from('hello world, this is text'), /tiny\.safetensors: /u],
    [
      'a header that claims 10 GB',
      (whole) => Buffer.concat([Buffer.from(BigUint64Array.of(10n ** 10n).buffer), whole.subarray(8)]),
      /tiny\.safetensors: .*10000000000/u,
    ],
  ])('%s: an error, no bug', async (_, change, message) => {
    const place = withModel();
    await place.cnnc(...train, '--epochs', '0');
    writeFileSync(place.file('tiny.safetensors'), change(readFileSync(place.file('tiny.safetensors'))));
    for (const command of [
      ['evaluate', 'tiny.cnn', '--data', tinyData],
      ['predict', 'tiny.cnn'],
      ['build', 'tiny.cnn', '--embed'],
    ]) {
      const { status, err } = await place.cnnc(...command);
      expect([command[0], status]).toEqual([command[0], 1]);
      expect(err).toMatch(message);
    }
  });

  test('of another model: some names, how they differ, and what can be done', async () => {
    const place = withModel();
    await place.cnnc(...train, '--epochs', '0');
    const deep = '-> Conv2D(2, 1x1) '.repeat(2);
    writeFileSync(place.file('deep.cnn'), tinyModel.replace('-> Flatten', `${deep}as last -> Flatten`));
    const of = async (...command: string[]) => {
      const { status, err } = await place.cnnc(...command);
      expect([command[0], status]).toEqual([command[0], 1]);
      return err;
    };
    const advice = 'weights fit the layers, --model and --set that they were trained with';
    expect(await of('evaluate', 'tiny.cnn', '--data', tinyData, '--set', 'width=5')).toBe(
      [
        'cnnc: tiny.safetensors: these are weights of another model',
        'of another shape in it: conv2d.kernel (f32[3, 3, 1, 2], not f32[3, 3, 1, 5]), conv2d.bias (f32[2], not f32[5]), dense.kernel (f32[50, 10], not f32[125, 10])',
        `${advice}\n`,
      ].join('\n  '),
    );
    const other = ['deep.cnn', '--weights', 'tiny.safetensors'];
    expect(await of('predict', ...other)).toContain(
      `\n  not in it: conv2d_1.kernel, conv2d_1.bias, last.kernel and 1 more\n  ${advice}\n`,
    );
    for (const command of ['inspect', 'build']) expect(await of(command, ...other)).toContain(advice);
    expect(await of('train', 'deep.cnn', '--data', tinyData, '--init', 'tiny.safetensors')).toContain(
      '\n  --init LAYER=FILE takes the weights of one layer alone\n',
    );
    const none = await place.cnnc('train', 'deep.cnn', '--data', tinyData, '--init', 'no=tiny.safetensors');
    expect([none.status, none.err]).toEqual([
      2,
      'cnnc: --init: no layer `no` has weights; those that have: conv2d, conv2d_1, last, dense\n',
    ]);
  });

  test('that are not there: who makes them', async () => {
    const { cnnc } = withModel();
    expect((await cnnc('predict', 'tiny.cnn')).err).toMatch(
      /tiny\.safetensors: there is no such file; `cnnc train tiny\.cnn` makes it/u,
    );
    expect((await cnnc('predict', 'tiny.cnn', '--weights', 'w')).err).toBe(
      'cnnc: w: there is no such file\n',
    );
  });
});

describe('predict', () => {
  test('pictures, numbers, and what is neither', async () => {
    const place = withModel();
    await place.cnnc(...train, '--epochs', '0');
    const grey = Uint8Array.from({ length: 144 }, (_, i) => (i * 7) % 256);
    writeFileSync(place.file('a.png'), encodePng({ width: 12, height: 12, channels: 1, data: grey }));
    writeFileSync(place.file('a.json'), JSON.stringify([...grey]));
    const picture = await place.cnnc('predict', 'tiny.cnn', 'a.png');
    expect(picture.out).toMatch(/^a\.png\n {2}\d +\d+\.\d % +█/u);
    const json = async (...args: string[]): Promise<Record<string, unknown>> =>
      JSON.parse((await place.cnnc('predict', 'tiny.cnn', '--json', ...args)).out) as Record<string, unknown>;
    const [fromPicture, fromNumbers] = [await json('a.png'), await json('--input', 'image=a.json')];
    expect(fromNumbers['outputs']).toEqual(fromPicture['outputs']);
    writeFileSync(place.file('b.json'), '[1, 2, 300]');
    expect((await place.cnnc('predict', 'tiny.cnn', '--input', 'image=b.json')).err).toMatch(
      /3 numbers; `image` takes 144 per sample/u,
    );
    writeFileSync(place.file('c.json'), JSON.stringify([...grey.slice(1), 300]));
    expect((await place.cnnc('predict', 'tiny.cnn', '--input', 'image=c.json')).err).toMatch(
      /300 at place 143; `image` is u8/u,
    );
    expect((await place.cnnc('predict', 'tiny.cnn', '--input', 'picture=a.json')).status).toBe(2);
    expect((await place.cnnc('predict', 'tiny.cnn', 'a.json')).err).toMatch(/a\.json: is not a picture/u);
    expect((await place.cnnc('predict', 'tiny.cnn', 'no.png')).status).toBe(1);
  });
});
