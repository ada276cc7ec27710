/** Every operation of the Loop IR as WGSL on numbers at the edges of their types, as scalars and in lanes: what the interpreter gives. */
import { describe, expect, test } from 'vitest';
import type { DType } from '../../../compiler/base/types.ts';
import { addAffine, affine, scaleAffine } from '../../../compiler/loop/affine.ts';
import type { Binding } from '../../../compiler/loop/bound.ts';
import { denseBuffer, readerOf } from '../../../compiler/loop/builder.ts';
import type { Elements } from '../../../compiler/loop/interpret.ts';
import { elementsFor, interpret } from '../../../compiler/loop/interpret.ts';
import type { Axis, Expr, Kernel, Stmt } from '../../../compiler/loop/ir.ts';
import { wholeRange } from '../../../compiler/loop/rewrite.ts';
import { describeGpu, runKernel } from '../../support/gpu.ts';
import { b, ints, length, samples } from '../kernels.ts';

type Element = (x: Expr, z: Expr) => Expr;
type Operations = Readonly<Record<string, Element>>;

const bound = (axis: Axis, bind: Binding, body: readonly Stmt[]): Stmt => ({
  kind: 'for',
  axis,
  range: wholeRange(axis),
  mode: { bind },
  body,
});

/** y[operation, i] = operation(x[i], z[i]) for each thread i; in lanes, four for each, and of `uniform` z[i / 4]. */
function kernelOf(
  dtype: DType,
  result: DType,
  operations: readonly Element[],
  form: 'scalar' | 'lanes' | 'uniform',
): Kernel {
  const [x, z] = [denseBuffer('x', dtype, [length]), denseBuffer('z', dtype, [length])];
  const y = denseBuffer('y', result, [operations.length, length]);
  const thread: Axis = { name: 'i', extent: form === 'scalar' ? length : length / 4 };
  const lane: Axis = { name: 'lane', extent: 4 };
  const place = form === 'scalar' ? affine(thread) : addAffine(scaleAffine(thread, 4), lane);
  const other = form === 'uniform' ? affine(thread) : place;
  const stores = operations.map((operation, row): Stmt => ({
    kind: 'store',
    buffer: y,
    index: [affine(row), place],
    value: operation(readerOf(x).at([place]), readerOf(z).at([other])),
  }));
  const body: readonly Stmt[] =
    form === 'scalar'
      ? stores
      : [{ kind: 'for', axis: lane, range: wholeRange(lane), mode: 'vectorize', body: stores }];
  return {
    name: form,
    kind: 'elementwise',
    inputs: [x, z],
    outputs: [y],
    body: [bound(thread, 'thread_x', body)],
  };
}

/** Rounding differs by a few units in the last place; what is infinite or NaN is one of them, but may be another. */
function isNear(actual: number, expected: number, tolerance: number): boolean {
  if (!Number.isFinite(expected)) return !Number.isFinite(actual);
  return Math.abs(actual - expected) <= tolerance * Math.abs(expected);
}

interface CheckOptions {
  readonly inputs?: Elements;
  /** Relative. Default: 1e-6 for f32, 0 for others. */
  readonly tolerance?: number;
  readonly forms?: readonly ('scalar' | 'lanes' | 'uniform')[];
}

/** Runs all operations in all forms on all pairs of neighbours; gives the results of the scalars. */
async function check(
  dtype: DType,
  result: DType,
  operations: Operations,
  { inputs = numbers[dtype], tolerance = result === 'f32' ? 1e-6 : 0, forms = allForms }: CheckOptions = {},
): Promise<Elements> {
  const names = Object.keys(operations);
  let first: Elements | undefined;
  for (const form of forms)
    for (const shift of [0, 3]) {
      const turned = inputs.map((_, i) => inputs[(i + shift) % length]!);
      const kernel = kernelOf(dtype, result, Object.values(operations), form);
      const size = names.length * length;
      const [expected, actual] = [
        elementsFor(result, size, 'f32'),
        elementsFor(result, size, 'f32').fill(77),
      ];
      interpret(kernel, [inputs, turned, expected], { n: 1, precision: 'f32' });
      await runKernel(kernel, [inputs, turned, actual], 1);
      first ??= actual;
      const wrong = names.flatMap((name, row) =>
        Array.from({ length }, (_, i) => {
          const at = row * length + i;
          if (isNear(actual[at]!, expected[at]!, tolerance)) return '';
          const other = turned[form === 'uniform' ? Math.floor(i / 4) : i];
          return `${form} ${name}(${inputs[i]}, ${other}) = ${actual[at]}, not ${expected[at]}`;
        }).filter((text) => text !== ''),
      );
      expect(wrong).toEqual([]);
    }
  return first!;
}

const allForms = ['scalar', 'lanes', 'uniform'] as const;

/** WGSL may flush what is smaller than 1.2e-38, and may do anything with NaN but in conversions and comparisons. */
const floats = samples.f32.map((value) => (Math.abs(value) < 1e-37 ? 0.25 : value));
const finite = floats.map((value) => (Number.isFinite(value) ? value : 1.75));
const numbers = { ...samples, f32: floats } as const;

const binaries = (names: readonly Parameters<typeof b.binary>[0][]): Operations =>
  Object.fromEntries(names.map((op) => [op, (x: Expr, z: Expr) => b.binary(op, x, z)]));
const compares = ['<', '<=', '>', '>=', '==', '!='] as const;
const dtypes = ['f32', 'i32', 'u32', 'u8', 'bool'] as const;
const floatOps = ['add', 'sub', 'mul', 'div', 'min', 'max'] as const;
const bits = ['rem', 'and', 'or', 'xor', 'shl', 'shr'] as const;
/** What lanes have, see `lockstepProblem`. */
const inLanes = (dtype: DType) =>
  dtype === 'u8' ? [] : (['add', 'sub', 'mul', 'min', 'max', 'and', 'or', 'xor', 'shl', 'shr'] as const);

describeGpu('operations', () => {
  describe.each(dtypes)('%s', (dtype) => {
    const isFloat = dtype === 'f32';
    const inputs = isFloat ? finite : numbers[dtype];
    test('arithmetic', async () => {
      const ops = isFloat
        ? floatOps
        : dtype === 'bool'
          ? (['and', 'or', 'xor', 'min', 'max', 'add', 'mul', 'sub'] as const)
          : ([...floatOps, ...bits] as const);
      const lanes = isFloat ? floatOps : inLanes(dtype);
      await check(dtype, dtype, binaries(ops), { inputs, forms: ['scalar'] });
      if (lanes.length > 0)
        await check(dtype, dtype, binaries(lanes), { inputs, forms: ['lanes', 'uniform'] });
    });
    test('comparisons and selections', async () => {
      const compare = Object.fromEntries(
        compares.map((op) => [op, (x: Expr, z: Expr) => b.compare(op, x, z)]),
      );
      await check(dtype, 'bool', compare);
      const select = Object.fromEntries(
        compares.map((op) => [`select ${op}`, (x: Expr, z: Expr) => b.select(b.compare(op, x, z), z, x)]),
      );
      await check(dtype, dtype, select);
      const both: Operations = {
        and: (x, z) => b.binary('and', b.compare('<', x, z), b.compare('>', x, b.literal(1, dtype))),
        or: (x, z) => b.binary('or', b.compare('>=', x, z), b.compare('<', x, z)),
        uniform: (x, z) =>
          b.select(b.compare('>', z, b.literal(1, dtype)), b.unary('not', x), b.compare('<', z, x)),
      };
      await check(dtype, 'bool', both);
    });
    test.each(dtypes)('to %s', async (to) => {
      await check(dtype, to, { cast: (x) => b.cast(x, to) });
    });
    test('signs and wholes', async () => {
      const ops: Operations = {
        ...Object.fromEntries(
          (['neg', 'abs', 'sign', 'floor', 'ceil', 'round'] as const)
            .filter((op) => dtype !== 'bool' || op === 'abs' || op === 'sign')
            .map((op) => [op, (x: Expr) => b.unary(op, x)]),
        ),
      };
      const forms = isFloat || dtype === 'bool' ? allForms : (['scalar'] as const);
      const result = await check(dtype, dtype, ops, { inputs, forms });
      // 0.5, 1.5, 2.5, -2.5
      if (isFloat) expect([...result.subarray(5 * length + 4, 5 * length + 8)]).toEqual([0, 2, 2, -2]);
      await check(dtype, 'bool', { not: (x) => b.unary('not', x), isfinite: (x) => b.unary('isfinite', x) });
    });
  });

  test('numbers that are not known before are saturated by known answers', async () => {
    const bytes = await check('f32', 'u8', { cast: (x) => b.cast(x, 'u8') });
    expect([...bytes.subarray(8, 15)]).toEqual([255, 0, 255, 0, 0, 255, 255]);
    const wholes = await check('f32', 'i32', { cast: (x) => b.cast(x, 'i32') });
    expect([...wholes.subarray(8, 18)]).toEqual([
      2147483647, -2147483648, 2147483647, -2147483648, 0, 255, 300, 0, 2147483647, -2147483648,
    ]);
  });

  test('constants', async () => {
    const values = [3, -1, 0, 40, 2147483647, -2147483648];
    const withInts = (op: (typeof floatOps | typeof bits)[number]): Operations =>
      Object.fromEntries(
        values.flatMap((value) => [
          [`${op} ${value}`, (x: Expr) => b.binary(op, x, b.literal(value, 'i32'))],
          [`${value} ${op}`, (x: Expr) => b.binary(op, b.literal(value, 'i32'), x)],
        ]),
      );
    for (const op of [...floatOps, ...bits]) await check('i32', 'i32', withInts(op), { forms: ['scalar'] });
    const withUnsigned = Object.fromEntries(
      [...floatOps, ...bits].flatMap((op) =>
        [3, 0, 40, 4294967295].map((value) => [
          `${value} ${op}`,
          (x: Expr) => b.binary(op, b.literal(value, 'u32'), x),
        ]),
      ),
    );
    await check('u32', 'u32', withUnsigned, { forms: ['scalar'] });
    const limits = [0, -0, 1, -2.5, 3.4028234663852886e38, 1e-30, 0.1, 16777217, 1 / 3];
    const withFloats = Object.fromEntries(
      limits.flatMap((limit) => [
        [`max ${limit}`, (x: Expr) => b.max(x, limit)],
        [`${limit} min`, (x: Expr) => b.binary('min', b.literal(limit), x)],
        [`+ ${limit}`, (x: Expr) => b.add(x, b.literal(limit))],
      ]),
    );
    await check('f32', 'f32', withFloats, { inputs: finite, tolerance: 0 });
  });

  test('infinite numbers and NaN', async () => {
    const compare = Object.fromEntries(
      [Infinity, -Infinity].flatMap((limit) =>
        compares.map((op) => [`${op} ${limit}`, (x: Expr) => b.compare(op, x, limit)]),
      ),
    );
    await check('f32', 'bool', compare);
    const made: Operations = {
      infinity: (x) => b.select(b.compare('>', x, 0), b.literal(Infinity), x),
      least: (x) => b.select(b.compare('>', x, 0), b.literal(-Infinity), x),
      nan: (x) => b.select(b.compare('>', x, 0), b.literal(NaN), x),
    };
    const results = await check('f32', 'f32', made);
    expect([results[2], results[length + 2], results[2 * length + 2]]).toEqual([Infinity, -Infinity, NaN]);
    const folded: Operations = {
      exp: (x) => b.add(x, b.exp(b.literal(1000))),
      log: (x) => b.add(x, b.log(b.literal(0))),
      sqrt: (x) => b.add(x, b.sqrt(b.literal(-1))),
      divided: (x) => b.add(x, b.div(b.literal(1), b.literal(0))),
    };
    await check('f32', 'f32', folded, { inputs: finite });
  });

  test('the same bits under another type', async () => {
    for (const to of ['f32', 'i32', 'u32'] as const) {
      const cast = { bits: (x: Expr) => b.bitcast(x, to) };
      await check('f32', to, cast, { inputs: finite, tolerance: 0 });
      // Numbers that are not tiny, so that no bit is lost.
      const large = ints.map((value) => (value & 0x3fffffff) | 0x30000000);
      await check('i32', to, cast, { inputs: large, tolerance: 0 });
      await check('u32', to, cast, { inputs: Uint32Array.from(large), tolerance: 0 });
    }
  });

  test('exp, log, tanh and sqrt are within 1e-4, also where they are small', async () => {
    const near = (values: readonly number[]): Float32Array =>
      Float32Array.from({ length }, (_, i) => values[i % values.length]!);
    const op = (name: 'exp' | 'log' | 'tanh' | 'sqrt'): Operations => ({ [name]: (x) => b.unary(name, x) });
    const tolerance = 1e-5;
    const steps = [1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 0.3];
    const aroundOne = near([...steps.flatMap((d) => [1 + d, 1 - d]), 2, 0.5, 1e-30, 1e30, 3e38, 1]);
    await check('f32', 'f32', op('log'), { inputs: aroundOne, tolerance });
    await check('f32', 'f32', op('log'), { inputs: near([0, -1, Infinity, NaN]), tolerance });
    const signs = near([...steps, 1, 5, 20, 45, 89, 1000, 3e38, 0.624, 0.626].flatMap((x) => [x, -x]));
    await check('f32', 'f32', op('tanh'), { inputs: signs, tolerance });
    await check('f32', 'f32', op('tanh'), {
      inputs: near([1000, -1000, 3e38, Infinity, -Infinity]),
      tolerance,
    });
    const powers = near([
      0, 1e-6, -1e-6, 0.5, 1, -1, 10, -10, 50, -50, 80, -80, 88, -87, 3, -3, 20, -20, 30, 7,
    ]);
    await check('f32', 'f32', op('exp'), { inputs: powers, tolerance: 1e-4 });
    await check('f32', 'f32', op('sqrt'), { inputs: near([0, 1, 2, 1e-30, 1e30, 0.25, 3e38]), tolerance });
  });
});
