import { beforeAll, describe, expect, test } from 'vitest';
import type { EpochRecord, Progress } from '../../runtime/types.ts';
import type { Model, TinyModule } from './tiny.ts';
import { asDataset, failure, hex, moduleOf, points, tinyText } from './tiny.ts';

let tiny: TinyModule;
beforeAll(async () => {
  tiny = await moduleOf(tinyText);
});

const data = points(18);
const validation = points(10, 3);

describe('fit', () => {
  test('learns, and tells of every batch and epoch', async () => {
    const model = await tiny.createModel({ seed: 1 });
    const batches: Progress[] = [];
    const records: EpochRecord[] = [];
    const history = await model.fit(data, {
      epochs: 20,
      validation,
      onBatchEnd: (progress) => void batches.push(progress),
      onEpochEnd: (record, all) => {
        records.push(record);
        expect(all).toEqual(records);
      },
    });
    expect(history).toEqual(records);
    expect(history.map(({ epoch }) => epoch)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
    expect(batches).toHaveLength(20 * 5);
    expect(batches[6]).toMatchObject({ epoch: 2, epochs: 20, batch: 2, batches: 5 });
    expect(batches[4]!.scores).toEqual(history[0]!.train);
    expect(history[19]!.train['loss']).toBeLessThan(0.6 * history[0]!.train['loss']!);
    expect(history[19]!.validation).toEqual(await model.evaluate(validation));
  });
  test('runs the epochs of the file, unless told otherwise', async () => {
    const model = await tiny.createModel({ seed: 1 });
    expect(await model.fit(data)).toHaveLength(3);
    expect(await model.fit(data, { epochs: 0 })).toEqual([]);
    expect(await failure(model.fit(data, { epochs: 1.5 }))).toMatchObject({ code: 'options' });
  });
  test('is a function of the seed', async () => {
    const trained = async (seed: number, shuffle = true): Promise<string> => {
      const model = await tiny.createModel({ seed });
      await model.fit(data, { shuffle });
      return hex(model.saveWeights());
    };
    expect(await trained(5)).toBe(await trained(5));
    expect(await trained(5)).not.toBe(await trained(6));
    expect(await trained(5)).not.toBe(await trained(5, false));
  });
  test('goes on where the call before ended, in another order', async () => {
    const model = await tiny.createModel({ seed: 5 });
    const orders: number[][] = [];
    const dataset = asDataset(data);
    const spy = {
      ...dataset,
      read: (indices: Uint32Array, into: never) => (orders.push([...indices]), dataset.read(indices, into)),
    };
    await model.fit(spy, { epochs: 1 });
    await model.fit(spy, { epochs: 1 });
    expect(
      orders
        .slice(0, 5)
        .flat()
        .sort((a, b) => a - b),
    ).toEqual(Array.from({ length: 18 }, (_, i) => i));
    expect(orders.slice(5).flat()).not.toEqual(orders.slice(0, 5).flat());
    const whole = await tiny.createModel({ seed: 5 });
    await whole.fit(spy, { epochs: 2 });
    expect(await hex(whole.saveWeights())).toBe(await hex(model.saveWeights()));
  });
  test('evaluate gives the means over samples', async () => {
    const model = await tiny.createModel({ seed: 2 });
    const { kind } = await model.predict({ x: data.x });
    const losses = [...data.truth].map((truth, i) => -Math.log(kind![2 * i + truth]!));
    const right = [...data.truth].filter((truth, i) => kind![2 * i + truth]! > 0.5);
    const scores = await model.evaluate(data);
    expect(scores['loss']).toBeCloseTo(losses.reduce((a, b) => a + b, 0) / 18, 5);
    expect(scores['accuracy']).toBeCloseTo(right.length / 18, 9);
  });
});

describe('data', () => {
  test('a dataset gives the same as arrays, and is read one batch ahead', async () => {
    const log: string[] = [];
    const [a, b] = [await tiny.createModel({ seed: 1 }), await tiny.createModel({ seed: 1 })];
    await a.fit(data, { epochs: 2 });
    await b.fit(
      asDataset(data, (what) => log.push(what)),
      { epochs: 2, onBatchEnd: ({ batch }) => void log.push(`step ${batch}`) },
    );
    expect(await hex(b.saveWeights())).toBe(await hex(a.saveWeights()));
    expect(log.slice(0, 6)).toEqual(['read 1', 'read 2', 'step 1', 'read 3', 'step 2', 'read 4']);
    expect(log.filter((what) => what.startsWith('read'))).toHaveLength(10);
  });
  test('what reading throws comes out', async () => {
    const model = await tiny.createModel({ seed: 1 });
    const dataset = asDataset(data);
    let reads = 0;
    const broken = {
      ...dataset,
      read: (indices: Uint32Array, into: never) => {
        if (++reads === 3) throw new Error('disk full');
        return dataset.read(indices, into);
      },
    };
    expect((await failure(model.fit(broken))).message).toBe('disk full');
    expect(await model.fit(data, { epochs: 1 })).toHaveLength(1);
  });
  test.each([2, -1, 7])('the class %d does not exist', async (truth) => {
    const model = await tiny.createModel({ seed: 1 });
    const before = await hex(model.saveWeights());
    const wrong = { x: data.x, truth: data.truth.with(17, truth) };
    for (const given of [wrong, asDataset(wrong)]) {
      expect(await failure(model.fit(given, { shuffle: false, epochs: 1 }))).toMatchObject({ code: 'label' });
    }
    expect(await failure(model.evaluate(wrong))).toMatchObject({
      code: 'label',
      details: { name: 'truth', place: 17 },
    });
    // Of the arrays nothing was used; of the dataset the batches before.
    expect(await hex(model.saveWeights())).not.toBe(before);
  });
  test('the classes are counted by the loss where the output names none', async () => {
    const text = tinyText.replace('(classes: ["a", "b"])', '');
    const model = await (await moduleOf(text)).createModel({ seed: 1 });
    const wrong = { x: data.x, truth: data.truth.with(17, 2) };
    expect(await failure(model.fit(wrong))).toMatchObject({ code: 'label', details: { place: 17 } });
    expect(await model.fit(data, { epochs: 1 })).toHaveLength(1);
  });
  test('empty or incomplete', async () => {
    const model = await tiny.createModel({ seed: 1 });
    for (const wrong of [
      { x: data.x },
      { ...data, truth: new Float32Array(18) },
      points(0),
      { ...asDataset(data), size: 0 },
    ]) {
      expect(await failure(model.fit(wrong as typeof data))).toMatchObject({ code: 'input' });
    }
    expect((await failure(model.fit(undefined as never))).message).toContain('`x`');
  });
});

describe('turns', () => {
  test('predict and evaluate in callbacks see the weights of that moment', async () => {
    const model = await tiny.createModel({ seed: 1 });
    const seen: unknown[] = [];
    const again: unknown[] = [];
    await model.fit(data, {
      epochs: 2,
      onEpochEnd: async () => {
        seen.push(await model.predict({ x: data.x }), await model.evaluate(validation));
        const copy = await tiny.createModel({ weights: await model.saveWeights() });
        again.push(await copy.predict({ x: data.x }), await copy.evaluate(validation));
      },
    });
    expect(seen).toEqual(again);
    expect(seen[0]).not.toEqual(seen[2]);
  });
  test('loadWeights and a second fit are refused during fit', async () => {
    const model = await tiny.createModel({ seed: 1 });
    const weights = await model.saveWeights();
    const codes: string[] = [];
    await model.fit(data, {
      epochs: 1,
      onEpochEnd: async () => {
        codes.push((await failure(model.loadWeights(weights))).code, (await failure(model.fit(data))).code);
      },
    });
    expect(codes).toEqual(['busy', 'busy']);
    await model.loadWeights(weights);
  });
  test('dispose stops a fit', async () => {
    const model = await tiny.createModel({ seed: 1 });
    const fit = model.fit(data, {
      epochs: 1000,
      onBatchEnd: ({ batch }) => (batch === 2 ? model.dispose() : undefined),
    });
    expect(await failure(fit)).toMatchObject({ code: 'disposed' });
  });
  test('the event loop runs while fit does', async () => {
    const model = await tiny.createModel({ seed: 1 });
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    const began = performance.now();
    await model
      .fit(points(400), {
        epochs: 1e9,
        onEpochEnd: () => {
          if (performance.now() - began > 300) throw new Error('enough');
        },
      })
      .catch(() => {});
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(3);
  });
  test('a callback that throws ends fit', async () => {
    const model = await tiny.createModel({ seed: 1 });
    expect(
      (await failure(model.fit(data, { onBatchEnd: () => Promise.reject(new Error('mine')) }))).message,
    ).toBe('mine');
    expect(await model.fit(data, { epochs: 1 })).toHaveLength(1);
  });
});

describe('numbers that are not finite', () => {
  const spoiled = (value: number) => ({ x: data.x.with(7 * 3, value), truth: data.truth });

  test('never reach the weights', async () => {
    const model = await tiny.createModel({ seed: 1 });
    const states: string[] = [];
    const error = await failure(
      model.fit(spoiled(NaN), {
        shuffle: false,
        onBatchEnd: async () => void states.push(await hex(model.saveWeights())),
      }),
    );
    expect(error).toMatchObject({ code: 'not-finite' });
    expect(error.message).toContain('step 2 (epoch 1, batch 2)');
    expect(error.message).toContain('`x`');
    expect(states).toHaveLength(1);
    expect(await hex(model.saveWeights())).toBe(states[0]);
  });
  test('are traced to the layer that first had them', async () => {
    const text = tinyText.replace('activation: tanh', 'kernel_initializer: constant(1e20)');
    const model = await (await moduleOf(text)).createModel({ seed: 1 });
    const error = await failure(model.fit(spoiled(1e30), { shuffle: false }));
    expect(error).toMatchObject({ code: 'not-finite', details: { value: Infinity } });
    expect(error.message).toMatch(/`hidden` \(model\.cnn:4\)/);
  });
  test('are traced to a weight that an update made infinite', async () => {
    const text = tinyText.replace('Adam(learning_rate: 0.02)', 'SGD(learning_rate: 3e38, momentum: 0.9)');
    const model = await (await moduleOf(text)).createModel({ seed: 1 });
    const error = await failure(model.fit(data, { shuffle: false }));
    expect(error).toMatchObject({ code: 'not-finite' });
    expect(error.message).toMatch(/the weight `[a-z.]+` is the first to give/);
  });
  test('leave a checkpoint of the step before', async () => {
    const model = await tiny.createModel({ seed: 1 });
    await failure(model.fit(spoiled(NaN), { shuffle: false }));
    const other = await tiny.createModel({ seed: 9 });
    await other.loadWeights(await model.saveCheckpoint());
    expect(await hex(other.saveWeights())).toBe(await hex(model.saveWeights()));
  });
});

describe('early stopping', () => {
  const options = { epochs: 60, validation, earlyStopping: { patience: 3 } };

  /** The epoch with the lowest loss on the validation data, from 0. */
  const bestOf = (history: readonly EpochRecord[]): number => {
    const losses = history.map((record) => record.validation!['loss']!);
    return losses.indexOf(Math.min(...losses));
  };

  async function overfitting(): Promise<Model> {
    // The labels of the validation data are turned round: it gets worse sooner or later.
    return tiny.createModel({ seed: 1 });
  }

  test('stops some epochs after the best and puts its weights back', async () => {
    const model = await overfitting();
    const turned = { x: validation.x, truth: validation.truth.map((truth) => 1 - truth) };
    const states: string[] = [];
    const history = await model.fit(data, {
      ...options,
      validation: turned,
      onEpochEnd: async () => void states.push(await hex(model.saveWeights())),
    });
    const best = bestOf(history);
    expect(history).toHaveLength(best + 1 + 3);
    expect(history.length).toBeLessThan(60);
    expect(await hex(model.saveWeights())).toBe(states[best]);
    expect(await hex(model.saveWeights())).not.toBe(states.at(-1));
  });
  test('may keep the last weights', async () => {
    const model = await overfitting();
    let last = '';
    await model.fit(data, {
      ...options,
      validation: { x: validation.x, truth: validation.truth.map((truth) => 1 - truth) },
      earlyStopping: { patience: 1, restoreBest: false },
      onEpochEnd: async () => void (last = await hex(model.saveWeights())),
    });
    expect(await hex(model.saveWeights())).toBe(last);
  });
  test('an accuracy should rise', async () => {
    const model = await overfitting();
    const history = await model.fit(data, {
      ...options,
      earlyStopping: { monitor: 'accuracy', patience: 2 },
    });
    const accuracies = history.map((record) => record.validation!['accuracy']!);
    expect(accuracies.lastIndexOf(Math.max(...accuracies))).toBeLessThanOrEqual(history.length - 1);
    expect(accuracies.indexOf(Math.max(...accuracies))).toBe(history.length - 3);
  });
  test.each([
    [{ earlyStopping: { patience: 1 } }, 'validation'],
    [{ validation, earlyStopping: { patience: 1, monitor: 'f1' } }, 'accuracy'],
    [{ validation, earlyStopping: { patience: NaN } }, 'patience'],
    [{ snapshotEvery: -2 }, 'snapshotEvery: -2'],
    [{ snapshotEvery: 2.5 }, 'snapshotEvery: 2.5'],
  ])('%j is refused', async (wrong, message) => {
    const error = await failure((await overfitting()).fit(data, wrong));
    expect(error).toMatchObject({ code: 'options' });
    expect(error.message).toContain(message);
  });
});
