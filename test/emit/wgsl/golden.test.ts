/** What shaders look like: some of the example models, to be read. `vitest -u` writes them anew. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { invariant } from '../../../compiler/base/invariant.ts';
import type { Feature } from '../../../compiler/emit/wgsl/index.ts';
import { emitWgsl } from '../../../compiler/emit/wgsl/index.ts';
import { analyze } from '../../../compiler/frontend/index.ts';
import { buildProgram } from '../../../compiler/program/build.ts';
import type { Program } from '../../../compiler/program/program.ts';
import { targets } from '../../../compiler/program/target.ts';

const programs = new Map<string, Program>();

function programOf(example: string): Program {
  const known = programs.get(example);
  if (known !== undefined) return known;
  const entry = `dsl-examples/${example}.cnn`;
  const { model } = analyze({ entry, read: (path) => readFileSync(path, 'utf8') });
  invariant(model, `${example} does not compile`);
  const { program } = buildProgram(model, { target: targets.wgsl, halves: true });
  programs.set(example, program);
  return program;
}

/** The first launch of a kernel, as if it were all of the program: so that nothing else changes its names. */
function shaderOf(example: string, name: string, features: readonly Feature[] = []): string {
  const { halved: _, ...program } = programOf(example);
  for (const routine of program.routines)
    for (const phase of ['launches', 'commit'] as const) {
      const launch = routine[phase].find(({ kernel }) => program.kernels[kernel]?.name === name);
      if (launch === undefined) continue;
      const one = { ...routine, launches: [], commit: [], [phase]: [launch] };
      const { common, shaders } = emitWgsl({ ...program, routines: [one] }, features);
      return `${common}${shaders.map(({ text, subgroups }) => subgroups ?? text).join('\n')}`;
    }
  throw new Error(`no kernel ${name} in ${example}`);
}

test.each([
  ['lenet5', 'cast_multiply'],
  ['lenet5', 'conv2d_add_relu'],
  ['lenet5', 'conv2d_add_relu_2'],
  ['lenet5', 'max_pool2d'],
  ['lenet5', 'matmul_add_relu'],
  ['lenet5', 'max_subtract_exp_sum_2'],
  ['lenet5', 'conv2d_kernel_gradient'],
  ['lenet5', 'max_pool2d_argmax'],
  ['lenet5', 'all_true_and_finite'],
  ['lenet5', 'subtract_multiply_add_square'],
  ['small_residual', 'conv2d_add_relu_2'],
  ['small_residual', 'mean'],
  ['digits', 'translate_cast_multiply'],
])('%s: %s', async (example, name) => {
  await expect(shaderOf(example, name)).toMatchFileSnapshot(`golden/${example}.${name}.wgsl`);
});

/** A launch of prediction with f16, by its place. */
test.each([
  ['lenet5', 'matmul_add_relu', 5],
  ['small_residual', 'conv2d_add_relu', 7],
] as const)('%s: %s, stored as f16', async (example, name, at) => {
  const { halved = [], ...program } = programOf(example);
  const routine = halved.find((each) => each.name === 'infer');
  const launch = routine?.launches[at];
  invariant(routine && launch, `${example} has no such launch`);
  const one = { ...routine, launches: [{ ...launch, kernel: 0 }] };
  const kernels = program.kernels.slice(launch.kernel).map((kernel) => ({ ...kernel, name }));
  const { common, shaders } = emitWgsl({ ...program, kernels: kernels.slice(0, 1), routines: [one] });
  const text = `enable f16;\n\n${common}${shaders[0]?.text ?? ''}`;
  await expect(text).toMatchFileSnapshot(`golden/${example}.${name}.f16.wgsl`);
});

test('small_residual: square_mean_add_sqrt, with subgroups', async () => {
  const text = `enable subgroups;\n\n${shaderOf('small_residual', 'square_mean_add_sqrt', ['subgroups'])}`;
  await expect(text).toMatchFileSnapshot('golden/small_residual.square_mean_add_sqrt.subgroups.wgsl');
});
