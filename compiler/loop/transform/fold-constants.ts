import {
  binaryFunction,
  bitcastFunction,
  castFunction,
  compareFunctions,
  unaryFunction,
} from '../arithmetic.ts';
import { dtypeOf } from '../builder.ts';
import type { Expr, ExprOf, Kernel, Local, Stmt, UnaryOp } from '../ir.ts';
import { mapExpr, withBody, withValue } from '../rewrite.ts';

/**
 * op(2, 3) → its value; let c = 2 … c → 2; select(true, a, b) → a. f32 values round after each operation, as at run time,
 * so that no bit changes; `exp`, `log` and `tanh` are left alone, because engines differ in them.
 */
export function foldConstants(kernel: Kernel): Kernel {
  return { ...kernel, body: foldBody(kernel.body, new Map()) };
}

type Literal = ExprOf<'literal'>;
type Known = Map<Local, Literal>;

function foldBody(body: readonly Stmt[], known: Known): readonly Stmt[] {
  return body.flatMap((stmt): readonly Stmt[] => {
    switch (stmt.kind) {
      case 'let': {
        const value = fold(stmt.value, known);
        if (value.kind !== 'literal') return [withValue(stmt, value)];
        known.set(stmt.local, value);
        return [];
      }
      case 'store':
      case 'accumulate':
        return [withValue(stmt, fold(stmt.value, known))];
      case 'for':
      case 'if':
        return [withBody(stmt, foldBody(stmt.body, known))];
      case 'alloc':
      case 'barrier':
      case 'all_reduce':
        return [stmt];
      default:
        return stmt satisfies never;
    }
  });
}

const inexact: ReadonlySet<UnaryOp> = new Set(['exp', 'log', 'tanh']);
const isLiteral = (expr: Expr): expr is Literal => expr.kind === 'literal';

function fold(expr: Expr, known: Known): Expr {
  return mapExpr(expr, (e) => (e.kind === 'local' ? (known.get(e.local) ?? e) : foldOne(e)));
}

/** Operands have been folded. */
function foldOne(expr: Expr): Expr {
  switch (expr.kind) {
    case 'unary':
      if (!isLiteral(expr.x) || inexact.has(expr.op)) return expr;
      return literal(expr, unaryFunction(expr.op, expr.dtype, 'f32')(valueOf(expr.x)));
    case 'binary':
      if (!isLiteral(expr.a) || !isLiteral(expr.b)) return expr;
      return literal(expr, binaryFunction(expr.op, expr.dtype, 'f32')(valueOf(expr.a), valueOf(expr.b)));
    case 'compare':
      if (!isLiteral(expr.a) || !isLiteral(expr.b)) return expr;
      return literal(expr, compareFunctions[expr.op](valueOf(expr.a), valueOf(expr.b)));
    case 'select':
      if (!isLiteral(expr.condition)) return expr;
      return expr.condition.value !== 0 ? expr.a : expr.b;
    case 'cast':
      if (!isLiteral(expr.x)) return expr;
      return literal(expr, castFunction(expr.x.dtype, expr.dtype, 'f32')(valueOf(expr.x)));
    case 'bitcast':
      if (!isLiteral(expr.x)) return expr;
      return literal(expr, bitcastFunction(expr.x.dtype, expr.dtype)(valueOf(expr.x)));
    case 'literal':
    case 'index':
    case 'batch':
    case 'load':
    case 'local':
    case 'reduced':
      return expr;
    default:
      return expr satisfies never;
  }
}

const valueOf = ({ dtype, value }: Literal): number => (dtype === 'f32' ? Math.fround(value) : value);

const literal = (expr: Expr, value: number): Literal => ({ kind: 'literal', dtype: dtypeOf(expr), value });
