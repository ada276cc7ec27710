/** Kernels that are WebAssembly: how they are loaded, and what happens where that cannot be. */
import { setFlagsFromString } from 'node:v8';
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { analyze } from '../../compiler/frontend/index.ts';
import { emitModule } from '../../compiler/emit/ts/index.ts';
import { emitWasm } from '../../compiler/emit/wasm/index.ts';
import { buildProgram } from '../../compiler/program/build.ts';
import type { Program, Routine } from '../../compiler/program/program.ts';
import { targets } from '../../compiler/program/target.ts';
import type { ThreadOptions } from '../../runtime/types.ts';
import { importFiles } from '../support/module.ts';
import type { TinyModule } from './tiny.ts';
import { failure, hex, moduleOf, points, tinyText } from './tiny.ts';

type Create = (options: ThreadOptions) => ReturnType<TinyModule['createModel']>;

interface Api {
  compile(code: Uint8Array): Promise<object>;
  validate(code: Uint8Array): boolean;
  readonly Memory: object;
}
const { WebAssembly: api } = globalThis as typeof globalThis & { readonly WebAssembly: Api };

const data = points(18);
let create: Create;
let either: Create;
beforeAll(async () => {
  create = (await moduleOf(tinyText)).createModel;
  either = (await moduleOf(tinyText, { kernels: 'both', threads: false })).createModel;
});
afterEach(() => void vi.unstubAllGlobals());

/** The weights after some steps. */
async function trained(make: Create, options: ThreadOptions = {}): Promise<string> {
  const model = await make({ seed: 1, ...options });
  await model.fit(data);
  return hex(model.saveWeights());
}

const refusing = { compile: () => Promise.reject(new Error('no')) };
const hosts: [string, object | undefined, string, RegExp][] = [
  ['no WebAssembly', undefined, 'wasm-missing', /no WebAssembly/],
  ['no SIMD', { ...refusing, validate: () => false }, 'wasm-simd', /no WebAssembly SIMD/],
  ['a policy against it', { ...refusing, validate: () => true }, 'wasm-policy', /'wasm-unsafe-eval'.*no/],
];

/** What the namespace has is not enumerable. */
const host = (changes: object): object =>
  Object.assign(Object.create(api) as object, { Memory: api.Memory }, changes);

describe.each(hosts)('with %s', (_, changes, code, message) => {
  test('a module of WebAssembly says so', async () => {
    vi.stubGlobal('WebAssembly', changes && host(changes));
    const error = await failure(create({ seed: 1 }));
    expect(error).toMatchObject({ name: 'ModelError', code });
    expect(error.message).toMatch(message);
  });
  test('a module of both uses the other kernels, to the same bits', async () => {
    const expected = await trained(either);
    vi.stubGlobal('WebAssembly', changes && host(changes));
    const { info } = await either({ seed: 1 });
    expect(info).toMatchObject({ target: 'ts', threads: 1, reason: expect.stringMatching(message) });
    expect(await trained(either)).toBe(expected);
  });
});

test('without DecompressionStream a module says so, or uses the other kernels', async () => {
  vi.stubGlobal('DecompressionStream', undefined);
  const error = await failure(create({ seed: 1 }));
  expect(error).toMatchObject({
    code: 'wasm-missing',
    message: expect.stringMatching(/DecompressionStream/),
  });
  expect((await either({ seed: 1 })).info).toMatchObject({ target: 'ts', reason: error.message });
});

describe('memory', () => {
  test('that is not there is an error', async () => {
    const full = class {
      constructor() {
        throw new RangeError('full');
      }
    };
    vi.stubGlobal('WebAssembly', host({ Memory: full }));
    expect(await failure(create({ seed: 1 }))).toMatchObject({ code: 'memory' });
    // The other kernels would not find any either.
    expect(await failure(either({ seed: 1 }))).toMatchObject({ code: 'memory' });
  });
});

describe('info', () => {
  test('says what runs', async () => {
    expect((await either({ seed: 1 })).info).toMatchObject({ name: 'Tiny', target: 'wasm', threads: 1 });
    expect((await create({ seed: 1 })).info).not.toHaveProperty('reason');
    const script = (await moduleOf(tinyText, { kernels: 'ts' })).createModel;
    expect((await script({ seed: 1 })).info).toMatchObject({ target: 'ts', threads: 1 });
  });
});

describe('fast', () => {
  test('is refused where the engine has no relaxed SIMD, with the same bits as without', async () => {
    const compile = (code: Uint8Array) =>
      // relaxed_madd
      Buffer.from(code).includes(Buffer.of(0xfd, 0x85, 0x02))
        ? Promise.reject(new Error())
        : api.compile(code);
    const expected = await trained(create);
    vi.stubGlobal('WebAssembly', host({ compile }));
    const { info } = await create({ seed: 1, fast: true });
    expect(info).toMatchObject({ target: 'wasm', reason: expect.stringMatching(/^fast: .*relaxed SIMD/) });
    expect(info).not.toHaveProperty('fast');
    expect(await trained(create, { fast: true })).toBe(expected);
  });
  test('multiplies and adds with one rounding where the engine can', async () => {
    setFlagsFromString('--experimental-wasm-relaxed-simd');
    const model = await create({ seed: 1, fast: true });
    expect(model.info).toMatchObject({ target: 'wasm', fast: true });
    const plain = await create({ seed: 1 });
    const [history, slow] = [await model.fit(data), await plain.fit(data)];
    history.forEach(({ train }, i) => expect(train['loss']).toBeCloseTo(slow[i]!.train['loss']!, 4));
    expect(await hex(model.saveWeights())).not.toBe(await hex(plain.saveWeights()));
  });
});

describe('a corrupted plan', () => {
  const program = programOf(tinyText);

  /** A place that a launch of `infer` is given is moved to where the memory has ended; sometimes only its last part is. */
  const corrupted = program.routines
    .find(({ name }) => name === 'infer')!
    .launches.flatMap(({ operands }, i) => operands.map((operand) => ({ i, operand })))
    .filter(({ operand }, i, all) => all.findIndex((other) => other.operand === operand) === i);

  test.each(corrupted)('launch $i, operand $operand: no access beyond the memory', async ({ operand }) => {
    const { scratchBase, scratchBytes, pages } = emitWasm(program);
    for (const offset of [pages * 65536, 2 ** 32 - 2048]) {
      const bad = movedIn(program, 'infer', operand, offset);
      const emitted = emitWasm(bad);
      const wasm = { ...emitted, scratchBase, scratchBytes };
      const [file] = emitModule([{ program, wasm }], {
        target: 'js',
        sourceName: 'bad.cnn',
        inference: false,
      });
      const { createModel } = (await importFiles([file!])) as unknown as TinyModule;
      const model = await createModel({ seed: 1 });
      const weights = await hex(model.saveWeights());
      expect(await failure(model.predict({ x: points(1).x }))).toMatchObject({ code: 'kernel' });
      expect(await hex(model.saveWeights())).toBe(weights);
    }
  });
});

function programOf(text: string): Program {
  const { model } = analyze({ entry: 'tiny.cnn', read: () => text }, {});
  return buildProgram(model!, { target: targets.wasm }).program;
}

/** The program with one allocation of a routine elsewhere in the work arena. */
function movedIn(program: Program, name: string, index: number, offset: number): Program {
  const move = (routine: Routine): Routine => ({
    ...routine,
    allocations: routine.allocations.map((allocation, i) =>
      i === index
        ? { ...allocation, placement: { ...allocation.placement, arena: 'persistent' as const, offset } }
        : allocation,
    ),
  });
  const routines = program.routines.map((routine) => (routine.name === name ? move(routine) : routine));
  return { ...program, routines };
}
