/** exp, log and tanh as functions: one f32 sequence for all CPU targets, hence the same bits. */
import { wholeInterval } from '../../loop/bounds.ts';
import type { Kernel } from '../../loop/ir.ts';
import type { TakenNames } from '../../loop/names.ts';
import { exprsOf, visitExpr, visitStmts } from '../../loop/rewrite.ts';
import type { MathOp } from '../../loop/math.ts';
import { mathFunction, mathOps } from '../../loop/math.ts';
import { Block } from './block.ts';
import { KernelScope } from './kernel-scope.ts';
import { mathNames, value } from './kernel-value.ts';
import { statements } from './kernel.ts';
import { NameScope } from './names.ts';
import type { FunctionNode } from './tree.ts';

/** The functions that the kernels call. `names` are those of the module. */
export function mathFunctions(kernels: readonly Kernel[], names: TakenNames): readonly FunctionNode[] {
  const used = new Set<string>();
  for (const { body } of kernels)
    visitStmts(body, (stmt) => {
      for (const expr of exprsOf(stmt))
        visitExpr(expr, (e) => {
          if (e.kind === 'unary') used.add(e.op);
        });
    });
  return mathOps.filter((op) => used.has(op)).map((op) => printed(op, names));
}

const about: Readonly<Record<MathOp, string>> = {
  exp: 'e to the power of x',
  log: 'The natural logarithm of x',
  tanh: 'The hyperbolic tangent of x',
};

function printed(op: MathOp, names: TakenNames): FunctionNode {
  const { argument, body, result } = mathFunction(op);
  const scope = new KernelScope(body, [], new Set(), new NameScope(names));
  const block = new Block();
  const params = [{ name: scope.declare(argument, block), type: 'number' }];
  const at = { block, scope, interval: wholeInterval };
  statements(body, at);
  block.push(`return ${value(result, at).text};`);
  return {
    kind: 'function',
    doc: [`${about[op]} in single precision: the same bits on every engine.`],
    name: mathNames[op],
    params,
    returns: 'number',
    body: block.text(),
  };
}
