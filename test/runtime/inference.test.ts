import { beforeAll, describe, expect, test } from 'vitest';
import { readSafetensors } from '../../runtime/safetensors.ts';
import { compileText, importFiles } from '../support/module.ts';
import type { Model, TinyModule } from './tiny.ts';
import { failure, hex, moduleOf, points, tinyText } from './tiny.ts';

let tiny: TinyModule;
let model: Model;
beforeAll(async () => {
  tiny = await moduleOf(tinyText);
  model = await tiny.createModel({ seed: 3 });
});

describe('createModel', () => {
  test('needs weights or a seed', async () => {
    expect(await failure(tiny.createModel())).toMatchObject({ name: 'ModelError', code: 'options' });
    expect(await failure(tiny.createModel({}))).toMatchObject({ code: 'options' });
  });
  test.each([-1, 0.5, NaN, 2 ** 32])('refuses the seed %d', async (seed) => {
    expect(await failure(tiny.createModel({ seed }))).toMatchObject({ code: 'options' });
  });
  test.each([
    ['a path', 'tiny.safetensors'],
    ['a promise', Promise.resolve(new Uint8Array(8))],
  ])('refuses %s as weights', async (_, weights) => {
    const options = { weights: weights as unknown as Uint8Array };
    expect(await failure(tiny.createModel(options))).toMatchObject({
      code: 'weights-format',
      message: 'weights are bytes: a Uint8Array or ArrayBuffer',
    });
  });
  test('the seed decides the weights', async () => {
    const weights = (seed: number) => tiny.createModel({ seed }).then((made) => hex(made.saveWeights()));
    expect(await weights(3)).toBe(await weights(3));
    expect(await weights(3)).not.toBe(await weights(4));
  });
  test('says what the model is', () => {
    expect(model.info).toMatchObject({
      name: 'Tiny',
      target: 'wasm',
      threads: 1,
      parameters: 18 + 6 + 12 + 12 + 2,
    });
    expect(model.info.maxBatch).toMatchObject({ infer: 1, step: 4, evaluate: 4 });
    expect(model.info.memory['weights']).toBeGreaterThan(50 * 4);
  });
});

describe('predict', () => {
  test('any number of samples gives the same numbers as one by one, at any maxBatch', async () => {
    const wide = await moduleOf(tinyText, { batchSize: 4 });
    const other = await wide.createModel({ seed: 3 });
    const { x } = points(9);
    const { kind: all } = await model.predict({ x });
    for (const count of [0, 1, 3, 4, 5, 9]) {
      const { kind } = await other.predict({ x: x.subarray(0, count * 3) });
      expect(kind).toEqual(all!.subarray(0, count * 2));
    }
    for (let i = 0; i < 9; i++) expect(all![2 * i]! + all![2 * i + 1]!).toBeCloseTo(1, 6);
  });
  test('gives copies', async () => {
    const { x } = points(2);
    const first = await model.predict({ x });
    const kept = first['kind']!.slice();
    await model.predict(points(2, 5));
    expect(first['kind']).toEqual(kept);
  });
  test('calls at the same time take turns', async () => {
    const { x } = points(8);
    const separate = [];
    for (let i = 0; i < 8; i++)
      separate.push((await model.predict({ x: x.slice(3 * i, 3 * i + 3) }))['kind']);
    const together = await Promise.all(
      separate.map((_, i) => model.predict({ x: x.slice(3 * i, 3 * i + 3) })),
    );
    expect(together.map(({ kind }) => kind)).toEqual(separate);
  });
  test.each([
    ['nothing', {}, '`x` takes Float32Array, 3 per sample, but got nothing'],
    ['another type', { x: new Float64Array(3) }, 'Float64Array'],
    ['a list', { x: [1, 2, 3] }, 'Array'],
    ['a part of a sample', { x: new Float32Array(4) }, 'per sample, but got 4'],
    ['null', null, '`x`'],
  ])('refuses %s', async (_, inputs, message) => {
    const error = await failure(model.predict(inputs as unknown as { x: Float32Array }));
    expect(error).toMatchObject({ code: 'input' });
    expect(error.message).toContain(message);
  });
  test('inputs must agree in the number of samples', async () => {
    const { createModel } = await moduleOf(
      'model Two { input a: f32[1] input b: f32[2] [a, b] -> Concatenate -> output y }',
    );
    const two = await createModel({ seed: 0 });
    expect((await two.predict({ a: Float32Array.of(1, 4), b: Float32Array.of(2, 3, 5, 6) }))['y']).toEqual(
      Float32Array.of(1, 2, 3, 4, 5, 6),
    );
    const error = await failure(two.predict({ a: new Float32Array(2), b: new Float32Array(6) }));
    expect(error).toMatchObject({ code: 'input', message: 'the numbers of samples differ: `a` 2, `b` 3' });
  });
});

describe('weights', () => {
  test('saved and loaded they are the same model', async () => {
    const other = await tiny.createModel({ weights: await model.saveWeights() });
    const { x } = points(5);
    expect(await other.predict({ x })).toEqual(await model.predict({ x }));
  });
  test('as an ArrayBuffer, as fetch gives them', async () => {
    const bytes = await model.saveWeights();
    const buffer = bytes.slice().buffer;
    const other = await tiny.createModel({ weights: buffer });
    await other.loadWeights(buffer);
    expect(await hex(other.saveWeights())).toBe(await hex(bytes));
  });
  test('of one layer only', async () => {
    const other = await tiny.createModel({ seed: 9 });
    const { x } = points(5);
    await other.loadWeights(await model.saveWeights(), { only: 'hidden' });
    expect(await other.predict({ x })).not.toEqual(await model.predict({ x }));
    await other.loadWeights(await model.saveWeights(), { only: 'head' });
    await other.loadWeights(await model.saveWeights(), { only: 'batch_normalization' });
    expect(await other.predict({ x })).toEqual(await model.predict({ x }));
  });
  test('of the model that is used as one layer', async () => {
    const outer = `${tinyText}model Outer {
  input x: f32[3]
  x -> Tiny as inner -> Dense(2) as head -> output kind
}
`;
    const other = await (await moduleOf(outer, { model: 'Outer' })).createModel({ seed: 9 });
    const { x } = points(5);
    const head = (file: Uint8Array) => readSafetensors(file).tensors.get('head.kernel')!.data;
    const before = head(await other.saveWeights());
    await other.loadWeights(await model.saveWeights(), { only: 'inner' });
    const after = await other.saveWeights();
    expect(head(after)).toEqual(before);
    const { tensors } = readSafetensors(await model.saveWeights());
    for (const [name, { data }] of tensors) {
      expect(readSafetensors(after).tensors.get(`inner.${name}`)?.data).toEqual(data);
    }
    expect((await other.predict({ x }))['kind']).toHaveLength(10);
  });
  test('that do not fit leave the model as it was', async () => {
    const before = await hex(model.saveWeights());
    const bytes = await model.saveWeights();
    const wide = await moduleOf(tinyText.replace('Dense(6', 'Dense(7'));
    const foreign = await (await wide.createModel({ seed: 1 })).saveWeights();
    expect(await failure(model.loadWeights(foreign))).toMatchObject({ code: 'weights-mismatch' });
    expect(await failure(model.loadWeights(bytes.subarray(0, bytes.length - 1)))).toMatchObject({
      code: 'weights-format',
    });
    expect(await failure(model.loadWeights(bytes, { only: 'hid' }))).toMatchObject({
      code: 'weights-mismatch',
    });
    expect(await hex(model.saveWeights())).toBe(before);
  });
  test('change what is computed from them beforehand', async () => {
    // BatchNormalization is folded into the weights of the layer before when they are loaded.
    const other = await tiny.createModel({ seed: 8 });
    const { x } = points(3);
    await other.predict({ x });
    await other.loadWeights(await model.saveWeights());
    expect(await other.predict({ x })).toEqual(await model.predict({ x }));
  });
});

describe('dispose', () => {
  test('ends everything', async () => {
    const gone = await tiny.createModel({ seed: 1 });
    await gone.dispose();
    await gone.dispose();
    for (const call of [
      gone.predict(points(1)),
      gone.saveWeights(),
      gone.fit(points(4)),
      gone.evaluate(points(4)),
    ]) {
      expect(await failure(call)).toMatchObject({ code: 'disposed' });
    }
  });
});

describe('a module for inference', () => {
  test('has no training, and the same answers', async () => {
    const small = await moduleOf(tinyText, { inference: true });
    const other = await small.createModel({ weights: await model.saveWeights() });
    expect(other).not.toHaveProperty('fit');
    expect(other).not.toHaveProperty('evaluate');
    const { x } = points(4);
    expect(await other.predict({ x })).toEqual(await model.predict({ x }));
  });
  test('with weights inside', async () => {
    const weights = await model.saveWeights();
    const { x } = points(50);
    const answer = (await model.predict({ x }))['kind']!;
    const full = await (await moduleOf(tinyText, { inference: true, weights })).createModel();
    expect((await full.predict({ x }))['kind']).toEqual(answer);
    const half = await (
      await moduleOf(tinyText, { inference: true, weights, weightsFormat: 'f16' })
    ).createModel();
    const rounded = (await half.predict({ x }))['kind']!;
    expect(rounded).not.toEqual(answer);
    rounded.forEach((value, i) => expect(Math.abs(value - answer[i]!)).toBeLessThan(2e-3));
  });
  test('weights of another model are not embedded', async () => {
    const wide = await moduleOf(tinyText.replace('Dense(6', 'Dense(7'));
    const weights = await (await wide.createModel({ seed: 1 })).saveWeights();
    expect(() => compileText(tinyText, { weights })).toThrow(
      expect.objectContaining({ code: 'weights-mismatch' }),
    );
  });
  test('more than 32 MB are not embedded', async () => {
    const text = 'model Large { input x: f32[3000] x -> Dense(3000, kernel_initializer: zeros) -> output y }';
    const large = (await importFiles(compileText(text).files)) as unknown as TinyModule;
    const weights = await (await large.createModel({ seed: 1 })).saveWeights();
    const compiled = () => compileText(text, { weights });
    expect(compiled).toThrow(expect.objectContaining({ code: 'weights-size' }));
  });
});
