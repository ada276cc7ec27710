/** The meaning of the Loop IR: loops, accesses and scalar arithmetic. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DType } from '../../compiler/base/types.ts';
import {
  binaryFunction,
  bitcastFunction,
  castFunction,
  roundHalfEven,
  roundToHalf,
  unaryFunction,
} from '../../compiler/loop/arithmetic.ts';
import { elementsFor, interpret } from '../../compiler/loop/interpret.ts';
import type { Elements } from '../../compiler/loop/interpret.ts';
import { parseKernel } from '../../compiler/loop/parse.ts';
import { toHalf } from '../../compiler/emit/ts/half.ts';
import { fromHalf } from '../../runtime/half.ts';

const inF32 = { n: 2, precision: 'f32' } as const;

function run(text: string, inputs: readonly Elements[], output: Elements, n = 2): number[] {
  interpret(parseKernel(text), [...inputs, output], { n, precision: 'f32' });
  return [...output];
}

describe('interpret', () => {
  it('rounds what is stored as f16 to such numbers', () => {
    const random = fc.sample(fc.float({ noNaN: true }), { numRuns: 2000, seed: 3 });
    // Ties, the smallest normal and subnormal numbers, what is beyond the largest.
    const special = [
      0,
      -0,
      1 + 2 ** -11,
      1 + 3 * 2 ** -11,
      2 ** -14,
      2 ** -25,
      1.5 * 2 ** -24,
      65519.9,
      -1e9,
    ];
    for (const x of [...random, ...special]) {
      const nearest = fromHalf(toHalf(x));
      expect(roundToHalf(x)).toBe(Math.abs(nearest) === Infinity ? Math.sign(x) * 65504 : nearest);
    }
    expect(roundToHalf(NaN)).toBeNaN();
    const text = `kernel k [elementwise](x: f32[3] stored f16) -> (y: f32[3] stored f16, z: f32[3]) {
  for i: 3 in 0..3 {
    y[i] = x[i] + 0.1
    y[i] add= 1.0
    z[i] = y[i] + 0.1
  }
}
`;
    const [y, z] = [new Float32Array(3), new Float32Array(3)];
    interpret(parseKernel(text), [Float32Array.of(1, 2, 70000), y, z], inF32);
    const once = [1, 2, 70000].map((x) => roundToHalf(Math.fround(x + Math.fround(0.1))));
    expect([...y]).toEqual(once.map((x) => roundToHalf(x + 1)));
    expect([...z]).toEqual([...y].map((x) => Math.fround(x + Math.fround(0.1))));
  });

  it('runs loops over quotients, conditions, registers and the batch', () => {
    const text = `kernel k [window](x: f32[N, 4]) -> (y: f32[N, 3]) {
  for n: N in 0..N {
    for i: 3 in 0..3 {
      alloc register acc: f32[]
      acc[] = 0.0
      for k: 4 in max(0, floor((i + 1) / 2))..min(4, 2 * i + 1) {
        if 0 <= k + i < 4 {
          acc[] add= x[n, k + i]
        }
      }
      y[n, i] = acc[] + f32(N)
    }
  }
}
`;
    const x = Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8);
    // i = 0: k = 0; i = 1: k = 1, 2; i = 2: k = 1 (2 and 3 lead outside).
    expect(run(text, [x], new Float32Array(6))).toEqual([3, 9, 6, 7, 17, 10]);
  });

  it('follows strides and offsets, and clamps computed indices', () => {
    const text = `kernel k [gather](x: i32[5]) -> (y: i32[3] strides [2] offset 1) {
  for i: 3 in 0..3 {
    y[i] = x[clamp(x[i])]
  }
}
`;
    expect(run(text, [Int32Array.of(-7, 3, 99, 40, 50)], new Int32Array(6))).toEqual([0, -7, 0, 40, 0, 50]);
  });

  it('rounds to f32 after each operation, or not at all', () => {
    const kernel = parseKernel(`kernel k [elementwise](x: f32[1]) -> (y: f32[1]) {
  y[0] = x[0] + 1.0 - x[0]
}
`);
    const single = new Float32Array(1);
    interpret(kernel, [Float32Array.of(2 ** 25), single], inF32);
    expect(single[0]).toBe(0);
    const double = new Float64Array(1);
    interpret(kernel, [Float64Array.of(2 ** 25), double], { n: 1, precision: 'f64' });
    expect(double[0]).toBe(1);
  });

  it('stops at the first access out of bounds, in either branch of a select', () => {
    const at = (index: string): string => `kernel k [gather](x: f32[3]) -> (y: f32[3]) {
  for i: 3 in 0..3 {
    y[i] = select(i32(0.0) == 1i32, x[${index}], 0.0)
  }
}
`;
    const run3 = (index: string): number[] => run(at(index), [new Float32Array(3)], new Float32Array(3));
    expect(() => run3('i + 1')).toThrow(/x: 3 is outside of 3/);
    expect(() => run3('i - 1')).toThrow(/x: -1 is outside of 3/);
    expect(run3('i')).toEqual([0, 0, 0]);
  });

  it('poisons registers that are read before they are written', () => {
    const text = `kernel k [elementwise]() -> (y: f32[1]) {
  alloc register r: f32[]
  y[0] = r[]
}
`;
    expect(run(text, [], new Float32Array(1))).toEqual([NaN]);
  });

  it('checks how many operands it is given', () => {
    const kernel = parseKernel('kernel k [elementwise]() -> (y: f32[1]) {\n  y[0] = 0.0\n}\n');
    expect(() => interpret(kernel, [], inF32)).toThrow(/takes 1 operands, got 0/);
  });

  it('makes memory of the right type', () => {
    const names = (['f32', 'i32', 'u32', 'u8', 'bool'] as DType[]).map(
      (d) => elementsFor(d, 1, 'f32').constructor.name,
    );
    expect(names).toEqual(['Float32Array', 'Int32Array', 'Uint32Array', 'Uint8Array', 'Uint8Array']);
    expect(elementsFor('f32', 2, 'f64')).toBeInstanceOf(Float64Array);
  });
});

describe('arithmetic', () => {
  it('wraps integers and shifts modulo 32', () => {
    expect(binaryFunction('add', 'u32', 'f32')(0xffffffff, 2)).toBe(1);
    expect(binaryFunction('mul', 'u32', 'f32')(0xffffffff, 0xffffffff)).toBe(1);
    expect(binaryFunction('mul', 'i32', 'f32')(0x12345678, 0x7654321)).toBe(Math.imul(0x12345678, 0x7654321));
    expect(binaryFunction('shl', 'u32', 'f32')(0x80000001, 33)).toBe(2);
    expect(binaryFunction('shr', 'u32', 'f32')(0x80000000, 31)).toBe(1);
    expect(binaryFunction('shr', 'i32', 'f32')(-4, 1)).toBe(-2);
    expect(binaryFunction('sub', 'u8', 'f32')(1, 2)).toBe(255);
    expect(binaryFunction('div', 'i32', 'f32')(-7, 2)).toBe(-3);
    expect(binaryFunction('rem', 'i32', 'f32')(-7, 2)).toBe(-1);
  });

  it('casts by value: floats truncate and saturate, NaN is 0', () => {
    const toI32 = castFunction('f32', 'i32', 'f32');
    expect([1.9, -1.9, 3e9, -3e9, NaN, Infinity].map(toI32)).toEqual([
      1, -1, 2147483647, -2147483648, 0, 2147483647,
    ]);
    expect([-1, 1.5, 5e9].map(castFunction('f32', 'u32', 'f32'))).toEqual([0, 1, 4294967295]);
    expect([-3, 255.9, 300].map(castFunction('f32', 'u8', 'f32'))).toEqual([0, 255, 255]);
    expect(castFunction('i32', 'u8', 'f32')(300)).toBe(255);
    expect(castFunction('u32', 'i32', 'f32')(0xffffffff)).toBe(-1);
    expect(castFunction('u32', 'f32', 'f32')(0xffffffff)).toBe(4294967296);
    expect([0, 2, NaN].map(castFunction('f32', 'bool', 'f32'))).toEqual([0, 1, 1]);
  });

  it('takes bits as they are', () => {
    expect(bitcastFunction('f32', 'i32')(1)).toBe(0x3f800000);
    expect(bitcastFunction('f32', 'u32')(-1)).toBe(0xbf800000);
    expect(bitcastFunction('i32', 'f32')(0x7f800000)).toBe(Infinity);
  });

  it('rounds halves to even', () => {
    expect([0.5, 1.5, 2.5, -0.5, -1.5, 2.4, -2.6].map(roundHalfEven)).toEqual([0, 2, 2, -0, -2, 2, -3]);
  });

  it('propagates NaN through min and max, and orders zeros', () => {
    expect(binaryFunction('max', 'f32', 'f32')(NaN, 1)).toBeNaN();
    expect(binaryFunction('min', 'f32', 'f32')(1, NaN)).toBeNaN();
    expect(binaryFunction('max', 'f32', 'f32')(-0, 0)).toBe(0);
    expect(unaryFunction('isfinite', 'bool', 'f32')(Infinity)).toBe(0);
  });
});
