/** What a program for a GPU has to keep to: sizes of elements, buffers in a kernel, launches, slabs. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { elementCount } from '../../compiler/base/types.ts';
import { analyze } from '../../compiler/frontend/index.ts';
import type { Model } from '../../compiler/frontend/model.ts';
import type { BuildOptions } from '../../compiler/program/build.ts';
import { buildProgram } from '../../compiler/program/build.ts';
import type { Placement, Program } from '../../compiler/program/program.ts';
import { targets } from '../../compiler/program/target.ts';

const folder = new URL('../../dsl-examples/', import.meta.url);
const read = (path: string): string | undefined => {
  try {
    return readFileSync(new URL(path, folder), 'utf8');
  } catch {
    return undefined;
  }
};
const models = readdirSync(folder)
  .filter((name) => name.endsWith('.cnn'))
  .flatMap((name) => {
    const { model } = analyze({ entry: name, read });
    return model === undefined ? [] : [{ name, model }];
  });

const modelOf = (wanted: string): Model => models.find(({ name }) => name === wanted)?.model as Model;

/** Schedules change neither operands nor launches. */
const build = (model: Model, options: Partial<BuildOptions> = {}): Program =>
  buildProgram(model, { target: targets.wgsl, schedule: (kernel) => kernel, ...options }).program;

const placements = ({ persistent, routines }: Program): readonly Placement[] => [
  ...persistent.map(({ placement }) => placement),
  ...routines.flatMap(({ allocations }) => allocations.map(({ placement }) => placement)),
];

const launches = (program: Program, routine: string): number => {
  const found = program.routines.find(({ name }) => name === routine);
  return (found?.launches.length ?? NaN) + (found?.commit.length ?? NaN);
};

describe.each(models)('$name', ({ model }) => {
  const program = build(model);

  it('has at most 8 buffers in a kernel', () => {
    for (const { name, inputs, outputs } of program.kernels)
      expect([name, inputs.length + outputs.length <= 8]).toEqual([name, true]);
  });

  it('has four bytes for each element of any type', () => {
    for (const { allocations, maxBatch } of program.routines)
      for (const { name, shape, placement } of allocations)
        expect([name, placement.bytes]).toEqual([name, 4 * elementCount(shape, maxBatch)]);
  });

  it('runs no kernel that its target cannot, and no more than the CPU does but for the limit of buffers', () => {
    expect(program.kernels.some(({ built }) => built)).toBe(false);
    const cpu = build(model, { target: targets.wasm });
    const wide = build(model, { target: { ...targets.wgsl, maxOperands: 256, shares: 1 } });
    for (const { name } of wide.routines)
      expect(launches(wide, name)).toBeLessThanOrEqual(launches(cpu, name));
  });
});

describe('launches of the Keras classifier', () => {
  const program = build(modelOf('keras_classifier.cnn'));
  it('are at most 7 in inference', () => expect(launches(program, 'infer')).toBeLessThanOrEqual(7));
  it('are at most 40 in a training step', () => expect(launches(program, 'step')).toBeLessThanOrEqual(40));
});

describe('slabs', () => {
  const model = modelOf('keras_classifier.cnn');
  const inSlabs = (slabBytes: number): Program => build(model, { target: { ...targets.wgsl, slabBytes } });
  const slabsOf = ({ offset, bytes }: Placement, slab: number): number[] => [
    Math.floor(offset / slab),
    Math.floor((offset + Math.max(1, bytes) - 1) / slab),
  ];

  it('hold each tensor whole, and are as many as it takes', () => {
    const slab = 2 ** 22;
    const program = inSlabs(slab);
    expect(program.slabBytes).toBe(slab);
    for (const placement of placements(program)) {
      const [first, last] = slabsOf(placement, slab);
      expect(last).toBe(first);
    }
    const step = program.routines.find(({ name }) => name === 'step');
    expect(step?.memory.planned).toBeGreaterThan(slab);
    expect(step?.memory.planned).toBeLessThan(1.2 * (step?.memory.bound ?? 0));
  });

  it('are as large as the largest tensor where that is larger', () => {
    const program = inSlabs(4096);
    const largest = Math.max(...placements(program).map(({ bytes }) => bytes));
    expect(program.slabBytes).toBe(Math.ceil(largest / 256) * 256);
    for (const placement of placements(program)) {
      const [first, last] = slabsOf(placement, program.slabBytes ?? 0);
      expect(last).toBe(first);
    }
    const planned = program.routines.map(({ memory }) => memory.planned);
    expect(Math.max(...planned)).toBeGreaterThan(program.slabBytes ?? Infinity);
  });

  it('are of 128 MiB, and one is enough for every example', () => {
    for (const { model: each } of models) {
      const program = build(each);
      expect(program.slabBytes).toBe(2 ** 27);
      for (const placement of placements(program))
        expect(placement.offset + placement.bytes).toBeLessThanOrEqual(2 ** 27);
    }
    expect(build(model, { target: targets.wasm })).not.toHaveProperty('slabBytes');
  });
});
