import { expect, test } from 'vitest';
import { affine } from '../../../compiler/loop/affine.ts';
import { DefinitionBuilder, denseBuffer, readerOf } from '../../../compiler/loop/builder.ts';
import { interpret } from '../../../compiler/loop/interpret.ts';
import type { Expr, Kernel, Local } from '../../../compiler/loop/ir.ts';
import { visitExpr, visitStmts, exprsOf } from '../../../compiler/loop/rewrite.ts';
import { foldConstants } from '../../../compiler/loop/transform/fold-constants.ts';

const b = new DefinitionBuilder();
const x = denseBuffer('x', 'f32', [1]);
const y = denseBuffer('y', 'f32', [1]);
const read = readerOf(x).at([0]);
const tenth: Local = { name: 'tenth', dtype: 'f32' };
const local: Expr = { kind: 'local', local: tenth };

function kernelOf(value: Expr): Kernel {
  return {
    name: 'k',
    kind: 'elementwise',
    inputs: [x],
    outputs: [y],
    body: [
      { kind: 'let', local: tenth, value: b.div(b.literal(1), 10) },
      { kind: 'store', buffer: y, index: [affine(0)], value },
    ],
  };
}

function nodes(kernel: Kernel): number {
  let count = 0;
  visitStmts(kernel.body, (stmt) => {
    for (const expr of exprsOf(stmt)) visitExpr(expr, () => void count++);
  });
  return count;
}

const run = (kernel: Kernel): number => {
  const result = new Float32Array(1);
  interpret(kernel, [Float32Array.of(0.7), result], { n: 1, precision: 'f32' });
  return result[0]!;
};

test.each([
  ['rounding of each operation', b.mul(read, b.add(b.mul(local, 3), b.literal(1e-8))), 3],
  ['integers that wrap', b.mul(read, b.cast(b.add(b.literal(2147483647, 'i32'), 1), 'f32')), 3],
  ['bits', b.add(read, b.bitcast(b.bitcast(local, 'u32'), 'f32')), 3],
  ['a choice', b.select(b.compare('<', local, 1), b.add(read, local), b.exp(read)), 3],
  ['exp is left alone', b.add(read, b.exp(local)), 4],
])('%s', (_, value, left) => {
  const kernel = kernelOf(value);
  const folded = foldConstants(kernel);
  expect(nodes(folded)).toBe(left);
  expect(run(folded)).toBe(run(kernel));
});
