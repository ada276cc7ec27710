/** Scalar expressions of the Loop IR as JavaScript that gives the same bits as the interpreter and as WASM. */
import { InvariantError } from '../../base/invariant.ts';
import type { DType } from '../../base/types.ts';
import { dtypeOf } from '../../loop/builder.ts';
import type { Affine, BinaryOp, Combine, CompareOp, Expr, ExprOf, Load } from '../../loop/ir.ts';
import { infix } from '../../loop/operators.ts';
import { Block } from './block.ts';
import { lineWidth } from './data.ts';
import type { BinaryOperator, Text } from './expression.ts';
import { binary, call, conditional, element, number, primary, unary } from './expression.ts';
import type { KernelScope } from './kernel-scope.ts';
import type { Access } from './sums.ts';

/** Where an expression is printed. */
export interface Context {
  readonly block: Block;
  readonly scope: KernelScope;
}

/** Builds an expression from parts; parts that would make the line too long become constants of their own. */
function compose(context: Context, parts: readonly Text[], build: (...parts: readonly Text[]) => Text): Text {
  const limit = Math.max(lineWidth - 48 - context.block.indent, 32);
  const current = [...parts];
  for (;;) {
    const text = build(...current);
    const longest = current.reduce((a, b) => (b.text.length > a.text.length ? b : a), primary(''));
    if (text.text.length <= limit || longest.text.length < 16) return text;
    current[current.indexOf(longest)] = named(context, longest);
  }
}

export function named({ block, scope }: Context, text: Text, wanted = 't'): Text {
  const name = scope.unique(wanted, block);
  block.push(`const ${name} = ${text.text};`);
  return primary(name);
}

/** Brings the exact result of an operation into its type: f32 rounds, integers wrap. */
function rounded(dtype: DType, text: Text): Text {
  switch (dtype) {
    case 'f32':
      return call('f', text);
    case 'i32':
      return binary('|', text, number(0));
    case 'u32':
      return binary('>>>', text, number(0));
    case 'u8':
      return binary('&', text, number(255));
    case 'bool':
      return asNumber(binary('!==', text, number(0)));
    default:
      return dtype satisfies never;
  }
}

const asNumber = (test: Text): Text => conditional(test, number(1), number(0));

/** The number of an expression; a bool is 0 or 1. Without `round` an f32 result is still to be rounded by its store. */
export function value(expr: Expr, context: Context, round = true): Text {
  const { scope } = context;
  switch (expr.kind) {
    case 'literal':
      return number(expr.dtype === 'f32' ? Math.fround(expr.value) : Number(expr.value));
    case 'index':
      return scope.index(scope.sums.of(expr.index), context.block);
    case 'batch':
      return primary('N');
    case 'load':
      return load(expr, context);
    case 'local':
      return expr.local.dtype === 'bool'
        ? asNumber(primary(scope.local(expr.local)))
        : primary(scope.local(expr.local));
    case 'unary':
      return unaryValue(expr, context, round);
    case 'binary': {
      const parts = [value(expr.a, context), value(expr.b, context)];
      return compose(context, parts, (a = primary('0'), b = primary('0')) =>
        operation(expr.op, expr.dtype, a, b, round),
      );
    }
    case 'compare':
      return asNumber(condition(expr, context));
    case 'select':
      return select(expr, context, value);
    case 'cast':
      return cast(expr, context);
    case 'bitcast':
      return bitcast(expr, context);
    case 'reduced':
      throw new InvariantError('a definition in a kernel');
    default:
      return expr satisfies never;
  }
}

const comparisons: Readonly<Record<CompareOp, BinaryOperator>> = {
  '<': '<',
  '<=': '<=',
  '>': '>',
  '>=': '>=',
  '==': '===',
  '!=': '!==',
};

const connectives: Readonly<Partial<Record<BinaryOp, BinaryOperator>>> = { and: '&&', or: '||', xor: '!==' };

/** The truth of an expression, for `if`, `?:` and `&&`. */
export function condition(expr: Expr, context: Context): Text {
  if (expr.kind === 'compare') {
    const op = comparisons[expr.op];
    const parts = [value(expr.a, context), value(expr.b, context)];
    return compose(context, parts, (a = primary('0'), b = primary('0')) => binary(op, a, b));
  }
  if (dtypeOf(expr) === 'bool') {
    if (expr.kind === 'literal') return primary(String(expr.value !== 0));
    if (expr.kind === 'local') return primary(context.scope.local(expr.local));
    if (expr.kind === 'select') return select(expr, context, condition);
    if (expr.kind === 'unary' && expr.op === 'not') return unary('!', condition(expr.x, context));
    if (expr.kind === 'unary' && expr.op === 'isfinite')
      return call('Number.isFinite', value(expr.x, context));
    if (expr.kind === 'cast') return condition(expr.x, context);
    const op = expr.kind === 'binary' ? connectives[expr.op] : undefined;
    if (expr.kind === 'binary' && op) {
      const parts = [condition(expr.a, context), condition(expr.b, context)];
      return compose(context, parts, (a = primary('0'), b = primary('0')) => binary(op, a, b));
    }
  }
  return binary('!==', value(expr, context), number(0));
}

function operation(op: BinaryOp, dtype: DType, a: Text, b: Text, round: boolean): Text {
  if (op === 'min' || op === 'max') return call(`Math.${op}`, a, b);
  if (op === 'mul' && dtype !== 'f32') {
    const product = call('Math.imul', a, b);
    return dtype === 'i32' ? product : rounded(dtype, product);
  }
  if (op === 'shr' && dtype === 'u32') return binary('>>>', a, b);
  const exact = binary(infix[op], a, b);
  if (dtype === 'f32') return round ? call('f', exact) : exact;
  // These give an i32 by themselves.
  const bits = ['and', 'or', 'xor', 'shl', 'shr'].includes(op);
  return bits && (dtype === 'i32' || dtype === 'bool' || op === 'shr') ? exact : rounded(dtype, exact);
}

/** combine(a, b) of an accumulator, to be rounded by the variable or array that takes it. */
export function combined(
  combine: Combine,
  dtype: DType,
  context: Context,
  a: Text,
  b: Text,
  round: boolean,
): Text {
  return compose(context, [b], (part = b) => operation(combine, dtype, a, part, round));
}

/** What the functions of `math.ts` are called. */
export const mathNames = { exp: 'expf', log: 'logf', tanh: 'tanhf' } as const;

function unaryValue(expr: ExprOf<'unary'>, context: Context, round: boolean): Text {
  const { op } = expr;
  if (op === 'not' || op === 'isfinite') return asNumber(condition(expr, context));
  const isFloat = expr.dtype === 'f32';
  const apply = (x: Text): Text => {
    switch (op) {
      case 'neg':
        return isFloat ? unary('-', x) : rounded(expr.dtype, unary('-', x));
      case 'abs':
        return isFloat ? call('Math.abs', x) : rounded(expr.dtype, call('Math.abs', x));
      case 'sign':
        return call('Math.sign', x);
      case 'floor':
      case 'ceil':
        return isFloat ? call(`Math.${op}`, x) : x;
      case 'round':
        return isFloat ? call('roundHalfEven', x) : x;
      case 'sqrt':
        return round ? call('f', call('Math.sqrt', x)) : call('Math.sqrt', x);
      case 'exp':
      case 'log':
      case 'tanh':
        return call(mathNames[op], x);
      default:
        return op satisfies never;
    }
  };
  return compose(context, [value(expr.x, context)], (x = primary('0')) => apply(x));
}

/** Both branches stay unevaluated until the condition is known: a branch may read outside of its buffer. */
function select(
  expr: ExprOf<'select'>,
  context: Context,
  print: (expr: Expr, context: Context) => Text,
): Text {
  const test = compose(context, [condition(expr.condition, context)], (c = primary('0')) => c);
  const branch = (branchExpr: Expr): { block: Block; text: Text } => {
    const block = new Block(context.block);
    return { block, text: print(branchExpr, { ...context, block }) };
  };
  const a = branch(expr.a);
  const b = branch(expr.b);
  const short = a.block.lines.length + b.block.lines.length === 0;
  const inline = conditional(test, a.text, b.text);
  if (short && inline.text.length <= Math.max(lineWidth - 48 - context.block.indent, 32)) return inline;
  const name = context.scope.unique('t', context.block, a.block, b.block);
  a.block.push(`${name} = ${a.text.text};`);
  b.block.push(`${name} = ${b.text.text};`);
  context.block.push(`let ${name};`);
  context.block.nest(`if (${test.text})`, a.block, '} else {');
  context.block.lines.push(...b.block.text().map((line) => `  ${line}`), '}');
  return primary(name);
}

function cast(expr: ExprOf<'cast'>, context: Context): Text {
  const from = dtypeOf(expr.x);
  const to = expr.dtype;
  if (to === 'bool') return asNumber(condition(expr, context));
  const x = value(expr.x, context);
  const small = from === 'u8' || from === 'bool';
  if (from === to || small) return x;
  switch (to) {
    case 'f32':
      return compose(context, [x], (part = x) => call('f', part));
    case 'i32':
      return from === 'f32' ? call('toI32', x) : rounded('i32', x);
    case 'u32':
      return from === 'f32' ? call('toU32', x) : rounded('u32', x);
    case 'u8':
      return call('toU8', x);
    default:
      return to satisfies never;
  }
}

function bitcast(expr: ExprOf<'bitcast'>, context: Context): Text {
  const x = value(expr.x, context);
  const from = dtypeOf(expr.x);
  if (from === expr.dtype) return x;
  if (expr.dtype === 'f32') return call('floatOfBits', x);
  if (from === 'f32')
    return expr.dtype === 'i32' ? call('bitsOfFloat', x) : rounded('u32', call('bitsOfFloat', x));
  return rounded(expr.dtype, x);
}

function load(expr: Load, context: Context): Text {
  const { scope } = context;
  const { buffer } = expr;
  if (scope.isVariable(buffer)) return primary(scope.variable(buffer, expr.index as readonly Affine[]));
  return element(scope.memory(buffer), place(expr, context));
}

/** The place of an element in its array. A computed index is clamped into its axis. */
export function place(access: Access, context: Context): Text {
  const { block, scope } = context;
  const { buffer, index } = access;
  const base = scope.index(scope.sums.at(access), block, scope.memory(buffer));
  return index.reduce((sum, entry, axis) => {
    if (!('clamped' in entry)) return sum;
    const extent = buffer.shape[axis];
    const last = extent === 'N' ? binary('-', primary('N'), number(1)) : number(Number(extent) - 1);
    const inside = compose(context, [value(entry.clamped, context)], (x = primary('0')) =>
      call('Math.min', call('Math.max', x, number(0)), last),
    );
    const stride = buffer.strides[axis]!;
    const scaled = stride === 1 ? inside : binary('*', named(context, inside, 'i'), number(stride));
    return sum.text === '0' ? scaled : binary('+', sum, scaled);
  }, base);
}
