/** Modules with shaders for f16: only who asks has them, and a GPU without f16 gives what it gives without them. */
import { expect, test } from 'vitest';
import type { CompileOptions } from '../../compiler/compile.ts';
import type { GpuDeviceLike, GpuLike, GpuOptions } from '../../runtime/types.ts';
import { adapter, describeGpu } from '../support/gpu.ts';
import { closeTo } from '../support/close.ts';
import { compileText, importFiles } from '../support/module.ts';
import type { Model } from './tiny.ts';
import { points, tinyText } from './tiny.ts';

/** Weights of which an f16 copy is worth it. */
const text = tinyText.replace('Dense(6,', 'Dense(600,');
const build = (options: CompileOptions) => compileText(text, { target: 'wgsl', language: 'js', ...options });
const features = ['f16'] as const;

const create = async (options: CompileOptions, more: GpuOptions): Promise<Model> => {
  const module = (await importFiles(build(options).files)) as unknown as {
    createModel(options: GpuOptions): Promise<Model>;
  };
  return module.createModel({ seed: 7, ...more });
};

test('only who asks has shaders for f16, and they are not among those for any device', () => {
  const [plain, asked, both] = [{}, { features }, { features: ['subgroups', ...features] as const }].map(
    (options) => new Map(build(options).files.map(({ path, content }) => [path, content])),
  );
  const halves = (files: Map<string, string> | undefined) =>
    [...(files ?? [])].filter(([, content]) => /: array<(?:f16|vec4h)>/u.test(content)).map(([path]) => path);
  expect(halves(plain)).toEqual([]);
  expect(halves(asked)).toEqual(['model.gpu.js', 'model.f16.wgsl']);
  expect(asked?.get('model.wgsl')).toBe(plain?.get('model.wgsl'));
  expect(asked?.get('model.f16.wgsl')).toMatch(/^\/\/ .*\n\nenable f16;\n/u);
  expect([...(both ?? [])].map(([path]) => path)).toEqual([
    'model.gpu.js',
    'model.gpu.d.ts',
    'model.wgsl',
    'model.subgroups.wgsl',
    'model.f16.wgsl',
  ]);
  // A CPU has none of this.
  expect(compileText(text, { features }).files).toEqual(compileText(text).files);
});

test('a model in which all is small has none', () => {
  expect(compileText(tinyText, { target: 'wgsl', language: 'js', features }).files).toEqual(
    compileText(tinyText, { target: 'wgsl', language: 'js' }).files,
  );
});

describeGpu('a module with shaders for f16', () => {
  const gpu = adapter?.gpu as GpuLike;
  const data = points(13);

  test('says where there is no f16, and predicts and trains as without', async () => {
    // An adapter gives one device only; that of the tests may be in use.
    const other = await adapter!.gpu.requestAdapter();
    const device = (await other!.requestDevice()) as unknown as GpuDeviceLike;
    const plain = await create({}, { gpu });
    expect(plain.info).not.toHaveProperty('precision');
    const expected = await plain.predict({ x: data.x });
    const [history] = await plain.fit(data, { epochs: 1 });
    const has = adapter!.adapter.features.has('shader-f16');
    for (const own of [false, true]) {
      const model = await create({ features }, own ? { gpu } : { device });
      const halves = own && has;
      expect(model.info).toMatchObject({ target: 'wgsl', precision: halves ? 'f16' : 'f32' });
      expect(model.info.reason).toBe(halves ? undefined : 'precision: this GPU has no shader-f16');
      closeTo((await model.predict({ x: data.x }))['kind']!, expected['kind']!, halves ? 1e-2 : 1e-6);
      expect(Object.keys(model.info.memory)).toEqual(Object.keys(plain.info.memory));
      const [found] = await model.fit(data, { epochs: 1 });
      expect(found!.train).toEqual(history!.train);
      await model.dispose();
    }
    await plain.dispose();
  });
});
