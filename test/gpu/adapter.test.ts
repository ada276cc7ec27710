/** What is there to run shaders on, and what the plan of a program's memory needs of it. */
import { expect, test } from 'vitest';
import { disjointRanges, problemsOf } from '../engines/shader.mjs';
import { adapter, describeGpu, device } from '../support/gpu.ts';

test('says which adapter the GPU tests use', () => {
  if (adapter) console.info(`GPU tests use ${adapter.name}`);
});

describeGpu('the adapter', () => {
  test('writes disjoint ranges of one buffer in one dispatch', async () => {
    expect(await disjointRanges(await device())).toEqual({ x: [-1, -1, -1, 4], y: [10, 20, 30, 0] });
  });

  test('says where a shader is wrong', async () => {
    const good = '@compute @workgroup_size(1) fn good() {}';
    const bad = '@compute @workgroup_size(1) fn bad() {\n  let x: f32 = 1u;\n}';
    const problems = await problemsOf(await device(), [
      { name: 'good', code: good },
      { name: 'bad', code: bad },
    ]);
    expect(problems).toEqual([expect.stringMatching(/^bad: 2:\d+ [^]*let x: f32 = 1u;$/u)]);
  });
});
