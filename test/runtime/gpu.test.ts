/** Generated modules on WebGPU: the same API and the same numbers as on the CPU. */
import { beforeAll, describe, expect, test } from 'vitest';
import type { CompileOptions } from '../../compiler/compile.ts';
import type { Batch, FitOptions, GpuLike, GpuOptions, Progress } from '../../runtime/types.ts';
import { adapter, describeGpu } from '../support/gpu.ts';
import { compileText, importFiles } from '../support/module.ts';
import type { Model } from './tiny.ts';
import { asDataset, failure, hex, moduleOf, points, tinyText } from './tiny.ts';

export interface GpuModule {
  createModel(options?: GpuOptions): Promise<Model>;
}

const gpu = adapter?.gpu as GpuLike;

async function gpuModuleOf(text: string, options: CompileOptions = {}): Promise<GpuModule> {
  const { files } = compileText(text, { target: 'wgsl', language: 'js', ...options });
  return (await importFiles(files)) as unknown as GpuModule;
}

/** Whether two arrays agree to `tolerance` of the largest number. */
function expectClose(a: ArrayLike<number>, b: ArrayLike<number>, tolerance = 1e-5): void {
  const list = Array.from(b);
  const scale = Math.max(1e-6, ...list.map(Math.abs));
  expect(a.length).toBe(b.length);
  const far = Array.from(a).findIndex((value, i) => !(Math.abs(value - list[i]!) <= tolerance * scale));
  expect(far, `${a[far]} and ${b[far]} at ${far}`).toBe(-1);
}

const data = points(13);
const options: FitOptions<Batch> = { epochs: 2, validation: points(6, 3) };

describeGpu('a module on WebGPU', () => {
  let module: GpuModule;
  let cpu: Model;
  let weights: Uint8Array;
  beforeAll(async () => {
    module = await gpuModuleOf(tinyText);
    cpu = await (await moduleOf(tinyText)).createModel({ seed: 7 });
    weights = await cpu.saveWeights();
  });

  test('says what it runs on', async () => {
    const model = await module.createModel({ seed: 7, gpu });
    expect(model.info).toMatchObject({ target: 'wgsl', name: 'Tiny' });
    expect(adapter?.name).toContain((model.info.adapter ?? '').split(' ')[0]);
    await model.dispose();
    expect((await failure(model.predict({ x: data.x }))).code).toBe('disposed');
  });

  test('begins with the same weights, and gives the same predictions', async () => {
    const model = await module.createModel({ seed: 7, gpu });
    expect(await hex(model.saveWeights())).toBe(await hex(weights));
    const [there, here] = [await model.predict({ x: data.x }), await cpu.predict({ x: data.x })];
    expectClose(there['kind']!, here['kind']!);
    await model.dispose();
  });

  test('trains and evaluates as on the CPU, and its weights serve there', async () => {
    const here = await (await moduleOf(tinyText)).createModel({ seed: 7 });
    const there = await module.createModel({ weights, seed: 7, gpu });
    const [a, b] = [await here.fit(data, options), await there.fit(data, options)];
    for (const [i, { train, validation }] of a.entries()) {
      expect(b[i]!.train['loss']).toBeCloseTo(train['loss']!, 4);
      expect(b[i]!.validation!['loss']).toBeCloseTo(validation!['loss']!, 4);
      expect(b[i]!.train['accuracy']).toBe(train['accuracy']);
    }
    expect((await there.evaluate(data))['loss']).toBeCloseTo((await here.evaluate(data))['loss']!, 4);
    const trained = await there.saveWeights();
    await here.loadWeights(trained);
    const x = points(3, 5).x;
    expectClose((await here.predict({ x }))['kind']!, (await there.predict({ x }))['kind']!);
    await there.loadWeights(weights);
    expect(await hex(there.saveWeights())).toBe(await hex(weights));
    expectClose((await there.predict({ x: data.x }))['kind']!, (await cpu.predict({ x: data.x }))['kind']!);
    await there.dispose();
  });

  test('a resumed run ends in the same bits, also of a checkpoint made in a callback', async () => {
    const reported: Progress[] = [];
    const whole = await module.createModel({ weights, seed: 7, gpu });
    const history = await whole.fit(asDataset(data), {
      ...options,
      onBatchEnd: (progress) => void reported.push(progress),
    });
    expect(reported.map(({ epoch, batch }) => [epoch, batch])).toEqual(
      [1, 2].flatMap((epoch) => [1, 2, 3, 4].map((batch) => [epoch, batch])),
    );
    expect(reported.at(-1)!.scores).toEqual(history.at(-1)!.train);
    const files: Uint8Array[] = [];
    const parted = await module.createModel({ weights, seed: 7, gpu });
    const again: Progress[] = [];
    await parted.fit(asDataset(data), {
      ...options,
      onBatchEnd: async (progress) => {
        again.push(progress);
        if (progress.epoch === 1 && progress.batch === 2) files.push(await parted.saveCheckpoint());
        if (progress.batch === 3) await parted.predict({ x: data.x });
      },
    });
    expect(again).toEqual(reported);
    expect(await hex(parted.saveWeights())).toBe(await hex(whole.saveWeights()));
    const resumed = await module.createModel({ seed: 1, gpu });
    expect(await resumed.fit(asDataset(data), { ...options, resume: files[0]! })).toEqual(history);
    expect(await hex(resumed.saveCheckpoint())).toBe(await hex(whole.saveCheckpoint()));
    // A checkpoint of the GPU serves on the CPU.
    const here = await (await moduleOf(tinyText)).createModel({ seed: 1 });
    const [, last] = await here.fit(asDataset(data), { ...options, resume: files[0]! });
    expect(last!.train['loss']).toBeCloseTo(history[1]!.train['loss']!, 4);
    for (const model of [whole, parted, resumed]) await model.dispose();
  });

  test('weights saved in a callback are those of the checkpoint saved there', async () => {
    const model = await module.createModel({ weights, seed: 7, gpu });
    const pairs: [Uint8Array, Uint8Array][] = [];
    await model.fit(data, {
      epochs: 1,
      onBatchEnd: async () => void pairs.push([await model.saveWeights(), await model.saveCheckpoint()]),
    });
    const again = await module.createModel({ seed: 7, gpu });
    for (const [saved, checkpoint] of pairs) {
      await again.loadWeights(checkpoint);
      expect(await hex(again.saveWeights())).toBe(await hex(saved));
    }
    await model.dispose();
    await again.dispose();
  });

  test('an aborted call can go on from its checkpoint', async () => {
    const whole = await module.createModel({ weights, seed: 7, gpu });
    await whole.fit(asDataset(data), options);
    const stopped = await module.createModel({ weights, seed: 7, gpu });
    const controller = new AbortController();
    const error = await failure(
      stopped.fit(asDataset(data), {
        ...options,
        signal: controller.signal,
        onBatchEnd: ({ batch }) => void (batch === 2 && controller.abort()),
      }),
    );
    expect(error.code).toBe('aborted');
    const file = await stopped.saveCheckpoint();
    await stopped.fit(asDataset(data), { ...options, resume: file });
    expect(await hex(stopped.saveWeights())).toBe(await hex(whole.saveWeights()));
    for (const model of [whole, stopped]) await model.dispose();
  });

  test('early stopping ends with the best weights', async () => {
    const model = await module.createModel({ weights, seed: 7, gpu });
    const best: string[] = [];
    const history = await model.fit(data, {
      epochs: 4,
      validation: points(6, 3),
      earlyStopping: { patience: 4 },
      onEpochEnd: async () => void best.push(await hex(model.saveWeights())),
    });
    const losses = history.map(({ validation }) => validation!['loss']!);
    expect(await hex(model.saveWeights())).toBe(best[losses.indexOf(Math.min(...losses))]);
    await model.dispose();
  });

  test('a step that is not finite changes nothing, nor does the one behind it', async () => {
    const bad = { x: data.x.slice(), truth: data.truth };
    bad.x[4 * 3] = NaN;
    const model = await module.createModel({ weights, seed: 7, gpu });
    const one = await module.createModel({ weights, seed: 7, gpu });
    const error = await failure(model.fit(bad, { epochs: 1, shuffle: false }));
    expect(error.code).toBe('not-finite');
    expect(error.message).toMatch(/^step 2 \(epoch 1, batch 2\): the data of `x` is the first to give NaN/);
    await one.fit({ x: bad.x.slice(0, 12), truth: bad.truth.slice(0, 4) }, { epochs: 1, shuffle: false });
    expect(await hex(model.saveWeights())).toBe(await hex(one.saveWeights()));
    // It goes on with good data.
    expect((await model.fit(data, { epochs: 1 }))[0]!.train['loss']).toBeGreaterThan(0);
    for (const each of [model, one]) await each.dispose();
  });

  test('names the layer where numbers go bad', async () => {
    const text = tinyText.replace('Dense(2, activation: softmax) as head', 'Dense(2) as head');
    const large = await gpuModuleOf(text.replace('x\n', 'x -> multiply(1e30) -> multiply(1e30) -> square\n'));
    const model = await large.createModel({ seed: 7, gpu });
    const error = await failure(model.fit(data, { epochs: 1 }));
    expect(error.code).toBe('not-finite');
    expect(error.message).toMatch(/first to give (Infinity|NaN); the weights are those/);
    await model.dispose();
  });

  test('takes bytes and gives integers', async () => {
    const text = `model Bytes {
  input image: u8[4, 4, 1]
  image -> Rescaling(1 / 255) -> Flatten -> Dense(3) -> argmax -> output kind
}`;
    const there = await (await gpuModuleOf(text, { batchSize: 3 })).createModel({ seed: 5, gpu });
    const here = await (await moduleOf(text)).createModel({ seed: 5 });
    const image = Uint8Array.from({ length: 16 * 7 }, (_, i) => (i * 101) % 256);
    expect(await there.predict({ image })).toEqual(await here.predict({ image }));
    await there.dispose();
  });

  test('measures each launch where the GPU can', async () => {
    const seen: [string, number][] = [];
    const profile = (routine: string, times: readonly number[]): void =>
      void seen.push([routine, times.filter((time) => time >= 0).length]);
    const model = await module.createModel({ weights, gpu, profile });
    await model.predict({ x: data.x.slice(0, 3) });
    if (model.info.reason === undefined) expect(seen.map(([name]) => name)).toContain('infer');
    else expect(model.info.reason).toMatch(/^profile: .*timestamp-query/);
    await model.dispose();
  });
});

describe('without a GPU', () => {
  let module: GpuModule;
  beforeAll(async () => {
    module = await gpuModuleOf(tinyText, { inference: true });
  });
  const codeOf = async (given: GpuOptions): Promise<string> =>
    (await failure(module.createModel({ seed: 1, ...given }))).code;

  test('says why there is none', async () => {
    expect(await codeOf({})).toBe('gpu-missing');
    expect(await codeOf({ gpu: { requestAdapter: async () => null } })).toBe('gpu-adapter');
    expect(
      await codeOf({
        gpu: {
          requestAdapter: async () => {
            throw new TypeError('no such power preference');
          },
        },
      }),
    ).toBe('gpu-adapter');
    const limits = { maxBufferSize: 2 ** 28, maxStorageBufferBindingSize: 2 ** 27 };
    const fake = (maxStorageBuffersPerShaderStage: number): GpuLike => ({
      requestAdapter: async () => ({
        limits: { ...limits, maxStorageBuffersPerShaderStage },
        features: new Set(),
        requestDevice: async () => Promise.reject(new Error('busy')),
      }),
    });
    expect(await codeOf({ gpu: fake(8) })).toBe('gpu-device');
    const error = await failure(module.createModel({ seed: 1, gpu: fake(2) }));
    expect(error.code).toBe('gpu-limits');
    expect(error.details).toMatchObject({ limit: 'maxStorageBuffersPerShaderStage', given: 2 });
  });

  test('checks options and weights first', async () => {
    expect((await failure(module.createModel())).code).toBe('options');
    expect(await codeOf({ seed: -1 })).toBe('options');
    expect(await codeOf({ gpu: {} as GpuLike })).toBe('options');
    expect(await codeOf({ device: {} as NonNullable<GpuOptions['device']> })).toBe('options');
    expect(await codeOf({ weights: new Uint8Array(3) })).toBe('weights-format');
  });
});
