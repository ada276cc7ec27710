/** The operations of the Loop IR in WGSL, of single values or of vec4. */
import { invariant } from '../../base/invariant.ts';
import type { DType } from '../../base/types.ts';
import type { BinaryOp, Buffer, CompareOp, UnaryOp } from '../../loop/ir.ts';
import { infix } from '../../loop/operators.ts';
import type { Value } from './expression.ts';
import {
  alike,
  binary,
  call,
  largest,
  literal,
  name,
  splat,
  storedType,
  typeOf,
  unary,
} from './expression.ts';
import type { Helpers } from './functions.ts';

const number = (dtype: DType, value: number): Value => literal(dtype, value);

export function binaryValue(op: BinaryOp, dtype: DType, x: Value, y: Value): Value {
  if (dtype === 'bool') return logical(op, x, y);
  if (op === 'min' || op === 'max') return call(op, dtype, ...alike(x, y));
  const operator = infix[op];
  switch (op) {
    case 'shl':
    case 'shr': {
      const amount = shiftAmount(y);
      const shifted = binary(operator, ...alike(x, amount), dtype);
      return op === 'shl' ? wrapped(dtype, shifted) : shifted;
    }
    case 'and':
    case 'or':
    case 'xor':
      return binary(operator, ...alike(asBits(x), asBits(y)), dtype);
    default: {
      const divides = dtype !== 'f32' && (op === 'div' || op === 'rem');
      return divides ? quotient(op, dtype, x, y) : wrapped(dtype, binary(operator, x, y, dtype));
    }
  }
}

/** In WGSL x % 0 is 0, as in the Loop IR; but x / 0 is x, and neither may be written down. */
function quotient(op: 'div' | 'rem', dtype: DType, x: Value, y: Value): Value {
  const zero = number(dtype, 0);
  if (y.literal === 0) return x.wide ? splat(zero) : zero;
  const result = binary(op === 'div' ? '/' : '%', x, y, dtype);
  if (op === 'rem' || y.literal !== undefined) return result;
  return selectValue(binary('==', ...alike(y, zero), 'bool'), zero, result);
}

/** A literal as people read bits. */
const asBits = (x: Value): Value =>
  x.literal !== undefined && x.literal > 255
    ? { ...x, text: `0x${x.literal.toString(16)}${x.dtype === 'i32' ? '' : 'u'}` }
    : x;

/** Shifts take a u32 below 32. */
function shiftAmount(y: Value): Value {
  if (y.literal !== undefined) return number('u32', y.literal & 31);
  const unsigned = y.dtype === 'i32' ? call(typeOf('u32', y.wide), 'u32', y) : y;
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

type Stored = Pick<Buffer, 'dtype' | 'stored'>;

/** What is in memory as the value it stands for. */
export function loaded(stored: Value, buffer: Stored): Value {
  if (buffer.stored) return call(typeOf('f32', stored.wide), 'f32', stored);
  if (stored.dtype !== 'bool') return stored;
  return binary('!=', ...alike({ ...stored, dtype: 'u32' }, number('u32', 0)), 'bool');
}

/** The value, or four of it, as they are kept where the host sees them. */
export function toStore(x: Value, buffer: Stored, wide: boolean): Value {
  const inTarget = (v: Value): Value => (wide ? splat(v) : v);
  if (buffer.stored) return call(storedType(buffer, wide), 'f32', insideHalf(inTarget(x)));
  if (x.dtype !== 'bool') return inTarget(x);
  if (x.literal !== undefined) return inTarget(number('u32', x.literal));
  return inTarget(call(typeOf('u32', x.wide), 'u32', x));
}

const largestHalf = 65504;

/** WGSL does not say what becomes of a number that no f16 is near. */
function insideHalf(x: Value): Value {
  if (x.literal !== undefined && Math.abs(x.literal) <= largestHalf) return x;
  const limit = (value: number): Value => (x.wide ? splat(number('f32', value)) : number('f32', value));
  return call('clamp', 'f32', x, limit(-largestHalf), limit(largestHalf));
}
