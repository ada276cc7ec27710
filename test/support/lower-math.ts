/** What the functions exp, log and tanh of a target compute, in line: the interpreter then gives the bits of the target. */
import type { Kernel, Stmt } from '../../compiler/loop/ir.ts';
import { isMath, mathFunction } from '../../compiler/loop/math.ts';
import { flatMapStmts, mapExpr } from '../../compiler/loop/rewrite.ts';

/** s(exp(e))  →  let x = e; let …; s(v)   and likewise for log and tanh. */
export function lowerMath(kernel: Kernel): Kernel {
  const body = flatMapStmts(kernel.body, (stmt): readonly Stmt[] => {
    if (stmt.kind !== 'let' && stmt.kind !== 'store' && stmt.kind !== 'accumulate') return [stmt];
    const before: Stmt[] = [];
    const value = mapExpr(stmt.value, (e) => {
      if (e.kind !== 'unary' || !isMath(e.op)) return e;
      const { argument, body: sequence, result } = mathFunction(e.op);
      before.push({ kind: 'let', local: argument, value: e.x }, ...sequence);
      return result;
    });
    return [...before, { ...stmt, value }];
  });
  return { ...kernel, body };
}
