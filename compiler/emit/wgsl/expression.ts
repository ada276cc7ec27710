/** WGSL expressions as text, with the parentheses that its grammar asks for and those that a reader expects. */
import { invariant } from '../../base/invariant.ts';
import type { DType } from '../../base/types.ts';
import type { Buffer } from '../../loop/ir.ts';

/** One value, or with `wide` four of them: a vec4. */
export interface Value {
  readonly text: string;
  readonly dtype: DType;
  readonly wide: boolean;
  /** The outermost operator; absent where nothing ever needs parentheses: names, literals, calls, element accesses. */
  readonly op?: BinaryOperator | 'unary';
  /** The number, where it is written as one. */
  readonly literal?: number;
}

export type BinaryOperator = keyof typeof precedence;

/** `&`, `|`, `^` and shifts take nothing but unary expressions on either side, so they have no place in the order. */
const precedence = {
  '||': 1,
  '&&': 2,
  '==': 3,
  '!=': 3,
  '<': 3,
  '<=': 3,
  '>': 3,
  '>=': 3,
  '+': 5,
  '-': 5,
  '*': 6,
  '/': 6,
  '%': 6,
  '&': 0,
  '|': 0,
  '^': 0,
  '<<': 0,
  '>>': 0,
} as const;

/** `a op b`; operands of one dtype, or of the right ones for `op`. */
export function binary(op: BinaryOperator, a: Value, b: Value, dtype: DType = a.dtype): Value {
  // a + -1.5 reads better as a - 1.5; there is no 2147483648 to subtract.
  if (op === '+' && b.literal !== undefined && b.literal < 0 && b.literal !== -(2 ** 31))
    return binary('-', a, { ...literal(b.dtype, -b.literal), wide: b.wide }, dtype);
  const text = `${operand(op, a, 'left')} ${op} ${operand(op, b, 'right')}`;
  return { text, op, dtype, wide: a.wide || b.wide };
}

function operand(parent: BinaryOperator, child: Value, side: 'left' | 'right'): string {
  return needsParentheses(parent, child, side) ? `(${child.text})` : child.text;
}

function needsParentheses(parent: BinaryOperator, child: Value, side: 'left' | 'right'): boolean {
  if (child.op === undefined) return false;
  if (child.op === 'unary') return side === 'right' && parent === '-' && child.text.startsWith('-');
  const outer = precedence[parent];
  const inner = precedence[child.op];
  if (outer === 0) return !(child.op === parent && side === 'left' && parent !== '<<' && parent !== '>>');
  if (inner === 0) return true;
  if (outer === 1 || outer === 2) return inner < 3 && !(child.op === parent && side === 'left');
  if (outer === 3) return inner <= 3;
  if (outer === inner) return side === 'right' || ((parent === '%' || child.op === '%') && outer === 6);
  return outer > inner;
}

export const name = (text: string, dtype: DType, wide = false): Value => ({ text, dtype, wide });

export function call(callee: string, dtype: DType, ...args: readonly Value[]): Value {
  const texts = args.map((arg) => arg.text);
  // `f(a < b, c > d)` would be a template `a<b, c>`.
  const isTemplate = (i: number): boolean =>
    args[i]?.op !== undefined &&
    texts[i]?.includes(' < ') === true &&
    texts.slice(i + 1).some((text) => text.includes('>'));
  const list = texts.map((text, i) => (isTemplate(i) ? `(${text})` : text)).join(', ');
  return { text: `${callee}(${list})`, dtype, wide: args.some(({ wide }) => wide) };
}

export function unary(op: '-' | '!', x: Value): Value {
  const tight = x.op === undefined;
  return { text: tight ? `${op}${x.text}` : `${op}(${x.text})`, op: 'unary', dtype: x.dtype, wide: x.wide };
}

const scalarTypes = { f32: 'f32', i32: 'i32', u32: 'u32', u8: 'u32', bool: 'bool' } as const;
const vectorTypes = { f32: 'vec4f', i32: 'vec4i', u32: 'vec4u', u8: 'vec4u', bool: 'vec4<bool>' } as const;

/** What a value of `dtype` is in WGSL: a u8 is a u32 in its range. */
export const typeOf = (dtype: DType, wide: boolean): string => (wide ? vectorTypes : scalarTypes)[dtype];

/** The same in memory that the host sees, where there is no bool: 0 or 1; and f32 may be f16. */
export function storedType({ dtype, stored }: Pick<Buffer, 'dtype' | 'stored'>, wide: boolean): string {
  if (stored) return wide ? 'vec4h' : 'f16';
  return typeOf(dtype === 'bool' ? 'u32' : dtype, wide);
}

/** The value in all four lanes. */
export function splat(x: Value): Value {
  return x.wide ? x : { text: `${typeOf(x.dtype, true)}(${x.text})`, dtype: x.dtype, wide: true };
}

/** Both values as vec4 if one of them is. */
export function alike(a: Value, b: Value): readonly [Value, Value] {
  return a.wide || b.wide ? [splat(a), splat(b)] : [a, b];
}

/** The largest f32, cut off where rounding would make it larger. */
export const largest = '3.4028234e38';

/** A number; an infinite one would have to be made of bits. */
export function literal(dtype: DType, value: number): Value {
  if (dtype === 'bool') return { ...name(value === 0 ? 'false' : 'true', dtype), literal: value };
  invariant(Number.isFinite(value), 'WGSL has no infinite numbers');
  const negative = value < 0 || (dtype === 'f32' && Object.is(value, -0));
  const size = Math.abs(value);
  const digits = dtype === 'f32' ? float(size) : dtype === 'i32' ? String(size) : `${size}u`;
  const text = `${negative ? '-' : ''}${digits}`;
  return { text, dtype, wide: false, literal: value, ...(negative && { op: 'unary' }) };
}

/** The shortest decimal that reads back as the f32 nearest to x. */
function float(x: number): string {
  const exact = Math.fround(x);
  let digits = 1;
  while (Math.fround(Number(exact.toPrecision(digits))) !== exact) digits++;
  const shortest = Number(exact.toPrecision(digits));
  if (shortest > 3.4028234663852886e38) return largest;
  const text = String(shortest).replace('e+', 'e');
  return /[.e]/.test(text) ? text : `${text}.0`;
}
