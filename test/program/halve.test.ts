/** Prediction with f16: what is stored so, that all else stays as it is, and what comes out on the interpreter. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { elementCount } from '../../compiler/base/types.ts';
import { toHalf } from '../../compiler/emit/ts/half.ts';
import { analyze } from '../../compiler/frontend/index.ts';
import type { Elements } from '../../compiler/loop/interpret.ts';
import { elementsFor, interpret } from '../../compiler/loop/interpret.ts';
import { verifyKernel } from '../../compiler/loop/verify.ts';
import { buildProgram } from '../../compiler/program/build.ts';
import type { Allocation, Program, Routine } from '../../compiler/program/program.ts';
import { targets } from '../../compiler/program/target.ts';
import { fromHalf } from '../../runtime/half.ts';
import { lowerMath } from '../support/lower-math.ts';
import { generator } from '../support/samples.ts';

const modelOf = (name: string) => {
  const entry = `dsl-examples/${name}.cnn`;
  return analyze({ entry, read: (path) => readFileSync(path, 'utf8') }).model!;
};

/** Schedules change no number here. */
const build = (name: string, options: { readonly halves?: boolean; readonly inference?: boolean } = {}) =>
  buildProgram(modelOf(name), { target: targets.wgsl, inferBatch: 2, schedule: (k) => k, ...options })
    .program;

/** The arenas of a program, in bytes, and what lies in them. */
class Memory {
  readonly #arenas: Readonly<Record<Allocation['placement']['arena'], ArrayBuffer>>;

  constructor({ persistentBytes }: Program, work: number) {
    this.#arenas = { persistent: new ArrayBuffer(persistentBytes), work: new ArrayBuffer(work) };
    new Uint8Array(this.#arenas.work).fill(0xff);
  }

  #words({ stored, placement: { arena, offset, bytes } }: Pick<Allocation, 'stored' | 'placement'>) {
    return stored
      ? new Uint16Array(this.#arenas[arena], offset, bytes / 2)
      : new Float32Array(this.#arenas[arena], offset, bytes / 4);
  }

  read(place: Allocation): Elements {
    const words = this.#words(place);
    const elements = elementsFor(place.dtype, words.length, 'f32');
    const bits = new Uint32Array(words.buffer, words.byteOffset, place.stored ? 0 : words.length);
    elements.set(place.stored ? Array.from(words, fromHalf) : place.dtype === 'f32' ? words : bits);
    return elements;
  }

  write(place: Pick<Allocation, 'dtype' | 'stored' | 'placement'>, values: ArrayLike<number>): void {
    const words = this.#words(place);
    if (place.stored) words.set(Array.from(values, toHalf));
    else if (place.dtype === 'f32') words.set(values);
    else new Uint32Array(words.buffer, words.byteOffset, words.length).set(values);
  }

  /** All launches on the interpreter, with whole arrays in place of what lies in memory. */
  run({ kernels }: Program, { launches, commit, allocations }: Routine, n: number): void {
    for (const { kernel, operands } of [...launches, ...commit]) {
      const { inputs, ...rest } = kernels[kernel]!;
      const places = operands.map((operand) => allocations[operand]!);
      const elements = places.map((place) => this.read(place));
      interpret(lowerMath({ inputs, ...rest }), elements, { n, precision: 'f32' });
      places.forEach((place, i) => i >= inputs.length && this.write(place, elements[i]!));
    }
  }
}

/** The output of some samples, with weights of which a net makes something. */
function predict(program: Program, routines: readonly Routine[], n: number): readonly number[] {
  const named = (name: Routine['name']) => routines.find((routine) => routine.name === name);
  const infer = named('infer')!;
  const memory = new Memory(program, Math.max(...routines.map((routine) => routine.memory.planned)));
  const random = generator(5);
  for (const tensor of program.persistent) {
    if (tensor.role === 'prepared') continue;
    const count = elementCount(tensor.shape, 1);
    const scale = Math.sqrt(3 / (count / (tensor.shape.at(-1) ?? 1)));
    const values = Array.from({ length: count }, () => (2 * random() - 1) * scale);
    const isVariance = tensor.name.endsWith('variance');
    memory.write(tensor, isVariance ? values.map((value) => 1 + Math.abs(value)) : values);
  }
  const prepare = named('prepare');
  if (prepare) memory.run(program, prepare, 1);
  for (const { allocation } of infer.inputs) {
    const place = infer.allocations[allocation]!;
    const count = elementCount(place.shape, n);
    const inputs = elementsFor(place.dtype, count, 'f32').map(() => Math.floor(256 * random()));
    memory.write(place, inputs);
  }
  memory.run(program, infer, n);
  return infer.results.flatMap(({ allocation }) => {
    const place = infer.allocations[allocation]!;
    return [...memory.read(place).subarray(0, elementCount(place.shape, n))];
  });
}

describe.each(['lenet5', 'digits', 'mobile_digits', 'small_residual', 'detector', 'squeezenet'])(
  '%s',
  (name) => {
    const portable = build(name);
    const program = build(name, { halves: true });
    const { halved = [] } = program;
    const infer = halved.find((routine) => routine.name === 'infer')!;

    it('has all that it has without', () => {
      const { halved: _, persistent, persistentBytes, kernels, ...rest } = program;
      expect(kernels.slice(0, portable.kernels.length)).toEqual(portable.kernels);
      expect(persistent.filter(({ stored }) => !stored)).toEqual(portable.persistent);
      expect(persistentBytes).toBeGreaterThanOrEqual(portable.persistentBytes);
      const { persistent: __, persistentBytes: ___, kernels: ____, ...others } = portable;
      expect(rest).toEqual(others);
    });

    it('stores what is large in half the bytes, and inputs and results as they are', () => {
      const outside = new Set([...infer.inputs, ...infer.results].map(({ allocation }) => allocation));
      infer.allocations.forEach(({ dtype, shape, stored, placement }, i) => {
        const count = elementCount(shape, infer.maxBatch);
        expect(placement.bytes).toBe(count * (stored ? 2 : 4));
        const isLarge = dtype === 'f32' && elementCount(shape, 1) >= 1024 && !outside.has(i);
        expect([i, stored]).toEqual([i, isLarge ? 'f16' : undefined]);
      });
      const before = portable.routines.find((routine) => routine.name === 'infer')!;
      expect(infer.launches.length).toBe(before.launches.length);
      expect(infer.memory.planned).toBeLessThan(0.7 * before.memory.planned);
    });

    it('has kernels that agree with where things lie', () => {
      for (const { launches, commit, allocations } of [...program.routines, ...halved])
        for (const { kernel, operands } of [...launches, ...commit]) {
          const { inputs, outputs } = program.kernels[kernel]!;
          [...inputs, ...outputs].forEach((buffer, i) =>
            expect(buffer.stored).toBe(allocations[operands[i]!]!.stored),
          );
        }
      program.kernels.forEach(verifyKernel);
    });
  },
);

it.each(['lenet5', 'mobile_digits'])('%s predicts nearly the same', (name) => {
  const program = build(name, { halves: true });
  const expected = predict(program, program.routines, 2);
  const found = predict(program, program.halved ?? [], 2);
  const largest = Math.max(...expected);
  expect(largest).toBeLessThan(0.999);
  const differences = found.map((value, i) => Math.abs(value - expected[i]!) / largest);
  expect(Math.max(...differences)).toBeLessThan(1e-2);
  expect(Math.max(...differences)).toBeGreaterThan(1e-6);
});

it('puts copies in place of prepared values that only prediction without f16 reads', () => {
  const offsetsOf = ({ persistent }: Program) =>
    new Map(persistent.map(({ name, placement }) => [name, placement.offset]));
  const [inference, training] = [true, false].map((only) =>
    build('resnet18', { halves: true, inference: only }),
  ) as [Program, Program];
  const largest = offsetsOf(inference);
  const names = [...largest.keys()].filter((name) => /^prepared\.\d+\.f16$/u.test(name));
  expect(names.length).toBeGreaterThan(10);
  for (const name of names) expect(largest.get(name)).toBe(largest.get(name.replace('.f16', '')));
  expect(training.persistentBytes).toBeGreaterThanOrEqual(inference.persistentBytes);
});

it('keeps results as they are, however large', () => {
  const text =
    'model M { input x: f32[32, 32, 3]  x -> Conv2D(8, 3x3) -> Conv2D(4, 3x3) -> relu -> output y }';
  const { model } = analyze({ entry: 'm.cnn', read: (path) => (path === 'm.cnn' ? text : undefined) });
  const { halved } = buildProgram(model!, { target: targets.wgsl, halves: true }).program;
  const infer = halved!.find((routine) => routine.name === 'infer')!;
  expect(infer.results.map(({ allocation }) => infer.allocations[allocation]!.stored)).toEqual([undefined]);
  expect(infer.allocations.some(({ stored }) => stored)).toBe(true);
});

it('is not there where everything is small', () => {
  expect(build('neuron', { halves: true })).toEqual(build('neuron'));
});
