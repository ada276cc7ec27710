/** A run that goes on from a checkpoint ends in the same bits as one that was never stopped. */
import { beforeAll, describe, expect, test } from 'vitest';
import { writeSafetensors } from '../../runtime/safetensors.ts';
import type { Batch, FitOptions } from '../../runtime/types.ts';
import type { TinyModule } from './tiny.ts';
import { asDataset, failure, hex, moduleOf, points, tinyText } from './tiny.ts';

let tiny: TinyModule;
beforeAll(async () => {
  tiny = await moduleOf(tinyText);
});

const data = points(18);
const turned = points(10, 3);
turned.truth.forEach((truth, i) => (turned.truth[i] = 1 - truth));

const runs: [string, FitOptions<Batch>][] = [
  ['plain', { epochs: 3 }],
  ['with validation and early stopping', { epochs: 30, validation: turned, earlyStopping: { patience: 2 } }],
];

describe.each(runs)('%s', (_, options) => {
  test('from every batch and every epoch', async () => {
    const model = await tiny.createModel({ seed: 4 });
    const checkpoints: Uint8Array[] = [];
    const keep = async (): Promise<void> => void checkpoints.push(await model.saveCheckpoint());
    const history = await model.fit(data, { ...options, onBatchEnd: keep, onEpochEnd: keep });
    checkpoints.push(await model.saveCheckpoint());
    const end = await hex(model.saveWeights());
    expect(checkpoints).toHaveLength(history.length * 6 + 1);
    for (const resume of checkpoints) {
      const other = await tiny.createModel({ seed: 99 });
      expect(await other.fit(data, { ...options, resume })).toEqual(history);
      expect(await hex(other.saveWeights())).toBe(end);
    }
  });

  test('the checkpoint at the end is the same too', async () => {
    const model = await tiny.createModel({ seed: 4 });
    let middle: Uint8Array | undefined;
    await model.fit(data, {
      ...options,
      onBatchEnd: async () => void (middle ??= await model.saveCheckpoint()),
    });
    const other = await tiny.createModel({ seed: 99 });
    await other.fit(data, { ...options, resume: middle! });
    expect(await hex(other.saveCheckpoint())).toBe(await hex(model.saveCheckpoint()));
  });
});

test('a run stopped by its signal goes on', async () => {
  const whole = await tiny.createModel({ seed: 4 });
  await whole.fit(data, { epochs: 3 });
  const model = await tiny.createModel({ seed: 4 });
  const controller = new AbortController();
  const stopped = model.fit(data, {
    epochs: 3,
    signal: controller.signal,
    onBatchEnd: ({ epoch, batch }) => {
      if (epoch === 2 && batch === 3) controller.abort('enough');
    },
  });
  const error = await failure(stopped);
  expect(error).toMatchObject({ name: 'AbortError', code: 'aborted', details: { reason: 'enough' } });
  const other = await tiny.createModel({ seed: 99 });
  await other.fit(data, { epochs: 3, resume: await model.saveCheckpoint() });
  expect(await hex(other.saveWeights())).toBe(await hex(whole.saveWeights()));
  expect(await failure(model.fit(data, { signal: AbortSignal.abort() }))).toMatchObject({ code: 'aborted' });
});

test('a run stopped while it was validating goes on', async () => {
  const options = { epochs: 2, validation: asDataset(turned) };
  const whole = await tiny.createModel({ seed: 4 });
  const history = await whole.fit(data, options);
  const model = await tiny.createModel({ seed: 4 });
  const controller = new AbortController();
  const validation = asDataset(turned, (what) => (what === 'read 2' ? controller.abort() : undefined));
  const stopped = model.fit(data, { epochs: 2, validation, signal: controller.signal });
  expect(await failure(stopped)).toMatchObject({ code: 'aborted' });
  const other = await tiny.createModel({ seed: 99 });
  expect(await other.fit(data, { ...options, resume: await model.saveCheckpoint() })).toEqual(history);
  expect(await hex(other.saveWeights())).toBe(await hex(whole.saveWeights()));
});

test('more epochs can follow', async () => {
  const whole = await tiny.createModel({ seed: 4 });
  await whole.fit(data, { epochs: 4 });
  const model = await tiny.createModel({ seed: 4 });
  await model.fit(data, { epochs: 2 });
  const other = await tiny.createModel({ seed: 99 });
  expect(await other.fit(data, { epochs: 4, resume: await model.saveCheckpoint() })).toHaveLength(4);
  expect(await hex(other.saveWeights())).toBe(await hex(whole.saveWeights()));
});

test('it serves as weights', async () => {
  const model = await tiny.createModel({ seed: 4 });
  await model.fit(data, { epochs: 1 });
  const other = await tiny.createModel({ weights: await model.saveCheckpoint() });
  expect(await hex(other.saveWeights())).toBe(await hex(model.saveWeights()));
});

describe('is refused, and nothing changes,', () => {
  const after = async (resume: Uint8Array, given: Parameters<typeof model.fit>[0] = data) => {
    const error = await failure(model.fit(given, { resume }));
    expect(await hex(model.saveWeights())).toBe(before);
    return error;
  };
  let model: Awaited<ReturnType<TinyModule['createModel']>>;
  let before: string;
  let checkpoint: Uint8Array;
  beforeAll(async () => {
    model = await tiny.createModel({ seed: 1 });
    before = await hex(model.saveWeights());
    const other = await tiny.createModel({ seed: 4 });
    await other.fit(data, { epochs: 1 });
    checkpoint = await other.saveCheckpoint();
  });

  test('with other data', async () => {
    const other = { x: data.x.with(5, 0.25), truth: data.truth };
    const error = await after(checkpoint, other);
    expect(error).toMatchObject({ code: 'checkpoint' });
    expect(error.message).toContain('data');
    expect(await after(checkpoint, points(17))).toMatchObject({ code: 'checkpoint' });
    expect(await after(checkpoint, asDataset(data))).toMatchObject({ code: 'checkpoint' });
  });
  test('with another batch size', async () => {
    const wide = await (await moduleOf(tinyText, { set: { batch_size: '8' } })).createModel({ seed: 1 });
    const error = await failure(wide.fit(data, { resume: checkpoint }));
    expect(error).toMatchObject({ code: 'checkpoint' });
    expect(error.message).toContain('batch size');
  });
  test('of another model', async () => {
    const large = await (await moduleOf(tinyText.replace('Dense(6', 'Dense(7'))).createModel({ seed: 1 });
    await large.fit(data, { epochs: 1 });
    expect(await after(await large.saveCheckpoint())).toMatchObject({ code: 'weights-mismatch' });
  });
  test('when it is only weights', async () => {
    expect(await after(await model.saveWeights())).toMatchObject({ code: 'checkpoint' });
  });
  test('when it is cut off', async () => {
    expect(await after(checkpoint.subarray(0, checkpoint.length / 2))).toMatchObject({
      code: 'weights-format',
    });
  });
  test.each(['', '{', '[]', '[1,{}]', '[2,{}]', 'null'])('when its state is %j', async (text) => {
    const file = writeSafetensors([], { 'cnnc.checkpoint': text });
    expect(await after(file)).toMatchObject({ code: 'checkpoint' });
  });
});
