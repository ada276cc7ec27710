/** The meaning of every scalar operation, shared by the interpreter and by constant folding. */
import type { DType } from '../base/types.ts';
import type { BinaryOp, Combine, CompareOp, UnaryOp } from './ir.ts';

/** `f32` rounds after each f32 operation; `f64` carries f32 values in double precision: the oracle of gradient tests. */
export type Precision = 'f32' | 'f64';

type Unary = (x: number) => number;
type Binary = (a: number, b: number) => number;

/** Brings the exact result of an operation into `dtype`: f32 rounds, integers wrap. */
export function rounding(dtype: DType, precision: Precision): Unary {
  switch (dtype) {
    case 'f32':
      return precision === 'f32' ? Math.fround : (x) => x;
    case 'i32':
      return (x) => x | 0;
    case 'u32':
      return (x) => x >>> 0;
    case 'u8':
      return (x) => x & 255;
    case 'bool':
      return (x) => (x !== 0 ? 1 : 0);
    default:
      return dtype satisfies never;
  }
}

/** The nearest f16, ties to the even one; what is beyond the largest becomes that. */
export function roundToHalf(x: number): number {
  const size = Math.min(Math.abs(x), 65504);
  const exponent = Math.max(-14, Math.floor(Math.log2(size)));
  // Beside this number, the neighbours of a double are as far apart as those of an f16 are beside x.
  const ruler = 1.5 * 2 ** (52 - 10 + exponent);
  return Math.sign(x) * (size + ruler - ruler);
}

/** Ties go to the even neighbour, as in IEEE 754; what rounds to zero keeps its sign. */
export function roundHalfEven(x: number): number {
  const down = Math.floor(x);
  const rest = x - down;
  const up = rest > 0.5 || (rest === 0.5 && down % 2 !== 0);
  return up ? Math.ceil(x) : rest === 0 ? x : down;
}

const unaryOps: Readonly<Record<UnaryOp, Unary>> = {
  neg: (x) => -x,
  abs: Math.abs,
  exp: Math.exp,
  log: Math.log,
  tanh: Math.tanh,
  sqrt: Math.sqrt,
  floor: Math.floor,
  ceil: Math.ceil,
  round: roundHalfEven,
  sign: Math.sign,
  not: (x) => (x === 0 ? 1 : 0),
  isfinite: (x) => (Number.isFinite(x) ? 1 : 0),
};

/** `dtype` is that of the result. */
export function unaryFunction(op: UnaryOp, dtype: DType, precision: Precision): Unary {
  const f = unaryOps[op];
  if (dtype === 'bool') return f;
  const round = rounding(dtype, precision);
  return (x) => round(f(x));
}

/** Shift amounts count modulo 32 and integer products keep their low 32 bits, as JavaScript and WASM do. */
export function binaryFunction(op: BinaryOp, dtype: DType, precision: Precision): Binary {
  const round = rounding(dtype, precision);
  switch (op) {
    case 'add':
      return (a, b) => round(a + b);
    case 'sub':
      return (a, b) => round(a - b);
    case 'mul':
      return dtype === 'f32' ? (a, b) => round(a * b) : (a, b) => round(Math.imul(a, b));
    case 'div':
      return dtype === 'f32' ? (a, b) => round(a / b) : (a, b) => (b === 0 ? 0 : round(Math.trunc(a / b)));
    case 'min':
      return Math.min;
    case 'max':
      return Math.max;
    case 'and':
      return (a, b) => round(a & b);
    case 'or':
      return (a, b) => round(a | b);
    case 'xor':
      return (a, b) => round(a ^ b);
    case 'shl':
      return (a, b) => round(a << b);
    case 'shr':
      return dtype === 'u32' ? (a, b) => a >>> b : (a, b) => round(a >> b);
    case 'rem':
      return dtype === 'f32' ? (a, b) => round(a % b) : (a, b) => (b === 0 ? 0 : round(a % b));
    default:
      return op satisfies never;
  }
}

export const compareFunctions: Readonly<Record<CompareOp, Binary>> = {
  '<': (a, b) => (a < b ? 1 : 0),
  '<=': (a, b) => (a <= b ? 1 : 0),
  '>': (a, b) => (a > b ? 1 : 0),
  '>=': (a, b) => (a >= b ? 1 : 0),
  '==': (a, b) => (a === b ? 1 : 0),
  '!=': (a, b) => (a !== b ? 1 : 0),
};

/** What every element of a type is at least: where a maximum starts. */
export function lowest(dtype: DType): number {
  switch (dtype) {
    case 'f32':
      return -Infinity;
    case 'i32':
      return -(2 ** 31);
    case 'u32':
    case 'u8':
    case 'bool':
      return 0;
    default:
      return dtype satisfies never;
  }
}

/** What every element of a type is at most: where a minimum starts. */
export function highest(dtype: DType): number {
  switch (dtype) {
    case 'f32':
      return Infinity;
    case 'i32':
      return 2 ** 31 - 1;
    case 'u32':
      return 2 ** 32 - 1;
    case 'u8':
      return 255;
    case 'bool':
      return 1;
    default:
      return dtype satisfies never;
  }
}

/** What `combine` leaves as it is; undefined where no number of the type is that. */
export function identityOf(combine: Combine, dtype: DType): number | undefined {
  switch (combine) {
    case 'add':
    case 'or':
      return 0;
    case 'mul':
      return 1;
    case 'and':
      return dtype === 'bool' ? 1 : undefined;
    case 'max':
      return lowest(dtype);
    case 'min':
      return highest(dtype);
    default:
      return combine satisfies never;
  }
}

/** `combine` of accumulators is one of the binary operations. */
export function combineFunction(combine: Combine, dtype: DType, precision: Precision): Binary {
  return binaryFunction(combine, dtype, precision);
}

const clampTo =
  (low: number, high: number): Unary =>
  (x) =>
    Number.isNaN(x) ? 0 : Math.min(Math.max(Math.trunc(x), low), high);

/** Value conversion. Floats truncate and saturate, NaN becomes 0; u8 saturates; i32 and u32 exchange bits. */
export function castFunction(from: DType, to: DType, precision: Precision): Unary {
  const isInteger = from !== 'f32';
  switch (to) {
    case 'f32':
      return rounding('f32', precision);
    case 'i32':
      return isInteger ? (x) => x | 0 : clampTo(-2147483648, 2147483647);
    case 'u32':
      return isInteger ? (x) => x >>> 0 : clampTo(0, 4294967295);
    case 'u8':
      return clampTo(0, 255);
    case 'bool':
      return (x) => (x !== 0 ? 1 : 0);
    default:
      return to satisfies never;
  }
}

const bits = new DataView(new ArrayBuffer(4));

function bitsOf(dtype: DType, x: number): number {
  if (dtype !== 'f32') return x >>> 0;
  bits.setFloat32(0, x);
  return bits.getUint32(0);
}

export function bitcastFunction(from: DType, to: 'f32' | 'i32' | 'u32'): Unary {
  return (x) => {
    bits.setUint32(0, bitsOf(from, x));
    return to === 'f32' ? bits.getFloat32(0) : to === 'i32' ? bits.getInt32(0) : bits.getUint32(0);
  };
}
