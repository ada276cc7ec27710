/** What the code looks like: the text of a small kernel, and the instructions in the innermost loop of a convolution. */
import { expect, test } from 'vitest';
import { emitKernels } from '../../../compiler/emit/wasm/index.ts';
import type { Instruction } from '../../../compiler/emit/wasm/instructions.ts';
import { visitInstructions } from '../../../compiler/emit/wasm/instructions.ts';
import { kernelFunction } from '../../../compiler/emit/wasm/kernel.ts';
import { Called } from '../../../compiler/emit/wasm/called.ts';
import { parseKernel } from '../../../compiler/loop/parse.ts';
import { expectInterpreted } from './run.ts';

test('a small kernel', () => {
  const kernel = parseKernel(`kernel scale [elementwise](x: f32[N, 12], w: f32[12]) -> (y: f32[N, 12]) {
    for n: N in 0..N parallel {
      for i: 3 in 0..3 {
        for l: 4 in 0..4 vectorize { y[n, 4 * i + l] = max(x[n, 4 * i + l] * w[4 * i + l] + x[n, 0], 0.0) }
      }
    }
  }`);
  expectInterpreted(kernel, 3);
  expect(emitKernels([kernel]).wat()).toMatchInlineSnapshot(`
    "(module
      (import "env" "memory" (memory 0 65536))
      ;; scale: x f32[N, 12], w f32[12] → y f32[N, 12]
      (func $scale (export "scale") (param $x i32) (param $w i32) (param $y i32) (param $scratch i32) (param $N i32) (param $thread i32) (param $threads i32)
        (local i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)
        local.get $N
        local.tee 9
        local.get $thread
        i32.mul
        local.get $threads
        i32.div_s
        local.set 10
        local.get 9
        local.get $thread
        i32.const 1
        i32.add
        i32.mul
        local.get $threads
        i32.div_s
        local.set 11
        block
          local.get 10
          local.get 11
          i32.ge_s
          br_if 0
          local.get $x
          local.get 10
          i32.const 48
          i32.mul
          i32.add
          local.set 7
          local.get $y
          local.get 10
          i32.const 48
          i32.mul
          i32.add
          local.set 8
          local.get 7
          local.get 11
          local.get 10
          i32.sub
          i32.const 48
          i32.mul
          i32.add
          local.set 12
          loop
            local.get 8
            i32.const -16
            i32.add
            local.set 13
            local.get 7
            i32.const -16
            i32.add
            local.set 14
            local.get $w
            i32.const -16
            i32.add
            local.set 15
            local.get 13
            i32.const 48
            i32.add
            local.set 16
            loop
              local.get 13
              i32.const 16
              i32.add
              local.set 13
              local.get 14
              i32.const 16
              i32.add
              local.set 14
              local.get 15
              i32.const 16
              i32.add
              local.set 15
              local.get 13
              local.get 14
              v128.load align=4
              local.get 15
              v128.load align=4
              f32x4.mul
              local.get 7
              v128.load32_splat
              f32x4.add
              f32.const 0
              f32x4.splat
              f32x4.pmax
              f32.const 0
              f32x4.splat
              f32x4.add
              v128.store align=4
              local.get 13
              local.get 16
              i32.ne
              br_if 0
            end
            local.get 8
            i32.const 48
            i32.add
            local.set 8
            local.get 7
            i32.const 48
            i32.add
            local.tee 7
            local.get 12
            i32.ne
            br_if 0
          end
        end
      )
    )
    "
  `);
});

/** 3x3, 64 → 64 channels, four pixels by eight channels at a time. */
const lanes = (n: number, body: (pixel: string, channel: string, acc: string) => string): string =>
  `for t${n}: 4 in 0..4 unroll { for v${n}: 2 in 0..2 unroll { for l${n}: 4 in 0..4 vectorize {
    ${body(`4 * p + t${n}`, `4 * v${n} + l${n}`, `acc[t${n}, v${n}, l${n}]`)} } } }`;
const convolution =
  parseKernel(`kernel conv [contraction](x: f32[18, 18, 64], w: f32[8, 3, 3, 64, 8], b: f32[64]) -> (y: f32[16, 16, 64]) {
    for c: 8 in 0..8 { for h: 16 in 0..16 { for p: 4 in 0..4 {
      alloc register acc: f32[4, 2, 4]
      ${lanes(1, (_, channel, acc) => `${acc} = b[8 * c + ${channel}]`)}
      for kh: 3 in 0..3 { for kw: 3 in 0..3 { for i: 64 in 0..64 {
        ${lanes(2, (pixel, channel, acc) => `${acc} add= x[h + kh, ${pixel} + kw, i] * w[c, kh, kw, i, ${channel}]`)}
      } } }
      ${lanes(3, (pixel, channel, acc) => `y[h, ${pixel}, 8 * c + ${channel}] = max(${acc}, 0.0)`)}
    } } }
  }`);

test('the innermost loop of a convolution loads, multiplies, adds, moves two pointers and compares one', () => {
  const called = new Called(0);
  const { body } = kernelFunction(convolution, called).function;
  // The loop over tiles is a function of its own.
  expect(JSON.stringify(body)).not.toContain('v128');
  const innermost: (readonly Instruction[])[] = [];
  const tiles = called.all.flatMap((fn) => ('body' in fn ? fn.body : []));
  visitInstructions(tiles, (instruction) => {
    if (instruction.op === 'loop' && !instruction.body.some(({ op }) => op === 'loop'))
      innermost.push(instruction.body);
  });
  expect(innermost.length).toBe(1);
  const counts: Record<string, number> = {};
  for (const { op } of innermost[0]!) counts[op] = (counts[op] ?? 0) + 1;
  const { 'local.get': _, 'local.set': __, 'local.tee': ___, ...work } = counts;
  expect(work).toEqual({
    'v128.load': 2,
    'v128.load32_splat': 4,
    'f32x4.mul': 8,
    'f32x4.add': 8,
    'i32.const': 2,
    'i32.add': 2,
    'i32.ne': 1,
    br_if: 1,
  });
});

test('every multiplication of a sum can be fused with the addition', () => {
  const { fused, bytes } = emitKernels([convolution]);
  expect(fused.map((place) => bytes[place + 1])).toEqual(Array(8).fill([0xe6, 0xe4]).flat());
});
