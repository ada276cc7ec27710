/** Scalar operations on the values on the stack. u32 are i32 of the same bits; u8 and bool are i32 in their range. */
import { invariant, InvariantError } from '../../base/invariant.ts';
import type { DType } from '../../base/types.ts';
import type { BinaryOp, CompareOp, UnaryOp } from '../../loop/ir.ts';
import type { Code } from './code.ts';
import { floatBinary, floatCompare, floatUnary, signedCompare, unsignedCompare } from './common-names.ts';
import type { ValueType } from './instructions.ts';
import { get, i32 } from './instructions.ts';
import type { PlainOp } from './operations.ts';

export const scalarType = (dtype: DType): ValueType => (dtype === 'f32' ? 'f32' : 'i32');

const isUnsigned = (dtype: DType): boolean => dtype !== 'i32' && dtype !== 'f32';

export function literal(code: Code, dtype: DType, value: number): void {
  if (dtype === 'f32') code.f32(value);
  else if (dtype === 'bool') code.i32(value === 0 ? 0 : 1);
  else code.i32(dtype === 'u8' ? value & 255 : value);
}

/** Wraps an i32 into the type. */
function wrap(code: Code, dtype: DType): void {
  if (dtype !== 'u8') return;
  code.i32(255);
  code.op('i32.and');
}

/** `dtype` is that of the operand. */
export function unary(code: Code, op: UnaryOp, dtype: DType): void {
  if (dtype !== 'f32') return integerUnary(code, op, dtype);
  const plain = floatUnary[op];
  if (plain !== undefined) return code.op(`f32.${plain}`);
  if (op === 'not') {
    code.f32(0);
    return code.op('f32.eq');
  }
  if (op === 'isfinite') {
    code.op('f32.abs');
    code.f32(Infinity);
    return code.op('f32.lt');
  }
  if (op === 'sign') {
    // 0, -0 and NaN stay.
    const x = code.keep('f32');
    code.f32(1);
    code.get(x);
    code.op('f32.copysign');
    code.get(x);
    code.get(x);
    code.op('f32.abs');
    code.f32(0);
    return code.op('f32.gt', 'select');
  }
  throw new InvariantError(`${op} of f32 in a WASM kernel`);
}

function integerUnary(code: Code, op: UnaryOp, dtype: DType): void {
  switch (op) {
    case 'floor':
    case 'ceil':
    case 'round':
      return;
    case 'not':
      return code.op('i32.eqz');
    case 'neg': {
      const x = code.keep('i32');
      code.i32(0);
      code.get(x);
      code.op('i32.sub');
      return wrap(code, dtype);
    }
    case 'abs': {
      if (isUnsigned(dtype)) return;
      const x = code.local('i32');
      const sign = code.local('i32');
      code.tee(x);
      code.i32(31);
      code.op('i32.shr_s');
      code.tee(sign);
      code.get(x);
      code.op('i32.xor');
      code.get(sign);
      return code.op('i32.sub');
    }
    case 'sign': {
      const x = code.keep('i32');
      code.get(x);
      code.i32(0);
      code.op('i32.ne');
      if (isUnsigned(dtype)) return;
      code.get(x);
      code.i32(31);
      return code.op('i32.shr_s', 'i32.or');
    }
    case 'isfinite':
      code.push({ op: 'drop' });
      return code.i32(1);
    default:
      throw new InvariantError(`${op} of ${dtype} in a WASM kernel`);
  }
}

const integerBinary: Readonly<Partial<Record<BinaryOp, PlainOp>>> = {
  add: 'i32.add',
  sub: 'i32.sub',
  mul: 'i32.mul',
  and: 'i32.and',
  or: 'i32.or',
  xor: 'i32.xor',
  shl: 'i32.shl',
};

/** What operations on bools mean in numbers: a sum is true unless it is 0. */
const boolBinary: Readonly<Partial<Record<BinaryOp, PlainOp>>> = {
  add: 'i32.or',
  sub: 'i32.xor',
  mul: 'i32.and',
  and: 'i32.and',
  or: 'i32.or',
  xor: 'i32.xor',
  min: 'i32.and',
  max: 'i32.or',
};

export function binary(code: Code, op: BinaryOp, dtype: DType): void {
  if (dtype === 'f32') {
    const plain = floatBinary[op];
    invariant(plain, `${op} is for integers`);
    return code.op(`f32.${plain}`);
  }
  const plain = dtype === 'bool' ? boolBinary[op] : integerBinary[op];
  if (plain !== undefined) {
    code.op(plain);
    if (op === 'add' || op === 'sub' || op === 'mul' || op === 'shl') wrap(code, dtype);
    return;
  }
  invariant(dtype !== 'bool', `${op} of bool`);
  if (op === 'shr') return code.op(dtype === 'i32' ? 'i32.shr_s' : 'i32.shr_u');
  const b = code.keep('i32');
  const a = code.keep('i32');
  if (op === 'min' || op === 'max') {
    code.get(a);
    code.get(b);
    code.get(a);
    code.get(b);
    return code.op(comparison(op === 'min' ? '<' : '>', dtype), 'select');
  }
  invariant(op === 'div' || op === 'rem', `${op} of ${dtype}`);
  return quotient(code, op, dtype, a, b);
}

/** By 0 everything is 0, and by -1 a signed division cannot overflow. */
function quotient(code: Code, op: 'div' | 'rem', dtype: DType, a: number, b: number): void {
  const sign = isUnsigned(dtype) ? 'u' : 's';
  code.get(b);
  if (sign === 's') {
    // b + 1 <= 1 without sign: b is 0 or -1, and a · b is 0 or -a.
    code.i32(1);
    code.op('i32.add');
    code.i32(1);
    code.op('i32.gt_u');
  }
  code.push({
    op: 'if',
    result: 'i32',
    then: [get(a), get(b), { op: `i32.${op}_${sign}` }],
    otherwise: op === 'div' && sign === 's' ? [get(a), get(b), { op: 'i32.mul' }] : [i32(0)],
  });
}

export function comparison(op: CompareOp, dtype: DType): PlainOp {
  if (dtype === 'f32') return `f32.${floatCompare[op]}`;
  return `i32.${(isUnsigned(dtype) ? unsignedCompare : signedCompare)[op]}`;
}

/** Value conversion; see castFunction of the Loop IR. */
export function cast(code: Code, from: DType, to: DType): void {
  if (from === to) return;
  switch (to) {
    case 'f32':
      return code.op(from === 'u32' ? 'f32.convert_i32_u' : 'f32.convert_i32_s');
    case 'i32':
      return from === 'f32' ? code.op('i32.trunc_sat_f32_s') : undefined;
    case 'u32':
      return from === 'f32' ? code.op('i32.trunc_sat_f32_u') : undefined;
    case 'bool':
      if (from === 'f32') code.f32(0);
      else code.i32(0);
      return code.op(from === 'f32' ? 'f32.ne' : 'i32.ne');
    case 'u8': {
      if (from === 'bool') return;
      if (from === 'f32') code.op('i32.trunc_sat_f32_u');
      if (from === 'i32') {
        code.i32(0);
        binary(code, 'max', 'i32');
      }
      code.i32(255);
      return binary(code, 'min', 'u32');
    }
    default:
      return to satisfies never;
  }
}

export function bitcast(code: Code, from: DType, to: DType): void {
  if (to === 'f32' && from !== 'f32') code.op('f32.reinterpret_i32');
  if (to !== 'f32' && from === 'f32') code.op('i32.reinterpret_f32');
}
