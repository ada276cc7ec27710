/** What instructions are called behind `f32.` and `f32x4.`, or `i32.` and `i32x4.`: scalars and lanes have the same names. */
import type { BinaryOp, CompareOp, UnaryOp } from '../../loop/ir.ts';

type FloatUnary = 'neg' | 'abs' | 'sqrt' | 'floor' | 'ceil' | 'nearest';
type FloatBinary = 'add' | 'sub' | 'mul' | 'div' | 'min' | 'max';
type Comparison = 'lt' | 'le' | 'gt' | 'ge';

export const floatUnary: Readonly<Partial<Record<UnaryOp, FloatUnary>>> = {
  neg: 'neg',
  abs: 'abs',
  sqrt: 'sqrt',
  floor: 'floor',
  ceil: 'ceil',
  round: 'nearest',
};

export const floatBinary: Readonly<Partial<Record<BinaryOp, FloatBinary>>> = {
  add: 'add',
  sub: 'sub',
  mul: 'mul',
  div: 'div',
  min: 'min',
  max: 'max',
};

export const floatCompare: Readonly<Record<CompareOp, Comparison | 'eq' | 'ne'>> = {
  '<': 'lt',
  '<=': 'le',
  '>': 'gt',
  '>=': 'ge',
  '==': 'eq',
  '!=': 'ne',
};

export const signedCompare: Readonly<Record<CompareOp, `${Comparison}_s` | 'eq' | 'ne'>> = {
  '<': 'lt_s',
  '<=': 'le_s',
  '>': 'gt_s',
  '>=': 'ge_s',
  '==': 'eq',
  '!=': 'ne',
};

export const unsignedCompare: Readonly<Record<CompareOp, `${Comparison}_u` | 'eq' | 'ne'>> = {
  '<': 'lt_u',
  '<=': 'le_u',
  '>': 'gt_u',
  '>=': 'ge_u',
  '==': 'eq',
  '!=': 'ne',
};
