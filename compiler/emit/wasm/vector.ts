/**
 * Operations on four lanes on the stack. Integers of all types are i32 lanes in their range; bools are masks, all bits of
 * a lane set or none.
 */
import { invariant, InvariantError } from '../../base/invariant.ts';
import type { DType } from '../../base/types.ts';
import type { BinaryOp, CompareOp, UnaryOp } from '../../loop/ir.ts';
import type { Code } from './code.ts';
import { floatBinary, floatCompare, floatUnary, signedCompare, unsignedCompare } from './common-names.ts';
import type { PlainOp } from './operations.ts';

/** The scalar on the stack in all lanes. */
export function splat(code: Code, dtype: DType): void {
  if (dtype === 'f32') return code.op('f32x4.splat');
  code.op('i32x4.splat');
  if (dtype === 'bool') code.op('i32x4.neg');
}

/** One lane as a scalar. */
export function extract(code: Code, dtype: DType, lane: number): void {
  code.lane(dtype === 'f32' ? 'f32x4.extract_lane' : 'i32x4.extract_lane', lane);
  if (dtype !== 'bool') return;
  code.i32(1);
  code.op('i32.and');
}

/** vector, scalar → vector with the scalar in one lane. */
export function replace(code: Code, dtype: DType, lane: number): void {
  if (dtype === 'bool') {
    const x = code.keep('i32');
    code.i32(0);
    code.get(x);
    code.op('i32.sub');
  }
  code.lane(dtype === 'f32' ? 'f32x4.replace_lane' : 'i32x4.replace_lane', lane);
}

function integers(code: Code, value: number): void {
  code.i32(value);
  code.op('i32x4.splat');
}

function floats(code: Code, value: number): void {
  code.f32(value);
  code.op('f32x4.splat');
}

function wrap(code: Code, dtype: DType): void {
  if (dtype !== 'u8') return;
  integers(code, 255);
  code.op('v128.and');
}

/** `dtype` is that of the operand. */
export function unary(code: Code, op: UnaryOp, dtype: DType): void {
  if (dtype !== 'f32') return integerUnary(code, op, dtype);
  const plain = floatUnary[op];
  if (plain !== undefined) return code.op(`f32x4.${plain}`);
  if (op === 'not') {
    floats(code, 0);
    return code.op('f32x4.eq');
  }
  if (op === 'isfinite') {
    code.op('f32x4.abs');
    floats(code, Infinity);
    return code.op('f32x4.lt');
  }
  if (op === 'sign') {
    const x = code.keep('v128');
    code.get(x);
    integers(code, -0x80000000);
    code.op('v128.and');
    floats(code, 1);
    code.op('v128.or');
    code.get(x);
    code.get(x);
    code.op('f32x4.abs');
    floats(code, 0);
    return code.op('f32x4.gt', 'v128.bitselect');
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
      if (dtype === 'bool') return code.op('v128.not');
      integers(code, 0);
      return code.op('i32x4.eq');
    case 'neg':
      code.op('i32x4.neg');
      return wrap(code, dtype);
    case 'abs':
      if (dtype === 'i32') code.op('i32x4.abs');
      return;
    case 'sign': {
      const x = code.keep('v128');
      code.get(x);
      integers(code, 0);
      if (dtype !== 'i32') return code.op('i32x4.ne', 'i32x4.neg');
      code.op('i32x4.lt_s');
      code.get(x);
      integers(code, 0);
      return code.op('i32x4.gt_s', 'i32x4.sub');
    }
    case 'isfinite':
      code.push({ op: 'drop' });
      return integers(code, -1);
    default:
      throw new InvariantError(`${op} of ${dtype} in a WASM kernel`);
  }
}

const integerBinary: Readonly<Partial<Record<BinaryOp, PlainOp>>> = {
  add: 'i32x4.add',
  sub: 'i32x4.sub',
  mul: 'i32x4.mul',
  and: 'v128.and',
  or: 'v128.or',
  xor: 'v128.xor',
};

const boolBinary: Readonly<Partial<Record<BinaryOp, PlainOp>>> = {
  add: 'v128.or',
  sub: 'v128.xor',
  mul: 'v128.and',
  and: 'v128.and',
  or: 'v128.or',
  xor: 'v128.xor',
  min: 'v128.and',
  max: 'v128.or',
};

/** Whether lanes can be computed at once; shifts only by the same amount in all lanes (see `shift`). */
export function isLaneWise(op: BinaryOp, dtype: DType): boolean {
  const isShift = op === 'shl' || op === 'shr';
  return !isShift && op !== 'rem' && (op !== 'div' || dtype === 'f32');
}

export function binary(code: Code, op: BinaryOp, dtype: DType): void {
  if (dtype === 'f32') {
    const plain = floatBinary[op];
    invariant(plain, `${op} is for integers`);
    return code.op(`f32x4.${plain}`);
  }
  const plain = (dtype === 'bool' ? boolBinary : integerBinary)[op];
  if (plain !== undefined) {
    code.op(plain);
    if (op === 'add' || op === 'sub' || op === 'mul') wrap(code, dtype);
    return;
  }
  invariant(op === 'min' || op === 'max', `${op} of ${dtype} in lanes`);
  code.op(dtype === 'i32' ? `i32x4.${op}_s` : `i32x4.${op}_u`);
}

/**
 * min or max of the lanes on the stack and a constant, by one comparison: NaN is greater or less than nothing and stays. Of
 * 0 and -0 the comparison would keep the first; adding 0 makes both 0.
 */
export function clip(code: Code, op: 'min' | 'max', limit: number): void {
  floats(code, limit);
  code.op(`f32x4.p${op}`);
  if (limit !== 0) return;
  floats(code, 0);
  code.op('f32x4.add');
}

/** Whether `clip` gives the bits of min or max with this constant. */
export function canClip(op: BinaryOp, limit: number): boolean {
  return (op === 'max' && Object.is(limit, 0)) || ((op === 'max' || op === 'min') && Math.abs(limit) > 0);
}

/** vector, scalar amount → vector. */
export function shift(code: Code, op: 'shl' | 'shr', dtype: DType): void {
  if (op === 'shr') return code.op(dtype === 'i32' ? 'i32x4.shr_s' : 'i32x4.shr_u');
  code.op('i32x4.shl');
  wrap(code, dtype);
}

/** Of masks, where true is -1: which of the others says the same. */
const ofMasks: Readonly<Record<CompareOp, CompareOp>> = {
  '<': '>',
  '<=': '>=',
  '>': '<',
  '>=': '<=',
  '==': '==',
  '!=': '!=',
};

export function comparison(op: CompareOp, dtype: DType): PlainOp {
  switch (dtype) {
    case 'f32':
      return `f32x4.${floatCompare[op]}`;
    case 'i32':
      return `i32x4.${signedCompare[op]}`;
    case 'u32':
    case 'u8':
      return `i32x4.${unsignedCompare[op]}`;
    case 'bool':
      return `i32x4.${signedCompare[ofMasks[op]]}`;
    default:
      return dtype satisfies never;
  }
}

export function cast(code: Code, from: DType, to: DType): void {
  if (from === to) return;
  if (from === 'bool') {
    if (to !== 'f32') return code.op('i32x4.neg');
    floats(code, 1);
    return code.op('v128.and');
  }
  switch (to) {
    case 'f32':
      return code.op(from === 'u32' ? 'f32x4.convert_i32x4_u' : 'f32x4.convert_i32x4_s');
    case 'i32':
      return from === 'f32' ? code.op('i32x4.trunc_sat_f32x4_s') : undefined;
    case 'u32':
      return from === 'f32' ? code.op('i32x4.trunc_sat_f32x4_u') : undefined;
    case 'bool':
      if (from === 'f32') floats(code, 0);
      else integers(code, 0);
      return code.op(from === 'f32' ? 'f32x4.ne' : 'i32x4.ne');
    case 'u8':
      if (from === 'f32') code.op('i32x4.trunc_sat_f32x4_u');
      if (from === 'i32') {
        integers(code, 0);
        code.op('i32x4.max_s');
      }
      integers(code, 255);
      return code.op('i32x4.min_u');
    default:
      return to satisfies never;
  }
}

/** The low bytes of four i32 lanes, at the front. Lanes are 0 … 255, or masks of which one bit is left. */
export function narrow(code: Code, dtype: DType): void {
  if (dtype === 'bool') code.op('i32x4.neg');
  const x = code.local('v128');
  code.tee(x);
  code.get(x);
  code.op('i16x8.narrow_i32x4_s');
  const half = code.local('v128');
  code.tee(half);
  code.get(half);
  code.op('i8x16.narrow_i16x8_u');
}

/** Four bytes at the front → four lanes. */
export function widen(code: Code, dtype: DType): void {
  code.op('i16x8.extend_low_i8x16_u', 'i32x4.extend_low_i16x8_u');
  if (dtype !== 'bool') return;
  integers(code, 0);
  code.op('i32x4.ne');
}
