/** The operations of the Loop IR in WGSL, of single values or of vec4. */
import { invariant, InvariantError } from '../../base/invariant.ts';
import type { DType } from '../../base/types.ts';
import type { BinaryOp, CompareOp, UnaryOp } from '../../loop/ir.ts';
import type { BinaryOperator, Value } from './expression.ts';
import { alike, binary, call, largest, literal, name, splat, typeOf, unary } from './expression.ts';
import type { Helpers } from './functions.ts';

const number = (dtype: DType, value: number): Value => literal(dtype, value);

const operators: Readonly<Partial<Record<BinaryOp, BinaryOperator>>> = {
  add: '+',
  sub: '-',
  mul: '*',
  div: '/',
  rem: '%',
  and: '&',
  or: '|',
  xor: '^',
  shl: '<<',
  shr: '>>',
};
const arithmetic: ReadonlySet<BinaryOp> = new Set(['add', 'sub', 'mul', 'div', 'rem']);

export function binaryValue(op: BinaryOp, dtype: DType, x: Value, y: Value): Value {
  if (dtype === 'bool') return logical(op, x, y);
  if (op === 'min' || op === 'max') return call(op, dtype, ...alike(x, y));
  if (op === 'shl' || op === 'shr') {
    const [value, amount] = alike(x, y);
    const shifted = binary(operators[op] as BinaryOperator, value, shiftAmount(y, amount), dtype);
    return op === 'shl' ? wrapped(dtype, shifted) : shifted;
  }
  const [a, b] = arithmetic.has(op) ? [x, y] : alike(bits(x), bits(y));
  const operator = operators[op];
  invariant(operator, `no operator for ${op}`);
  const result = binary(operator, a, b, dtype);
  if (dtype === 'f32' || (op !== 'div' && op !== 'rem')) return wrapped(dtype, result);
  // WGSL refuses a literal 0.
  if (/^0u?$/.test(y.text)) return x.wide ? splat(number(dtype, 0)) : number(dtype, 0);
  if (op === 'rem' || /^-?\d+u?$/.test(y.text)) return result;
  // A division by zero gives the dividend in WGSL, 0 in the Loop IR.
  const [zero, quotient] = alike(number(dtype, 0), result);
  return call('select', dtype, quotient, zero, binary('==', ...alike(b, number(dtype, 0)), 'bool'));
}

/** A literal as people read bits. */
function bits(x: Value): Value {
  const [, digits, suffix] = /^(\d{3,})(u?)$/.exec(x.text) ?? [];
  return digits === undefined ? x : { ...x, text: `0x${Number(digits).toString(16)}${suffix ?? ''}` };
}

/** Shifts take a u32 below 32. */
function shiftAmount(y: Value, amount: Value): Value {
  const constant = /^(-?\d+)u?$/.exec(y.text)?.[1];
  if (constant !== undefined) {
    const count = number('u32', Number(constant) & 31);
    return amount.wide ? splat(count) : count;
  }
  const unsigned = amount.dtype === 'i32' ? call(typeOf('u32', amount.wide), 'u32', amount) : amount;
  return binary('&', ...alike(unsigned, number('u32', 31)));
}

/** u8 is a u32 of which the low bits count. */
function wrapped(dtype: DType, x: Value): Value {
  return dtype === 'u8' ? binary('&', ...alike(x, number('u8', 255))) : x;
}

/** A bool is 0 or 1; any number that is not 0 becomes 1. */
function logical(op: BinaryOp, a: Value, b: Value): Value {
  const wide = a.wide || b.wide;
  const and = (x: Value, y: Value): Value => (wide ? binary('&', ...alike(x, y)) : binary('&&', x, y));
  switch (op) {
    case 'and':
    case 'mul':
    case 'min':
    case 'div':
      return and(a, b);
    case 'or':
    case 'add':
    case 'max':
      return wide ? binary('|', ...alike(a, b)) : binary('||', a, b);
    case 'xor':
    case 'sub':
      return binary('!=', ...alike(a, b));
    case 'rem':
      return wide ? splat(name('false', 'bool')) : name('false', 'bool');
    case 'shl':
      return a;
    case 'shr':
      return and(a, unary('!', b));
    default:
      return op satisfies never;
  }
}

export function compareValue(op: CompareOp, x: Value, y: Value): Value {
  const equality = op === '==' || op === '!=';
  const asNumber = (v: Value): Value =>
    v.dtype === 'bool' && !equality ? call(typeOf('u32', v.wide), 'u32', v) : v;
  // In WGSL no comparison with NaN is true.
  if (op === '!=' && x.dtype === 'f32') return unary('!', binary('==', ...alike(x, y), 'bool'));
  return binary(op, ...alike(asNumber(x), asNumber(y)), 'bool');
}

/** How to compare with an infinite number, which WGSL does not have: with the largest one. */
export function compareInfinite(op: CompareOp, x: Value, infinity: number): Value | undefined {
  const limit: Value = {
    ...name(infinity > 0 ? largest : `-${largest}`, 'f32'),
    ...(infinity < 0 && { op: 'unary' }),
  };
  const compare = (by: CompareOp): Value => binary(by, ...alike(x, limit), 'bool');
  const below = infinity > 0;
  switch (op) {
    case '<':
      return below ? compare('<=') : undefined;
    case '>':
      return below ? undefined : compare('>=');
    case '>=':
    case '==':
      return below ? compare('>') : op === '==' ? compare('<') : undefined;
    case '<=':
      return below ? undefined : compare('<');
    case '!=':
      return undefined;
    default:
      return op satisfies never;
  }
}

export function selectValue(condition: Value, a: Value, b: Value): Value {
  const wide = condition.wide || a.wide || b.wide;
  const [x, y] = wide ? [splat(a), splat(b)] : [a, b];
  return { ...call('select', a.dtype, y, x, condition), wide };
}

export function unaryValue(op: UnaryOp, x: Value, helpers: Helpers): Value {
  const { dtype } = x;
  const zero = (): Value => (x.wide ? splat(number(dtype, 0)) : number(dtype, 0));
  switch (op) {
    case 'not':
      return dtype === 'bool' ? unary('!', x) : binary('==', x, zero(), 'bool');
    case 'isfinite':
      if (dtype !== 'f32') return x.wide ? splat(name('true', 'bool')) : name('true', 'bool');
      return helpers.call('is_finite', 'bool', x);
    case 'neg':
      if (dtype === 'bool') return x;
      if (dtype === 'f32' || dtype === 'i32') return unary('-', x);
      return wrapped(dtype, binary('-', zero(), x));
    case 'abs':
      return dtype === 'f32' || dtype === 'i32' ? call('abs', dtype, x) : x;
    case 'sign':
      if (dtype === 'bool') return x;
      if (dtype === 'f32' || dtype === 'i32') return call('sign', dtype, x);
      return call('min', dtype, ...alike(x, number(dtype, 1)));
    case 'floor':
    case 'ceil':
    case 'round':
      return dtype === 'f32' ? call(op, dtype, x) : x;
    case 'sqrt':
    case 'exp':
      invariant(dtype === 'f32', `${op} of ${dtype}`);
      return call(op, dtype, x);
    case 'log':
    case 'tanh':
      invariant(dtype === 'f32', `${op} of ${dtype}`);
      return helpers.call(`precise_${op}`, dtype, x);
    default:
      return op satisfies never;
  }
}

export function castValue(x: Value, to: DType, helpers: Helpers): Value {
  const from = x.dtype;
  if (from === to) return x;
  if (to === 'bool') return compareValue('!=', x, number(from, 0));
  if (from === 'f32' && to !== 'f32') return helpers.call(`to_${to}`, to, x);
  if (to === 'u8' && from !== 'bool') return toByte(x);
  // A u8 is a u32 already.
  if (from === 'u8' && to === 'u32') return { ...x, dtype: to };
  return call(typeOf(to, x.wide), to, x);
}

function toByte(x: Value): Value {
  const limit = (value: number): Value => {
    const limited = number(x.dtype, value);
    return x.wide ? splat(limited) : limited;
  };
  if (x.dtype === 'u32') return call('min', 'u8', x, limit(255));
  return call(typeOf('u32', x.wide), 'u8', call('clamp', 'i32', x, limit(0), limit(255)));
}

export function bitcastValue(x: Value, to: 'f32' | 'i32' | 'u32'): Value {
  if (x.dtype === to) return x;
  if (x.dtype === 'u8' && to === 'u32') return { ...x, dtype: to };
  if (x.dtype === 'bool') return bitcastValue(call(typeOf('u32', x.wide), 'u32', x), to);
  return call(`bitcast<${typeOf(to, x.wide)}>`, to, x);
}

/** What is in memory as the value it stands for. */
export function loaded(stored: Value): Value {
  if (stored.dtype !== 'bool') return stored;
  return binary('!=', ...alike({ ...stored, dtype: 'u32' }, number('u32', 0)), 'bool');
}

export function toStore(x: Value): Value {
  if (x.dtype !== 'bool') return x;
  if (x.text === 'true' || x.text === 'false') return number('u32', x.text === 'true' ? 1 : 0);
  return call(typeOf('u32', x.wide), 'u32', x);
}

export function combinedText(op: BinaryOp, target: Value, value: Value): string {
  if (value.dtype === 'bool' && target.dtype !== 'bool') throw new InvariantError('a bool meets a number');
  const plain = { add: '+=', mul: '*=' } as const;
  if ((op === 'add' || op === 'mul') && target.dtype !== 'bool' && target.dtype !== 'u8') {
    const [, right] = target.wide ? [target, splat(value)] : [target, value];
    return `${target.text} ${plain[op]} ${right.text}`;
  }
  return `${target.text} = ${binaryValue(op, target.dtype, target, value).text}`;
}
