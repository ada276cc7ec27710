/** Shaders for devices with subgroups: as close to the interpreter as those for any device. */
import { readFileSync } from 'node:fs';
import { expect, test, vi } from 'vitest';
import { elementCount } from '../../compiler/base/types.ts';
import { emitWgsl } from '../../compiler/emit/wgsl/index.ts';
import { usesSubgroups } from '../../compiler/emit/wgsl/subgroups.ts';
import { analyze } from '../../compiler/frontend/index.ts';
import type { Elements } from '../../compiler/loop/interpret.ts';
import { elementsFor, interpret } from '../../compiler/loop/interpret.ts';
import type { Combine, Kernel } from '../../compiler/loop/ir.ts';
import { parseKernel } from '../../compiler/loop/parse.ts';
import { verifyKernel } from '../../compiler/loop/verify.ts';
import { buildProgram } from '../../compiler/program/build.ts';
import { targets } from '../../compiler/program/target.ts';
import { dispatch, problemsOf } from '../engines/shader.mjs';
import { closeTo } from '../support/close.ts';
import { adapter, describeGpu, device, programOf, runKernel } from '../support/gpu.ts';
import { sampleKernel } from '../support/sample-kernel.ts';
import { calls, generator, hasKernel } from '../support/samples.ts';

vi.setConfig({ testTimeout: 300_000 });

/** Every thread of 64 has a number; all of them store what they combine to. */
const combining = (combine: Combine, dtype: string, threads: number): Kernel =>
  parseKernel(`
kernel all [reduction](x: ${dtype}[3, ${threads}]) -> (y: ${dtype}[3, ${threads}]) {
  for group: 3 in 0..3 bind(workgroup_x) {
    for t: ${threads} in 0..${threads} bind(thread_x) {
      alloc register r: ${dtype}[]
      r[] = x[group, t]
      all_reduce ${combine} r over t
      y[group, t] = r[]
    }
  }
}
`);

async function compare(kernel: Kernel, n: number, inputs: readonly Elements[]): Promise<void> {
  const outputs = (): readonly Elements[] =>
    kernel.outputs.map(({ dtype, shape }) => elementsFor(dtype, elementCount(shape, n), 'f32').fill(77));
  const [expected, found] = [outputs(), outputs()];
  interpret(kernel, [...inputs, ...expected], { n, precision: 'f32', races: true });
  await runKernel(kernel, [...inputs, ...found], n, { subgroups: true });
  found.forEach((values, i) => closeTo(values, expected[i]!, 1e-4, 1 / 100));
}

const reductions = calls
  .filter(({ op }) => hasKernel(op) && !op.name.startsWith('winograd'))
  .map((call) => ({ title: call.title, sample: sampleKernel(call, targets.wgsl) }))
  .filter(({ sample }) => usesSubgroups(sample.scheduled));

const has = adapter?.adapter.features.has('subgroups') === true;

describeGpu(has ? 'subgroups' : 'subgroups, which this adapter has not', () => {
  if (!has) return test('are not run', () => console.warn('not run: the adapter has no subgroups'));

  test.each([2, 4, 8, 32, 64, 256])('%i threads, whatever the size of a subgroup', async (threads) => {
    const random = generator(threads);
    for (const combine of ['add', 'max', 'min', 'mul'] as const) {
      const kernel = combining(combine, 'f32', threads);
      verifyKernel(kernel);
      await compare(kernel, 1, [new Float32Array(3 * threads).map(() => 0.9 + 0.2 * random())]);
    }
  });

  // As if subgroups were of this size, with any threads in them.
  test.each([1, 2, 8, 16, 32, 64, 128])('subgroups of %i', async (size) => {
    const threads = 64;
    const [shader] = emitWgsl(programOf(combining('add', 'f32', threads), 1), ['subgroups']).shaders;
    const full = Math.min(size, threads);
    const replaced = shader!
      .subgroups!.replace('subgroupExclusiveAdd(1u)', `place(thread_index) % ${full}u`)
      .replace('subgroupAdd(1u)', `${full}u`)
      .replace('subgroupAdd(r)', 'sumOf(r, thread_index)');
    expect(replaced).not.toContain('subgroup');
    const code = `
struct Batch { samples: u32, go: u32 }
@group(0) @binding(0) var<uniform> batch: Batch;
fn place(thread: u32) -> u32 { return (thread * 5u + 3u) % ${threads}u; }
var<workgroup> registers: array<f32, ${threads}>;
fn sumOf(x: f32, thread: u32) -> f32 {
  registers[place(thread)] = x;
  workgroupBarrier();
  let first = place(thread) / ${full}u * ${full}u;
  var sum = 0.0;
  for (var i = first; i < first + ${full}u; i++) { sum += registers[i]; }
  return sum + f32(batch.samples - 1u);
}
${replaced}`;
    const x = new Float32Array(3 * threads).map((_, i) => i % 17);
    const at = (arena: number, access: 'read' | 'read_write') => ({ arena, offset: 0, bytes: 768, access });
    const [, y] = await dispatch(await device(), {
      ...{ name: shader!.name, code, batch: [1, 1], workgroups: [3, 1, 1] },
      arenas: [new Uint8Array(x.buffer), new Uint8Array(768)],
      bindings: [at(0, 'read'), at(1, 'read_write')],
    });
    const sums = [0, 1, 2].map((group) =>
      x.subarray(group * threads, (group + 1) * threads).reduce((a, b) => a + b),
    );
    const found = [...new Float32Array(y!.buffer)];
    expect(found).toEqual(found.map((_, i) => sums[Math.floor(i / threads)]));
  });

  test.each([
    ['i32', ['add', 'max', 'min', 'and', 'or']],
    ['u32', ['add', 'max', 'min', 'and', 'or', 'mul']],
    ['u8', ['add', 'max', 'min', 'and', 'or']],
    ['bool', ['and', 'or', 'max', 'min']],
  ] as const)('of %s', async (dtype, combines) => {
    for (const combine of combines)
      for (const most of [dtype === 'bool' ? 1 : 200, dtype === 'bool' ? 0.51 : 3]) {
        const random = generator(7);
        const x = elementsFor(dtype, 96, 'f32').map(() => Math.round(most * random()));
        await compare(combining(combine, dtype, 32), 1, [x]);
      }
  });

  test('there are samples of reductions', () => expect(reductions.length).toBeGreaterThan(3));

  test.each(reductions)('$title', async ({ sample: { scheduled, inputs, result, expected } }) => {
    for (const n of [1, 2, 5]) {
      const y = result(n);
      await runKernel(scheduled, [...inputs(n), y], n, { subgroups: true });
      closeTo(y, expected(n), 1e-4, 1 / 100);
    }
  });

  test.each(['lenet5', 'small_residual'])('%s: kernels, and one module of all', async (example) => {
    const entry = `dsl-examples/${example}.cnn`;
    const { model } = analyze({ entry, read: (path) => readFileSync(path, 'utf8') });
    const { program } = buildProgram(model!, { target: targets.wgsl });
    const { common, shaders } = emitWgsl(program, ['subgroups']);
    expect(shaders.map(({ text }) => text)).toEqual(emitWgsl(program).shaders.map(({ text }) => text));
    const texts = shaders.flatMap(({ name, subgroups }) => (subgroups ? [{ name, text: subgroups }] : []));
    expect(texts.length).toBeGreaterThan(0);
    const begin = `enable subgroups;\n${common}`;
    const whole = begin + texts.map(({ text }) => text).join('\n');
    const singles = texts.map(({ name, text }) => ({ name, code: begin + text }));
    const all = [...singles, { name: example, code: whole, whole: true }];
    expect(await problemsOf(await device(), all)).toEqual([]);
    const random = generator(3);
    for (const kernel of program.kernels.filter(usesSubgroups)) {
      const inputs = kernel.inputs.map(({ dtype, shape }): Elements =>
        elementsFor(dtype, elementCount(shape, 3), 'f32').map(() =>
          dtype === 'f32' ? 2 * random() - 1 : Math.floor(2 * random()),
        ),
      );
      await compare(kernel, 3, inputs);
    }
  });
});
