/** What goes wrong on a GPU: devices that are lost, shaders that are refused, devices that are shared. */
import { beforeAll, expect, test } from 'vitest';
import { readSafetensors } from '../../runtime/safetensors.ts';
import type { GpuDeviceLike, GpuLike, GpuOptions } from '../../runtime/types.ts';
import { adapter, describeGpu } from '../support/gpu.ts';
import { compileText, importFiles } from '../support/module.ts';
import type { Model } from './tiny.ts';
import { asDataset, failure, hex, points, tinyText } from './tiny.ts';

type Device = GpuDeviceLike & { destroy(): void; readonly lost: Promise<unknown> };

interface GpuModule {
  createModel(options?: GpuOptions): Promise<Model>;
}

const gpu = adapter?.gpu as GpuLike;
const newDevice = async (): Promise<Device> => {
  const found = (await gpu.requestAdapter()) as { requestDevice(): Promise<Device> };
  return found.requestDevice();
};
const { files } = compileText(tinyText, { target: 'wgsl', language: 'js' });
const data = points(13);

describeGpu('a device that is lost', () => {
  let module: GpuModule;
  beforeAll(async () => {
    module = (await importFiles(files)) as unknown as GpuModule;
  });

  test.each([
    ['the end of an epoch', undefined],
    ['every second step', 2],
  ])('in the middle of an epoch: a new model goes on from %s', async (_, every) => {
    const options = { epochs: 3, ...(every !== undefined && { snapshotEvery: every }) };
    const whole = await module.createModel({ seed: 7, gpu });
    await whole.fit(asDataset(data), options);
    const device = await newDevice();
    const model = await module.createModel({ seed: 7, device });
    const onBatchEnd = ({ epoch, batch }: { epoch: number; batch: number }): void => {
      if (epoch === 2 && batch === 3) device.destroy();
    };
    const error = await failure(model.fit(asDataset(data), { ...options, onBatchEnd }));
    expect(error.code).toBe('device-lost');
    const { snapshot } = error.details as { snapshot: Uint8Array };
    const [, { epoch, batch }] = JSON.parse(
      readSafetensors(snapshot).metadata['cnnc.checkpoint'] as string,
    ) as [number, { epoch: number; batch: number }];
    expect([epoch, batch]).toEqual([1, every === undefined ? 0 : 2]);
    for (const call of [
      () => model.predict({ x: data.x }),
      () => model.evaluate(data),
      () => model.fit(data),
      () => model.saveWeights(),
      () => model.saveCheckpoint(),
      () => model.loadWeights(snapshot),
    ]) {
      const later = await failure(call());
      expect(later.code).toBe('device-lost');
      expect(later.details['snapshot']).toBe(snapshot);
    }
    await model.dispose();
    const next = await module.createModel({ weights: snapshot, gpu });
    await next.fit(asDataset(data), { ...options, resume: snapshot });
    expect(await hex(next.saveWeights())).toBe(await hex(whole.saveWeights()));
    for (const each of [whole, next]) await each.dispose();
  });

  test('a snapshot goes on with the data that it was made with, and with no others', async () => {
    const device = await newDevice();
    const model = await module.createModel({ seed: 7, device });
    const onBatchEnd = (): void => device.destroy();
    const { details } = await failure(model.fit(data, { epochs: 2, onBatchEnd }));
    await model.dispose();
    const resume = details['snapshot'] as Uint8Array;
    const next = await module.createModel({ weights: resume, gpu });
    const others = points(13, 2);
    const error = await failure(next.fit(others, { epochs: 2, resume }));
    expect(error).toMatchObject({ code: 'checkpoint', message: expect.stringContaining('data') as string });
    expect(await next.fit(data, { epochs: 2, resume })).toHaveLength(2);
    await next.dispose();
  });

  test('while a call waits', async () => {
    const device = await newDevice();
    const model = await module.createModel({ seed: 7, device });
    const pending = failure(model.predict({ x: data.x }));
    device.destroy();
    expect((await pending).code).toBe('device-lost');
    await model.dispose();
  });

  test('before the model is made', async () => {
    const device = await newDevice();
    device.destroy();
    await device.lost;
    expect((await failure(module.createModel({ seed: 7, device }))).code).toBe('device-lost');
  });

  test('with its model, in the middle of an epoch', async () => {
    const model = await module.createModel({ seed: 7, gpu });
    const onBatchEnd = ({ batch }: { batch: number }): unknown => (batch === 2 ? model.dispose() : undefined);
    const fit = model.fit(asDataset(data), {
      epochs: 100,
      onBatchEnd: async (at) => void (await onBatchEnd(at)),
    });
    expect((await failure(fit)).code).toBe('disposed');
  });

  test('is not the end of a device that two models share', async () => {
    const device = await newDevice();
    const [a, b] = [
      await module.createModel({ seed: 7, device }),
      await module.createModel({ seed: 7, device }),
    ];
    const before = await a.predict({ x: data.x });
    await a.fit(data, { epochs: 1 });
    await a.dispose();
    expect(await b.predict({ x: data.x })).toEqual(before);
    await b.dispose();
    device.destroy();
  });
});

describeGpu('a shader that is refused', () => {
  test('is named, with its line', async () => {
    const broken = files.map((file) => ({
      ...file,
      content: file.content.replace(/^fn matmul_kernel_gradient.*$/m, '$&\n  let wrong: f32 = 1u;'),
    }));
    const module = (await importFiles(broken)) as unknown as GpuModule;
    const error = await failure(module.createModel({ seed: 7, gpu }));
    expect(error.code).toBe('gpu-shader');
    expect(error.message).toMatch(
      /^the shader `matmul_kernel_gradient` is refused: [^]*\n\d+ \| let wrong: f32 = 1u;$/,
    );
    expect(error.details).toMatchObject({ kernel: 'matmul_kernel_gradient', text: 'let wrong: f32 = 1u;' });
  });
});

describeGpu('a model that is too large', () => {
  test('says how much room it needs', async () => {
    const device = await newDevice();
    const full = new Proxy(device, {
      get(target, key) {
        if (key === 'popErrorScope') return async () => ({ message: 'no more' });
        const value: unknown = Reflect.get(target, key);
        return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      },
    });
    const module = (await importFiles(files)) as unknown as GpuModule;
    const error = await failure(module.createModel({ seed: 7, device: full }));
    expect(error.code).toBe('memory');
    expect(error.message).toMatch(/^the GPU has no room for \d+ bytes: no more$/);
    device.destroy();
  });

  test('is refused before anything is allocated, or asks for more than every device has', async () => {
    const { content } = files.find(({ path }) => path.endsWith('.js'))!;
    const large = content.replace(/(maxBufferSize: )\d+/, `$1${2 ** 28 + 256}`);
    expect(large).not.toBe(content);
    const module = (await importFiles([{ path: 'm.js', content: large }])) as unknown as GpuModule;
    const device = await newDevice();
    const error = await failure(module.createModel({ seed: 7, device }));
    expect(error.code).toBe('gpu-limits');
    expect(error.details).toEqual({ limit: 'maxBufferSize', needed: 2 ** 28 + 256, given: 2 ** 28 });
    const model = await module.createModel({ seed: 7, gpu });
    expect((await model.predict({ x: data.x }))['kind']!.length).toBe(26);
    await model.dispose();
    device.destroy();
  });
});
