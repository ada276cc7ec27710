import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { compareMemory } from '../../compiler/compare.ts';
import { analyze } from '../../compiler/frontend/index.ts';
import type { Model } from '../../compiler/frontend/model.ts';
import { buildProgram } from '../../compiler/program/build.ts';
import type { Program } from '../../compiler/program/program.ts';
import { targets } from '../../compiler/program/target.ts';

const folder = new URL('../../dsl-examples/', import.meta.url);
const read = (path: string): string | undefined => {
  try {
    return readFileSync(new URL(path, folder), 'utf8');
  } catch {
    return undefined;
  }
};
const names = ['keras_classifier.cnn', 'detector.cnn', 'small_residual.cnn', 'squeezenet.cnn'];
const modelOf = (entry: string): Model => analyze({ entry, read }).model as Model;

const build = (model: Model, target: keyof typeof targets): Program =>
  buildProgram(model, { target: targets[target], schedule: (kernel) => kernel }).program;

/** Bytes of all buffers that persist, or that a routine works in. */
function bytesOf({ persistent, routines }: Program, name: string): number {
  const work = routines.find((routine) => routine.name === name)?.allocations ?? [];
  const list =
    name === 'persistent' ? persistent : work.filter(({ placement }) => placement.arena === 'work');
  return list.reduce((sum, { placement }) => sum + placement.bytes, 0);
}

describe.each(names)('the memory of %s on a GPU', (name) => {
  const model = modelOf(name);
  const [gpu, cpu] = [build(model, 'wgsl'), build(model, 'wasm')];

  it('differs from that of WebAssembly by the buffers that are listed, and no others', () => {
    const list = compareMemory(gpu, cpu);
    expect(list.map(({ name: part }) => part)).toContain('infer');
    for (const { name: part, buffers } of list) {
      const sum = buffers.reduce((total, { bytes, otherBytes }) => total + bytes - otherBytes, 0);
      expect([part, sum]).toEqual([part, bytesOf(gpu, part) - bytesOf(cpu, part)]);
      for (const { bytes, otherBytes } of buffers) expect(bytes).not.toBe(otherBytes);
    }
  });

  it('does not differ from itself, and the other way round by the same buffers', () => {
    for (const { buffers } of compareMemory(cpu, cpu)) expect(buffers).toEqual([]);
    const [there, back] = [compareMemory(gpu, cpu), compareMemory(cpu, gpu)].map((list) =>
      list.flatMap(({ buffers }) => buffers.map(({ bytes, otherBytes }) => bytes - otherBytes)),
    );
    expect(back?.reduce((a, b) => a + b, 0)).toBe(-(there?.reduce((a, b) => a + b, 0) ?? NaN));
  });
});

it('says why, for each buffer of the Keras classifier', () => {
  const model = modelOf('keras_classifier.cnn');
  const list = compareMemory(build(model, 'wgsl'), build(model, 'wasm'));
  const of = (name: string) => list.find((each) => each.name === name);
  const prepared = { name: 'prepared.0', bytes: 0, otherBytes: 294_912, reason: 'kernel' };
  expect(of('persistent')?.buffers).toMatchObject([prepared]);
  const image = { name: 'image', type: 'u8[N, 28, 28, 1]', bytes: 3136, otherBytes: 784, reason: 'element' };
  expect(of('infer')?.buffers).toMatchObject([image]);
  expect(of('step')).toMatchObject({ launches: 38, otherLaunches: 40 });
  expect(of('step')?.buffers.map(({ name, reason }) => [name, reason])).toEqual([
    ['image', 'element'],
    ['all_true_and_finite', 'element'],
    ['finite_shares', 'divided'],
    ['winograd_kernel', 'kernel'],
    ['winograd_kernel', 'kernel'],
    ['sum', 'divided'],
  ]);
});

it('tells of values that are stored because a kernel has few buffers', () => {
  const model = modelOf('small_residual.cnn');
  const step = compareMemory(build(model, 'wgsl'), build(model, 'wasm')).find(({ name }) => name === 'step');
  const stored = step?.buffers.filter(({ reason }) => reason === 'operands') ?? [];
  expect(stored.length).toBeGreaterThan(0);
  for (const { bytes, otherBytes } of stored) expect([bytes > 0, otherBytes]).toEqual([true, 0]);
});
