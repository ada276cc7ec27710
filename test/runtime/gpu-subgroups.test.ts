/** Modules with shaders for subgroups: the same numbers as without, also on a GPU that has none. */
import { expect, test } from 'vitest';
import type { CompileOptions } from '../../compiler/compile.ts';
import type { GpuDeviceLike, GpuLike, GpuOptions } from '../../runtime/types.ts';
import { adapter, describeGpu } from '../support/gpu.ts';
import { closeTo } from '../support/close.ts';
import { compileText, importFiles } from '../support/module.ts';
import type { Model } from './tiny.ts';
import { moduleOf, points, tinyText } from './tiny.ts';

/** Rows that are long enough for threads to share them. */
const names = Array.from({ length: 50 }, (_, i) => `"class ${i}"`);
const text = tinyText
  .replace('Dense(6,', 'Dense(100,')
  .replace('Dense(2,', 'Dense(50,')
  .replace('["a", "b"]', `[${names.join(', ')}]`);

const build = (options: CompileOptions) => compileText(text, { target: 'wgsl', language: 'js', ...options });

const create = async (options: CompileOptions, more: GpuOptions): Promise<Model> => {
  const module = (await importFiles(build(options).files)) as unknown as {
    createModel(options: GpuOptions): Promise<Model>;
  };
  return module.createModel({ seed: 7, ...more });
};

const features = ['subgroups'] as const;

test('only who asks has shaders for subgroups', () => {
  const [plain, asked] = [build({}), build({ features })].map(({ files }) =>
    files.map(({ path, content }) => ({ path, shaders: content.match(/subgroupAdd\(/g)?.length ?? 0 })),
  );
  expect(plain!.filter(({ shaders }) => shaders > 0)).toEqual([]);
  expect(plain!.map(({ path }) => path)).not.toContain('model.subgroups.wgsl');
  const having = asked!.filter(({ shaders }) => shaders > 0).map(({ path }) => path);
  expect(having).toEqual(['model.gpu.js', 'model.subgroups.wgsl']);
  // A CPU has none of this.
  expect(compileText(text, { features }).files).toEqual(compileText(text).files);
});

describeGpu('a module with shaders for subgroups', () => {
  const gpu = adapter?.gpu as GpuLike;
  const data = points(13);

  test('gives what others give, and says where there are no subgroups', async () => {
    const cpu = await (await moduleOf(text)).createModel({ seed: 7 });
    // An adapter gives one device only; that of the tests may be in use.
    const other = await adapter!.gpu.requestAdapter();
    const device = (await other!.requestDevice()) as unknown as GpuDeviceLike;
    const has = adapter!.adapter.features.has('subgroups');
    const reason = 'shaders: this GPU has no subgroups';
    const models = [
      { model: await create({ features }, { gpu }), reason: has ? undefined : reason },
      { model: await create({ features }, { device }), reason },
      { model: await create({}, { gpu }), reason: undefined },
    ];
    const expected = await cpu.predict({ x: data.x });
    const [history] = await cpu.fit(data, { epochs: 1 });
    for (const { model, reason } of models) {
      expect(model.info.reason).toBe(reason);
      closeTo((await model.predict({ x: data.x }))['kind']!, expected['kind']!, 1e-4);
      const [found] = await model.fit(data, { epochs: 1 });
      expect(found!.train['loss']).toBeCloseTo(history!.train['loss']!, 3);
      await model.dispose();
    }
  });
});
