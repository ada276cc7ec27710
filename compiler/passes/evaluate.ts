/** The value of a node whose operands are constants, by the op's own definition on the interpreter. */
import { invariant } from '../base/invariant.ts';
import { elementCount } from '../base/types.ts';
import type { Node } from '../graph/ir.ts';
import { affine } from '../loop/affine.ts';
import { DefinitionBuilder, denseBuffer, dtypeOf, readerOf } from '../loop/builder.ts';
import type { Definition, Points } from '../loop/definition.ts';
import { elementsFor, interpret } from '../loop/interpret.ts';
import type { Buffer, Combine, Expr, Kernel, Stmt } from '../loop/ir.ts';
import { loopsOver, mapExpr } from '../loop/rewrite.ts';

/** The elements in row-major order, computed in f32. No type may contain N. */
export function evaluateNode(node: Node): readonly number[] {
  const { op, operands, attributes, type } = node;
  invariant(op.lower !== 'none', `${op.name} has no definition`);
  const inputs = operands.map((value, i) => denseBuffer(`x${i}`, value.type.dtype, value.type.shape));
  const output = denseBuffer('y', type.dtype, type.shape);
  const definition = op.lower(new DefinitionBuilder(), inputs.map(readerOf), attributes, type);
  const kernel: Kernel = {
    name: op.name,
    kind: 'elementwise',
    inputs,
    outputs: [output],
    body: loopsOf(definition, output),
  };
  const memory = operands.map((operand) => {
    invariant(operand.kind === 'constant', `${op.name}: only constants can be evaluated`);
    const count = elementCount(operand.type.shape, 1);
    const elements = elementsFor(operand.type.dtype, count, 'f32');
    const [fill] = operand.data;
    if (operand.data.length === 1) elements.fill(fill ?? 0);
    else elements.set(operand.data);
    return elements;
  });
  const result = elementsFor(type.dtype, elementCount(type.shape, 1), 'f32');
  interpret(kernel, [...memory, result], { n: 1, precision: 'f32' });
  return [...result];
}

/** Plain loops around a definition, its reduction in one piece. */
function loopsOf(
  { axes, index = axes.map(affine), reduce, lets = [], element }: Definition,
  output: Buffer,
): readonly Stmt[] {
  const body: Stmt[] = [];
  let finished = (expr: Expr): Expr => expr;
  if (reduce !== undefined) {
    const acc = denseBuffer('acc', dtypeOf(reduce.body), [], 'register');
    body.push({ kind: 'alloc', buffer: acc });
    body.push({
      kind: 'store',
      buffer: acc,
      index: [],
      value: { kind: 'literal', dtype: acc.dtype, value: reduce.init },
    });
    for (const points of [reduce, ...(reduce.more ?? [])])
      body.push(...reductionOver(points, acc, reduce.combine));
    finished = (expr) =>
      mapExpr(expr, (e) => (e.kind === 'reduced' ? { kind: 'load', buffer: acc, index: [] } : e));
  }
  for (const { local, value } of lets) body.push({ kind: 'let', local, value: finished(value) });
  body.push({ kind: 'store', buffer: output, index, value: finished(element) });
  return loopsOver(axes, body);
}

function reductionOver({ axes, where, body }: Points, acc: Buffer, combine: Combine): readonly Stmt[] {
  const step: Stmt = { kind: 'accumulate', buffer: acc, index: [], combine, value: body };
  return loopsOver(axes, [{ kind: 'if', conditions: where, body: [step] }]);
}
