/** Operators: numbers at compile time (in f64), tensors as ops. */
import type { Span } from '../base/source.ts';
import type { BinaryOperator } from '../syntax/ast.ts';
import { invariant } from '../base/invariant.ts';
import { ops } from '../ops/index.ts';
import type { Env } from './build.ts';
import type { Datum } from './datum.ts';
import { bool, describe, list, number, poison } from './datum.ts';
import { applyOp } from './op-call.ts';

const opNames: Readonly<Record<BinaryOperator, string>> = {
  or: 'logical_or',
  and: 'logical_and',
  '==': 'equal',
  '!=': 'not_equal',
  '<': 'less',
  '<=': 'less_equal',
  '>': 'greater',
  '>=': 'greater_equal',
  '+': 'add',
  '-': 'subtract',
  '*': 'multiply',
  '/': 'divide',
};

const maxListed = 1_000_000;

export function binary(operator: BinaryOperator, left: Datum, right: Datum, env: Env, span: Span): Datum {
  if (left.kind === 'poison' || right.kind === 'poison') return poison;
  if (left.kind === 'tensor' || right.kind === 'tensor') {
    return callOp(opNames[operator], [left, right], env, span);
  }
  if (operator === '==' || operator === '!=') {
    const equal = sameDatum(left, right);
    if (equal !== undefined) return bool(equal === (operator === '=='));
  }
  if (left.kind === 'bool' && right.kind === 'bool') {
    if (operator === 'and') return bool(left.value && right.value);
    if (operator === 'or') return bool(left.value || right.value);
  }
  if (left.kind === 'number' && right.kind === 'number') {
    const result = numbers(operator, left.value, right.value);
    if (result) return checkFinite(result, `${left.value} ${operator} ${right.value}`, env, span);
  }
  if (operator === '+' && left.kind === 'list' && right.kind === 'list') {
    if (left.items.length + right.items.length <= maxListed) return list([...left.items, ...right.items]);
    const message = `a list can have at most ${maxListed} elements`;
    env.build.session.reporter.error(env.frame, span, 'E0602', message);
    return poison;
  }
  env.build.session.reporter.error(
    env.frame,
    span,
    'E0310',
    `\`${operator}\` does not apply to ${describe(left)} and ${describe(right)}`,
  );
  return poison;
}

function callOp(name: string, operands: readonly Datum[], env: Env, span: Span): Datum {
  const op = ops.get(name);
  invariant(op, `the registry has no op ${name}`);
  return applyOp(op, operands, {}, env, { span, scope: env.frame.path });
}

function numbers(operator: BinaryOperator, a: number, b: number): Datum | undefined {
  switch (operator) {
    case '+':
      return number(a + b);
    case '-':
      return number(a - b);
    case '*':
      return number(a * b);
    case '/':
      return number(a / b);
    case '<':
      return bool(a < b);
    case '<=':
      return bool(a <= b);
    case '>':
      return bool(a > b);
    case '>=':
      return bool(a >= b);
    case '==':
    case '!=':
    case 'and':
    case 'or':
      return undefined;
  }
}

/** Division by zero, the logarithm of -1, 1e300 * 1e300. */
export function checkFinite(result: Datum, written: string, env: Env, span: Span): Datum {
  if (result.kind !== 'number' || Number.isFinite(result.value)) return result;
  const message = `\`${written}\` is not a finite number`;
  env.build.session.reporter.error(env.frame, span, 'E0314', message);
  return poison;
}

export function unary(operator: '-' | 'not', operand: Datum, env: Env, span: Span): Datum {
  if (operand.kind === 'poison') return poison;
  if (operator === '-' && operand.kind === 'number') return number(-operand.value);
  if (operator === 'not' && operand.kind === 'bool') return bool(!operand.value);
  if (operand.kind === 'tensor') {
    return callOp(operator === '-' ? 'negative' : 'logical_not', [operand], env, span);
  }
  const message = `\`${operator}\` does not apply to ${describe(operand)}`;
  env.build.session.reporter.error(env.frame, span, 'E0310', message);
  return poison;
}

/** Undefined where the two cannot be compared. A size equals a number when all its parts do. */
function sameDatum(a: Datum, b: Datum): boolean | undefined {
  if (a.kind === 'size' && b.kind === 'number') return a.values.every((value) => value === b.value);
  if (a.kind === 'number' && b.kind === 'size') return sameDatum(b, a);
  if (a.kind === 'word' || b.kind === 'word') return sameWord(a, b);
  if (a.kind === 'number' && b.kind === 'number') return a.value === b.value;
  if (a.kind === 'bool' && b.kind === 'bool') return a.value === b.value;
  if (a.kind === 'string' && b.kind === 'string') return a.value === b.value;
  if (a.kind === 'batch' || b.kind === 'batch') return a.kind === b.kind;
  const left = elements(a);
  const right = elements(b);
  // Lists of lists are not compared: they may share their items, and then be exponentially large.
  if (!left || !right || [...left, ...right].some((item) => item.kind === 'list')) return undefined;
  return (
    left.length === right.length && left.every((item, i) => sameDatum(item, right[i] ?? poison) === true)
  );
}

/** A parameter of type `valid | same | size` holds a word or something else. */
function sameWord(a: Datum, b: Datum): boolean | undefined {
  if (a.kind === 'word' && b.kind === 'word') return a.word === b.word;
  const other = a.kind === 'word' ? b : a;
  return other.kind === 'stage' || other.kind === 'initializer' ? undefined : false;
}

function elements(datum: Datum): readonly Datum[] | undefined {
  if (datum.kind === 'list') return datum.items;
  return datum.kind === 'size' ? datum.values.map(number) : undefined;
}
