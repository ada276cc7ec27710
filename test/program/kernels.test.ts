/** A GPU's kernels that are sums of products are scheduled for the batch of their routine; equal ones are one kernel. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { analyze } from '../../compiler/frontend/index.ts';
import type { Model } from '../../compiler/frontend/model.ts';
import type { Kernel } from '../../compiler/loop/ir.ts';
import type { BuildOptions } from '../../compiler/program/build.ts';
import { buildProgram } from '../../compiler/program/build.ts';
import type { Program } from '../../compiler/program/program.ts';
import { targets } from '../../compiler/program/target.ts';

const folder = new URL('../../dsl-examples/', import.meta.url);
const { model } = analyze({
  entry: 'lenet5.cnn',
  read: (path) => readFileSync(new URL(path, folder), 'utf8'),
});

const build = (options: Partial<BuildOptions>): Program =>
  buildProgram(model as Model, { target: targets.wgsl, ...options }).program;

const unscheduled = (kernel: Kernel): Kernel => kernel;

it('schedules for the batch of each routine, contractions alone', () => {
  const batches = new Map<string, Set<number>>();
  build({
    schedule(kernel, batch) {
      const seen = batches.get(kernel.kind) ?? new Set();
      batches.set(kernel.kind, seen.add(batch));
      return kernel;
    },
  });
  expect([...(batches.get('contraction') ?? [])].toSorted((a, b) => a - b)).toEqual([1, 32]);
  batches.delete('contraction');
  for (const [kind, seen] of batches) expect([kind, ...seen]).toEqual([kind, 1]);
});

it('has one kernel where the batch makes no difference', () => {
  const apart = build({ schedule: unscheduled });
  const same = build({ schedule: unscheduled, inferBatch: 32 });
  expect(apart.kernels).toEqual(same.kernels);
});

it('has kernels of their own for one sample and for many where it does', () => {
  const kernelsOf = (program: Program, name: string): readonly number[] =>
    program.routines.find((routine) => routine.name === name)?.launches.map(({ kernel }) => kernel) ?? [];
  const shared = (program: Program): number => {
    const others = new Set(kernelsOf(program, 'evaluate'));
    return kernelsOf(program, 'infer').filter((kernel) => others.has(kernel)).length;
  };
  expect(shared(build({}))).toBeLessThan(shared(build({ inferBatch: 32 })));
});

it('schedules each kernel once for WebAssembly', () => {
  const seen: Kernel[] = [];
  const { kernels } = build({
    target: targets.wasm,
    schedule(kernel) {
      seen.push(kernel);
      return kernel;
    },
  });
  expect(seen).toHaveLength(kernels.length);
});
