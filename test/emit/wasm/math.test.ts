/** exp, log and tanh are functions of the module: the bits of their sequences, of scalars and of lanes. */
import { describe, expect, it } from 'vitest';
import { emitKernels } from '../../../compiler/emit/wasm/index.ts';
import { elementsFor, interpret } from '../../../compiler/loop/interpret.ts';
import type { Kernel } from '../../../compiler/loop/ir.ts';
import type { MathOp } from '../../../compiler/loop/math.ts';
import { mathOps } from '../../../compiler/loop/math.ts';
import { parseKernel } from '../../../compiler/loop/parse.ts';
import { generator } from '../../support/samples.ts';
import { lowerMath } from '../../support/lower-math.ts';
import { api, bitsOf, wasmKernel } from './run.ts';

const size = 4096;
const kernelOf = (op: MathOp, body: string): Kernel =>
  parseKernel(`kernel ${op} [elementwise](x: f32[${size}]) -> (y: f32[${size}]) { ${body} }`);
const forms = {
  scalars: (op: MathOp) => kernelOf(op, `for i: ${size} in 0..${size} { y[i] = ${op}(x[i]) }`),
  lanes: (op: MathOp) =>
    kernelOf(
      op,
      `for i: ${size / 4} in 0..${size / 4} { for l: 4 in 0..4 vectorize { y[4*i + l] = ${op}(x[4*i + l]) } }`,
    ),
};

/** Random bits, numbers where the functions are not trivial, and those where they end. */
function points(): Float32Array {
  const random = generator(5);
  const xs = new Float32Array(size);
  const bits = new Uint32Array(xs.buffer);
  for (let i = 0; i < size; i++)
    if (i % 2 === 0) bits[i] = random() * 2 ** 32;
    else xs[i] = (random() * 2 - 1) * 10;
  xs.set([0, -0, Infinity, -Infinity, NaN, 1, -1, 88.72283, 88.7229, -104, 1e-40, 0.625]);
  return xs;
}

describe.each(mathOps)('%s', (op) => {
  it.each(['scalars', 'lanes'] as const)('of %s has the bits of its sequence', (form) => {
    const kernel = forms[form](op);
    const xs = points();
    const [expected, actual] = [0, 1].map(() => elementsFor('f32', size, 'f32'));
    interpret(lowerMath(kernel), [xs, expected!], { n: 1, precision: 'f32' });
    wasmKernel(kernel)([xs, actual!], 1);
    expect(bitsOf(actual!)).toBe(bitsOf(expected!));
    expect(new Set(actual).size).toBeGreaterThan(size / 8);
  });
});

it('a module has each function once, in the forms that its kernels use', () => {
  const twice = parseKernel(`kernel twice [elementwise](x: f32[8]) -> (y: f32[8]) {
    for b: 2 in 0..2 { for l: 4 in 0..4 vectorize { y[4*b + l] = exp(exp(x[4*b + l])) } }
    y[0] = exp(tanh(x[0]))
  }`);
  const again = { ...twice, name: 'again' };
  const { wat, bytes } = emitKernels([twice, again]);
  const text = wat();
  const functions = [...text.matchAll(/\(func \$(\S+)/gu)].map(([, name]) => name);
  expect(functions).toEqual(['twice', 'again', 'f32x4.exp', 'f32.tanh', 'f32.exp']);
  expect(text.match(/call \$f32x4\.exp$/gmu)).toHaveLength(4);
  expect(text.match(/call \$f32\.exp$/gmu)).toHaveLength(2);
  // Each constant is there once, as a vector, as a float, or as both; kernels get none.
  const constants = [...text.matchAll(/\(global .*\)/gu)].map(([line]) => line);
  expect(constants).toContain('(global f32 (f32.const 12582912))');
  expect(constants).toContain('(global v128 (v128.const i32x4 0x4b400000 0x4b400000 0x4b400000 0x4b400000))');
  expect(new Set(constants).size).toBe(constants.length);
  expect(text.slice(text.indexOf('(func $f32x4.exp'))).not.toMatch(/f32\.const|splat/u);
  expect(api.validate(bytes)).toBe(true);
});
