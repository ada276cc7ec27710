/** Schedules: the bits of the lowered kernel for every op, and the loops they were made for. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Extent } from '../../compiler/base/types.ts';
import type { Parameter } from '../../compiler/graph/ir.ts';
import type { Kernel, Stmt } from '../../compiler/loop/ir.ts';
import { parseKernel } from '../../compiler/loop/parse.ts';
import { printKernel } from '../../compiler/loop/print.ts';
import { bodyOf, visitStmts } from '../../compiler/loop/rewrite.ts';
import { verifyKernel } from '../../compiler/loop/verify.ts';
import * as ops from '../../compiler/ops/index.ts';
import { typescript } from '../../compiler/program/target.ts';
import { applyStep, schedule } from '../../compiler/schedule/index.ts';
import { scheduleForTs } from '../../compiler/schedule/ts.ts';
import { kernelOf, windowKernels, bitsOf } from '../loop/kernels.ts';
import { bytesOf } from '../lower/run.ts';
import { sampleKernel } from '../support/sample-kernel.ts';
import { calls, hasKernel } from '../support/samples.ts';

describe.each(calls.filter(({ op }) => hasKernel(op)))('$title', (call) => {
  const { lowered, scheduled, interpreted, expected } = sampleKernel(call, typescript);

  it('keeps every bit', () => {
    for (const n of [1, 2, 3]) expect(bytesOf(interpreted(scheduled, n))).toBe(bytesOf(expected(n)));
  });

  it('is well formed, printed and parsed', () => {
    for (const k of [lowered, scheduled]) {
      verifyKernel(k);
      expect(printKernel(parseKernel(printKernel(k)))).toBe(printKernel(k));
    }
  });
});

const parameter = (name: string, ...shape: readonly Extent[]): Parameter => ({
  kind: 'parameter',
  role: 'input',
  name,
  type: { dtype: 'f32', shape },
});

/** Names of the axes of loops that lead to the first statement that accumulates into a register, outermost first. */
function loopsToAccumulation(
  body: readonly Stmt[],
  path: readonly string[] = [],
): readonly string[] | undefined {
  for (const stmt of body) {
    if (stmt.kind === 'accumulate' && stmt.buffer.space === 'register') return path;
    const found = loopsToAccumulation(bodyOf(stmt), stmt.kind === 'for' ? [...path, stmt.axis.name] : path);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The registers that are declared in one block. */
function mostRegisters(kernel: Kernel): number {
  let most = 0;
  const count = (body: readonly Stmt[]): void => {
    const registers = body.filter((stmt) => stmt.kind === 'alloc' && stmt.buffer.space === 'register');
    most = Math.max(most, registers.length);
  };
  count(kernel.body);
  visitStmts(kernel.body, (stmt) => count(bodyOf(stmt)));
  return most;
}

describe('contractions', () => {
  const conv = kernelOf(ops.conv2d, [parameter('x', 'N', 13, 13, 32), parameter('kernel', 3, 3, 32, 64)], {
    strides: [1, 1],
    padding: 'valid',
  });

  it('keep four channels of a convolution in registers and its weights in the cache', () => {
    const scheduled = schedule(conv, typescript);
    expect(mostRegisters(scheduled)).toBe(4);
    expect(loopsToAccumulation(scheduled.body)).toEqual(['n', 'c_block', 'h', 'w', 'kh', 'kw', 'ci']);
  });

  it.each([
    [1, 1],
    [2, 2],
    [3, 3],
    [6, 3],
    [7, 4],
    [10, 4],
    [84, 4],
    [128, 4],
  ])('a product with %i columns is done in tiles of %i', (columns, registers) => {
    const kernel = kernelOf(ops.matmul, [parameter('a', 'N', 20), parameter('b', 20, columns)], {
      transpose_b: false,
    });
    const scheduled = schedule(kernel, typescript);
    expect(mostRegisters(scheduled)).toBe(registers);
    expect(bitsOf(scheduled, 3)).toBe(bitsOf(kernel, 3));
  });

  it('run the batch outside of a kernel gradient and inside of a dense layer', () => {
    const [x, dy] = [parameter('x', 'N', 9, 9, 4), parameter('dy', 'N', 7, 7, 8)];
    const gradient = kernelOf(ops.conv2dKernelGradient, [x, dy], {
      kernel_size: [3, 3],
      strides: [1, 1],
      padding: 'valid',
    });
    const path = loopsToAccumulation(schedule(gradient, typescript).body) ?? [];
    expect(path[0]).toBe('n');
    expect(path.slice(-2)).toEqual(['oh', 'ow']);
    expect(bitsOf(schedule(gradient, typescript), 3)).toBe(bitsOf(gradient, 3));
    const dense = kernelOf(ops.matmul, [parameter('a', 'N', 64), parameter('b', 64, 16)], {
      transpose_b: false,
    });
    expect(loopsToAccumulation(schedule(dense, typescript).body)).toEqual(['i1_block', 'n', 'k']);
  });

  it('sum long reductions in chunks, four at a time', () => {
    const kernel = kernelOf(ops.matmul, [parameter('a', 1, 9000), parameter('b', 9000, 8)], {
      transpose_b: false,
    });
    const scheduled = schedule(kernel, typescript);
    expect(bitsOf(scheduled, 1)).toBe(bitsOf(kernel, 1));
    expect(mostRegisters(scheduled)).toBe(4);
  });
});

describe('windows', () => {
  it('write out small windows', () => {
    const pool = kernelOf(ops.maxPool2d, [parameter('x', 'N', 8, 8, 4)], {
      pool_size: [2, 2],
      strides: [2, 2],
      padding: 'valid',
    });
    const scheduled = schedule(pool, typescript);
    expect(loopsToAccumulation(scheduled.body)).toEqual(['n', 'h', 'w', 'c']);
  });

  it('know where each place of a strided gradient comes from', () => {
    const [dy, argmax]: [Parameter, Parameter] = [
      parameter('dy', 'N', 3, 3, 2),
      { ...parameter('argmax', 'N', 3, 3, 2), type: { dtype: 'i32', shape: ['N', 3, 3, 2] } },
    ];
    const gradient = kernelOf(ops.maxPool2dGradient, [dy, argmax], {
      size: [7, 7],
      pool_size: [2, 2],
      strides: [2, 2],
      padding: 'valid',
    });
    const scheduled = schedule(gradient, typescript);
    expect(bitsOf(scheduled, 2)).toBe(bitsOf(gradient, 2));
    visitStmts(scheduled.body, (stmt) => {
      if (stmt.kind === 'for')
        for (const q of [...stmt.range.from, ...stmt.range.to])
          expect(q === 'N' || q.numerator.terms.length === 0).toBe(true);
    });
  });
});

describe('steps', () => {
  it('are plain data that give the kernel again', () => {
    fc.assert(
      fc.property(windowKernels, (kernel) => {
        const { steps, kernel: scheduled } = scheduleForTs(kernel, typescript);
        const again = (JSON.parse(JSON.stringify(steps)) as typeof steps).reduce(applyStep, kernel);
        expect(printKernel(again)).toBe(printKernel(scheduled));
      }),
      { numRuns: 50 },
    );
  });

  it('keep every bit of random convolutions, pooling and their gradients', () => {
    fc.assert(
      fc.property(windowKernels, fc.integer({ min: 1, max: 3 }), (kernel, n) => {
        const scheduled = schedule(kernel, typescript);
        verifyKernel(scheduled);
        expect(bitsOf(scheduled, n)).toBe(bitsOf(kernel, n));
      }),
      { numRuns: 300 },
    );
  });
});
