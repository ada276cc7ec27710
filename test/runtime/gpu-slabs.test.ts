/** Memory of a GPU in several buffers: the same bits as in one. */
import { expect, test } from 'vitest';
import { emitModule } from '../../compiler/emit/ts/index.ts';
import { emitWgsl } from '../../compiler/emit/wgsl/index.ts';
import { analyze } from '../../compiler/frontend/index.ts';
import type { Model as Analyzed } from '../../compiler/frontend/model.ts';
import { buildProgram } from '../../compiler/program/build.ts';
import { targets } from '../../compiler/program/target.ts';
import type { GpuLike, GpuOptions } from '../../runtime/types.ts';
import { adapter, describeGpu } from '../support/gpu.ts';
import { importFiles } from '../support/module.ts';
import type { Model } from './tiny.ts';
import { hex, points, tinyText } from './tiny.ts';

interface GpuModule {
  createModel(options?: GpuOptions): Promise<Model>;
}

const gpu = adapter?.gpu as GpuLike;

/** The module of a target whose memory comes in buffers of so many bytes, and its text. */
async function inSlabs(slabBytes: number): Promise<{ module: GpuModule; text: string }> {
  const model = analyze({ entry: 'tiny.cnn', read: () => tinyText }).model as Analyzed;
  const { program } = buildProgram(model, { target: { ...targets.wgsl, slabBytes } });
  const files = emitModule([{ program, wgsl: emitWgsl(program) }], {
    target: 'js',
    sourceName: 'tiny.cnn',
    inference: false,
    threads: false,
    weightsFormat: 'f32',
  });
  const module = (await importFiles(files)) as unknown as GpuModule;
  return { module, text: files[0]?.content ?? '' };
}

test('one buffer is not mentioned', async () => {
  expect((await inSlabs(2 ** 27)).text).not.toMatch(/\bslab: /);
  expect((await inSlabs(1024)).text).toMatch(/\bslab: 1024,/);
});

describeGpu('a module with several buffers', () => {
  test('trains, predicts and saves the bits that one with a single buffer does', async () => {
    const data = points(13);
    const ends = await Promise.all(
      [1024, 2 ** 27].map(async (slabBytes) => {
        const { module } = await inSlabs(slabBytes);
        const model = await module.createModel({ seed: 7, gpu });
        const history = await model.fit(data, { epochs: 2, validation: points(6, 3) });
        const { kind } = await model.predict({ x: data.x });
        const weights = await model.saveWeights();
        await model.dispose();
        const again = await module.createModel({ weights, gpu });
        const restored = (await again.predict({ x: data.x }))['kind'];
        await again.dispose();
        expect([...(restored ?? [])]).toEqual([...(kind ?? [])]);
        return [
          history.map(({ train, validation }) => [train, validation]),
          [...(kind ?? [])],
          await hex(weights),
        ];
      }),
    );
    expect(ends[0]).toEqual(ends[1]);
  });
});
