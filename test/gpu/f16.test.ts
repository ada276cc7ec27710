/**
 * What is stored as f16, on wgpu in Deno: every sample of every op is as near to the interpreter as an f16 can be, and examples
 * predict within a hundredth of the JavaScript target. Dawn's compiler takes the shaders too, on a device that computes nothing.
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test, vi } from 'vitest';
import type { CompileOptions } from '../../compiler/index.ts';
import type { Value } from '../../compiler/graph/ir.ts';
import { parseKernel } from '../../compiler/loop/parse.ts';
import type { Layout } from '../../compiler/lower/index.ts';
import { targets } from '../../compiler/program/target.ts';
import { schedule } from '../../compiler/schedule/index.ts';
import { openNullDevice } from '../engines/adapter.mjs';
import type { GpuEngine } from '../engines/gpu-engines.mjs';
import { openDeno } from '../engines/gpu-engines.mjs';
import type { ModelResult } from '../engines/gpu-task.mjs';
import { useModel } from '../engines/gpu-task.mjs';
import type { Dispatch } from '../engines/shader.mjs';
import { problemsOf } from '../engines/shader.mjs';
import type { GeneratedModule } from '../examples/harness.ts';
import { compileExample, examples, importModule, readText } from '../examples/harness.ts';
import { dense } from '../lower/run.ts';
import { closeTo, differenceOf } from '../support/close.ts';
import { describeGpu, jobOf, programOf } from '../support/gpu.ts';
import { sampleKernel } from '../support/sample-kernel.ts';
import type { Call } from '../support/samples.ts';
import { calls, hasKernel } from '../support/samples.ts';
import { gains, smaller } from './sizes.ts';

// Software adapters are slow.
vi.setConfig({ testTimeout: 300_000 });

const folder = mkdtempSync(join(tmpdir(), 'cnnc-f16-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** wgpu in Deno, or why it is not there. */
function findDeno(): GpuEngine | string {
  try {
    return openDeno(folder);
  } catch (error) {
    if (process.env['REQUIRE_GPU'] !== undefined) throw error;
    return (error as Error).message;
  }
}
const deno = findDeno();

/** `describe` of what needs f16; without it, it says that it does not run and why. */
const describeHalves = (name: string, tests: (engine: GpuEngine) => void): void =>
  void describe(name, () => {
    if (typeof deno === 'string') test('is not run', () => console.warn(`not run: ${deno}`));
    else tests(deno);
  });

/** All that is f32 is stored as f16. */
const halved = (value: Value): Layout => ({
  ...dense(value),
  ...(value.type.dtype === 'f32' && { stored: 'f16' }),
});

const textOf = (bytes: Uint8Array): string => Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
const bytesOf = (text: string): Uint8Array => Uint8Array.from(text, (byte) => byte.charCodeAt(0));

const inText = (job: Dispatch) => ({ ...job, arenas: job.arenas.map(textOf) });

const batches = ({ operands }: Call): readonly number[] =>
  operands.some(({ shape }) => shape.includes('N')) ? [1, 5] : [1];

describeHalves('ops', (engine) => {
  const runs = calls
    .filter(({ op }) => hasKernel(op) && !op.name.startsWith('winograd'))
    .flatMap((call) => {
      const sample = sampleKernel(call, targets.wgsl, halved);
      const { scheduled, lowered } = sample;
      if ([...lowered.inputs, ...lowered.outputs].every(({ stored }) => !stored)) return [];
      return batches(call).map((n) => {
        const y = sample.result(n);
        const run = jobOf(programOf(scheduled, n), [...sample.inputs(n), y], { n });
        return { ...run, title: `${call.title}, batch ${n}`, y, expected: () => sample.expected(n) };
      });
    });
  let results: Promise<unknown> | undefined;
  /** All in one process. */
  const dispatched = async () => {
    results ??= engine.run(
      'dispatches',
      runs.map(({ job }) => inText(job)),
    );
    return (await results) as readonly (readonly string[])[];
  };

  test.each(runs.map((run, i) => ({ ...run, i })))('$title', async ({ i, receive, y, expected }) => {
    receive(((await dispatched())[i] ?? []).map(bytesOf));
    const wanted = expected();
    // One step of the last bit, and that seldom: where sums of another order lie on two sides of a tie.
    closeTo(y, wanted, 2 ** -10, 1 / 100);
    const others = wanted.filter((value, k) => value !== y[k]);
    expect(others.length).toBeLessThanOrEqual(1 + wanted.length / 50);
  });
});

describeHalves('numbers that no f16 is near', (engine) => {
  test('become the largest', async () => {
    const kernel =
      parseKernel(`kernel k [elementwise](x: f32[8]) -> (y: f32[8] stored f16, z: f32[8] stored f16) {
  for i: 8 in 0..8 {
    y[i] = x[i]
    z[i] = 1e+9
  }
}
`);
    const x = Float32Array.of(65504, 65519, 65521, 1e9, -1e9, -65530, 3e38, 1);
    const [y, z] = [new Float32Array(8), new Float32Array(8)];
    const scheduled = schedule(kernel, targets.wgsl, 1);
    const { job, receive } = jobOf(programOf(scheduled, 1), [x, y, z], { n: 1 });
    const [contents = []] = (await engine.run('dispatches', [inText(job)])) as string[][];
    receive(contents.map(bytesOf));
    expect([...y]).toEqual([65504, 65504, 65504, 65504, -65504, -65504, 65504, 1]);
    expect([...z]).toEqual([...z].fill(65504));
  });
});

const models = readdirSync(examples).filter(
  (file) => file.endsWith('.cnn') && /^model /m.test(readText(examples + file) ?? ''),
);

const compiled = (name: string, options: CompileOptions) =>
  compileExample(name, { inference: true, batchSize: 2, ...options, set: smaller[name] ?? {} });

const onGpu = (name: string) =>
  compiled(name, { target: 'wgsl', language: 'js', features: ['subgroups', 'f16'] }).files;

const largestAt = (values: readonly number[]): number => values.indexOf(Math.max(...values));

const hasHalves = (name: string): boolean => onGpu(name).some(({ path }) => path.endsWith('.f16.wgsl'));

describeHalves('examples', (engine) => {
  test.each(models.filter(hasHalves))('%s predicts nearly the same', async (name) => {
    // The last batch is not a whole one.
    const job = { samples: 3, gain: gains[name] };
    const module = (await importModule(compiled(name, { target: 'js' }))) as GeneratedModule & Signed;
    const expected = await useModel(module, { seed: 1 }, job);
    const url = engine.module(onGpu(name).find(({ path }) => path.endsWith('.js'))?.content ?? '');
    const found = (await engine.run('model', { url, ...job })) as ModelResult;
    expect([found.target, found.precision]).toEqual(['wgsl', 'f16']);
    for (const { name: output } of module.signature.outputs) {
      const [is, should] = [found.outputs[output] ?? [], expected.outputs[output] ?? []];
      expect(differenceOf(is, should), output).toBeLessThanOrEqual(1e-2);
      const size = should.length / job.samples;
      for (let from = 0; from < should.length; from += size)
        expect(largestAt(is.slice(from, from + size))).toBe(largestAt(should.slice(from, from + size)));
    }
  });
});

interface Signed {
  readonly signature: { readonly outputs: readonly { readonly name: string }[] };
}

describeGpu("shaders for f16, on Dawn's compiler", () => {
  test.each(models.filter(hasHalves))('%s', async (name) => {
    const texts = onGpu(name).filter(({ path }) => /\.f16\.(?:subgroups\.)?wgsl$/u.test(path));
    const shaders = texts.map(({ path, content }) => ({ name: path, code: content, whole: true }));
    expect(await problemsOf(await openNullDevice(), shaders)).toEqual([]);
  });

  test('says what is wrong', async () => {
    const code = 'enable f16;\n@compute @workgroup_size(1) fn bad() {\n  let x: f16 = 1.0f;\n}';
    expect(await problemsOf(await openNullDevice(), [{ name: 'bad', code }])).toHaveLength(1);
  });
});
