/** Applying steps to kernels. */
import { expect } from 'vitest';
import type { Kernel } from '../../../compiler/loop/ir.ts';
import { parseKernel } from '../../../compiler/loop/parse.ts';
import { printKernel } from '../../../compiler/loop/print.ts';
import { visitStmts } from '../../../compiler/loop/rewrite.ts';
import type { Step } from '../../../compiler/schedule/index.ts';
import { applyStep } from '../../../compiler/schedule/index.ts';
import { expectSame } from '../kernels.ts';

export const apply = (kernel: Kernel, ...steps: readonly Step[]): Kernel => steps.reduce(applyStep, kernel);

/** The kernel after the steps, the same for several batches, and read back from its text. */
export function same(kernel: Kernel, ...steps: readonly Step[]): Kernel {
  const after = apply(kernel, ...steps);
  for (const n of [1, 2, 3, 4, 5, 9]) expectSame(kernel, after, n);
  expect(printKernel(parseKernel(printKernel(after)))).toBe(printKernel(after));
  return after;
}

/** Names of the loops, outer before inner. */
export function loopsOf(kernel: Kernel): readonly string[] {
  const names: string[] = [];
  visitStmts(kernel.body, (stmt) => {
    if (stmt.kind === 'for') names.push(stmt.axis.name);
  });
  return names;
}
